"""An answer that fills the gaps of a formula or proof, most often with an index."""

from __future__ import annotations

import ast
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnncourse.grading.compare import kind_of
from cnncourse.grading.exercise import Exercise
from cnncourse.grading.stubs import is_stub
from cnncourse.grading.verdict import Verdict

POINTS = 8  # random points at which two expressions have to agree
_ALLOWED = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, ast.Constant),
    *(ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.USub, ast.UAdd),
)


@dataclass(frozen=True, kw_only=True)
class Blanks(Exercise):
    """Index expressions for the gaps of a text, `{"1": "i + m", "2": "j"}`.

    `blanks` maps the name of each gap to its expression in `variables`, with `+ - * // %`; where
    there is one gap, the answer is its text alone. Any equivalent expression is right. A
    misconception's answer fills the gaps that it gets wrong and may leave out the others.
    """

    blanks: Mapping[str, str]
    variables: Sequence[str]

    def judge(self, answer: object) -> Verdict:
        """Compare every gap at random points."""
        if is_stub(answer):
            return self.not_attempted()
        if len(self.blanks) == 1 and not isinstance(answer, dict):
            answer = {next(iter(self.blanks)): answer}
        if not isinstance(answer, dict):
            asked = f"Fill the gaps in a dict with the keys {', '.join(self.blanks)}."
            return self.wrong(f"{asked} You passed {kind_of(answer)}.", name="wrong type")
        filled = {str(gap): text for gap, text in answer.items()}
        for gap in self.blanks:
            if filled.get(gap, ...) is ...:
                return self.not_attempted(f"Gap {gap} is still empty.")
        try:
            values = {gap: self._values(gap, filled[gap]) for gap in self.blanks}
        except ValueError as error:
            return self.wrong(str(error), name="not readable")
        wrong = [gap for gap in self.blanks if values[gap] != self._values(gap, self.blanks[gap])]
        if not wrong:
            return self.right()
        for misconception in self.misconceptions:
            listed = self._listed(misconception.answer)
            if any(gap in wrong for gap in listed) and all(
                values[gap] == self._values(gap, text) for gap, text in listed.items()
            ):
                return self.mistaken(misconception)
        return self.unexplained(f"gap {wrong[0]}: received {filled[wrong[0]]}")

    def _listed(self, answer: object) -> dict[str, str]:
        return answer if isinstance(answer, dict) else {next(iter(self.blanks)): answer}

    def _values(self, gap: str, text: object) -> list[int]:
        """Evaluate an expression at the same random points as every other of its gap."""
        tree = self._parse(gap, str(text))
        generator = random.Random(0)
        points = [
            {name: generator.randint(5, 99) for name in self.variables} for _ in range(POINTS)
        ]
        try:
            return [eval(compile(tree, gap, "eval"), {"__builtins__": {}}, at) for at in points]
        except ZeroDivisionError:
            raise ValueError(f"Gap {gap}: {text} divides by zero.") from None

    def _parse(self, gap: str, text: str) -> ast.Expression:
        """Read an expression, refusing whatever is not plain arithmetic of the variables."""
        try:
            tree = ast.parse(text.replace("−", "-").strip(), mode="eval")
        except SyntaxError:
            raise ValueError(f"Gap {gap}: cannot read {text!r} as an expression.") from None
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id not in self.variables:
                known = ", ".join(self.variables)
                raise ValueError(f"Gap {gap}: {node.id} is not among the variables {known}.")
            plain = not isinstance(node, ast.Constant) or type(node.value) is int
            if not (isinstance(node, _ALLOWED) and plain):
                raise ValueError(f"Gap {gap}: {text!r} is more than + - * // % of the variables.")
        return tree
