"""Numbers that stand in a chapter's prose and that none of its cells prints."""

import nbformat
import torch
from repository import ROOT

from cnncourse import data
from cnncourse.analysis.receptive_field import receptive_field
from cnncourse.architectures import efficientnet


def prose(name: str) -> str:
    cells = nbformat.read(ROOT / "chapters" / f"{name}.ipynb", as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_no_linear_map_loses_less_on_the_unseen_digits_than_chapter_11_says():
    trained, unseen = (part.images.flatten(1).double() for part in data.digits())
    variance = (unseen - trained.mean(0)).square().mean()
    energy = torch.linalg.svdvals(unseen - unseen.mean(0)).square()
    lost = [100 * energy[kept:].sum() / unseen.numel() / variance for kept in (2, 8)]
    said = "fitted to the unseen digits themselves, it would still lose {:.0f} % and {:.0f} %"
    assert said.format(*lost) in prose("11_dense_prediction")


def test_the_last_units_of_chapter_13_see_as_far_as_it_says():
    field = receptive_field(efficientnet.efficientnet_lite0().eval(), (1, 3, 224, 224), "head")
    for unit in (0, 6):  # the first and the last
        (first, last), *_ = field.interval(unit, unit)
        assert first <= 0 <= 223 <= last  # the whole picture
    assert f"{field.size[0]} pixels wide, covers the whole picture" in prose("13_what_cnns_learn")
