"""Sphinx extension: an exercise leads to its cell on Colab and to its solution, and back again."""

from __future__ import annotations

from boxes import checked, label_of, solution_of
from colab_labels import named
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import exercise_enumerable_node

from colab import answers


def links(addresses: dict[str, str]) -> nodes.paragraph:
    """Return a line of links, given their words and addresses."""
    found = [nodes.reference("", words, refuri=to) for words, to in addresses.items()]
    return nodes.paragraph("", "", *found, classes=["exercise-links"])


class BoxLinks(SphinxPostTransform):
    """Link each box of a chapter to the cell that answers it and to its solution."""

    default_priority = 901  # after the forms of page_checks
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Put the links into the boxes of one page."""
        folder, _, name = self.env.docname.partition("/")
        cells = answers() if folder == "chapters" else {}
        for box in self.document.findall(exercise_enumerable_node):
            solution = f"../solutions/{name}.html#{solution_of(box['label'])}"
            box += links({"Answer it on Colab": cells[box["label"]], "See its solution": solution})


class SolutionLinks(SphinxPostTransform):
    """Give each solution its anchor and a link to its exercise."""

    default_priority = 150  # before MyST-NB folds, at 199
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Put the links below the headings of one page."""
        if not self.env.docname.startswith("solutions/"):
            return
        labels = named(self.app)
        for code in list(self.document.findall(nodes.literal_block)):
            if id := checked(code.astext()):
                section = code.parent
                while not isinstance(section, nodes.section):
                    section = section.parent
                section["ids"].append(solution_of(label_of(id)))
                exercise = labels[label_of(id)]
                back = {f"{exercise['name']} in its chapter": f"../{exercise['at']}"}
                section.insert(1, links(back))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_post_transform(BoxLinks)
    app.add_post_transform(SolutionLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
