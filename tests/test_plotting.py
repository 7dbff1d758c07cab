"""Drawing functions draw what they are given, on the axes they are given, and return them."""

import matplotlib.pyplot as plt
import pytest
import torch

from cnncourse import plotting


@pytest.fixture
def axes():
    figure, axes = plt.subplots(1, 4)
    yield axes
    plt.close(figure)


def test_a_colour_image_keeps_its_pixels(axes):
    pixels = torch.rand(3, 4, 5)
    assert plotting.image(axes[0], pixels, "title") is axes[0]
    drawn = torch.as_tensor(axes[0].images[0].get_array())
    torch.testing.assert_close(drawn, pixels.permute(1, 2, 0))
    assert axes[0].get_title() == "title"


@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5)])
def test_a_grey_image_needs_no_channel_axis(axes, shape):
    plotting.image(axes[0], torch.rand(shape))
    assert axes[0].images[0].get_array().shape == (4, 5)


def test_signed_values_are_drawn_around_zero(axes):
    plotting.image(axes[0], torch.tensor([[-1.0, 3.0]]), signed=True)
    assert axes[0].images[0].get_clim() == (-3, 3)


def test_grey_runs_from_the_least_value_to_the_largest(axes):
    plotting.image(axes[0], torch.tensor([[-2.0, 3.0]]))
    assert axes[0].images[0].get_clim() == (-2, 3)


@pytest.mark.parametrize(("value", "shade"), [(0, 0), (0.25, 0.25), (1, 1), (7, 1), (-3, 0)])
def test_an_image_of_one_value_is_as_bright_as_the_value_says(axes, value, shade):
    plotting.image(axes[0], torch.full((2, 2), float(value)))
    drawn = axes[0].images[0]
    red, *_ = drawn.to_rgba(drawn.get_array())[0, 0]
    assert red == pytest.approx(shade, abs=1 / 255)


def test_a_signed_image_of_zeros_is_drawn_too(axes):
    plotting.image(axes[0], torch.zeros(2, 2), signed=True)
    assert axes[0].images[0].get_clim() == (-1, 1)


def test_a_grid_switches_off_axes_that_are_left_over(axes):
    returned = plotting.image_grid(axes, torch.rand(3, 1, 4, 5), ["first"])
    assert returned is axes
    assert [ax.axison for ax in axes] == [True, True, True, False]
    assert [ax.get_title() for ax in axes] == ["first", "", "", ""]


def test_a_kernel_shows_its_numbers_where_they_stand(axes):
    plotting.kernel(axes[0], torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    texts = {tuple(text.get_position()): text.get_text() for text in axes[0].texts}
    assert texts == {(c, r): str(3 * r + c + 1) for r in range(2) for c in range(3)}


def test_feature_maps_are_one_channel_an_axes(axes):
    plotting.feature_maps(axes, torch.randn(4, 6, 7))
    assert [ax.get_title() for ax in axes] == [f"channel {c}" for c in range(4)]


def test_a_curve_is_the_mean_with_a_band_of_one_deviation(axes):
    runs = torch.tensor([[1.0, 4.0], [3.0, 8.0]])
    assert plotting.curve(axes[0], [10, 20], runs, "name") is axes[0]
    assert axes[0].lines[0].get_ydata().tolist() == [2, 6]
    band = axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(6 + 8**0.5)
    assert axes[0].lines[0].get_label() == "name"


def test_one_run_has_a_band_of_no_width(axes):
    plotting.curve(axes[0], [0, 1], torch.tensor([[1.0, 2.0]]), "name")
    assert axes[0].lines[0].get_ydata().tolist() == [1, 2]


def test_a_heatmap_has_a_labelled_colour_bar(axes):
    plotting.heatmap(axes[0], torch.rand(3, 4), "share", vmin=0, vmax=1)
    assert axes[0].images[0].get_clim() == (0, 1)
    assert axes[0].images[0].colorbar.ax.get_ylabel() == "share"


def test_show_returns_nothing_so_that_a_cell_prints_nothing(axes, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    assert plotting.show() is None


def test_lines_differ_by_more_than_colour():
    with plt.rc_context():
        plotting.use_style()
        cycle = plt.rcParams["axes.prop_cycle"].by_key()
    assert len({*zip(cycle["linestyle"], cycle["marker"], strict=True)}) == len(cycle["color"])


def test_a_table_is_text_in_columns_and_html_with_headings():
    table = plotting.Table(["net", 5], [("a & b", 7), ("c", "1,234")])
    assert repr(table) == "net        5\na & b      7\nc      1,234"
    html = table._repr_html_()
    assert html.count('<th scope="col">') == 2
    assert "<td>a &amp; b</td><td>7</td>" in html


def test_a_row_of_a_table_has_a_cell_for_every_heading():
    with pytest.raises(ValueError, match="zip"):
        repr(plotting.Table(["net", "MACs"], [("a",)]))
