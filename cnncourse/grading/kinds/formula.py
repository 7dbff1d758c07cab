"""An answer that is a closed formula, in whatever equivalent form."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass

from cnncourse.grading.expressions import read
from cnncourse.grading.kinds.function import Function
from cnncourse.grading.stubs import is_stub
from cnncourse.grading.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Formula(Function):
    """A function of named numbers, or a text or sympy expression in them, at random points.

    `signature` names the variables, `"out_size(n, k, padding, stride)"`, and `cases` returns the
    points. Every form that agrees at all points passes.
    """

    def judge(self, answer: object) -> Verdict:
        """Turn an expression into a function of the variables and judge that."""
        if is_stub(answer):
            return self.not_attempted()
        if isinstance(answer, str):
            try:
                answer = _from_text(answer, self._names())
            except ValueError as error:
                return self.wrong(f"This text is no formula: {error}.", name="not readable")
        if _is_expression(answer):
            unknown = sorted({s.name for s in answer.free_symbols} - set(self._names()))
            if unknown:
                known = ", ".join(f"`{name}`" for name in self._names())
                asked = f"The formula contains `{unknown[0]}`; its variables are {known}."
                return self.wrong(asked, name="unknown variable")
            answer = _as_function(answer, self._names())
        return super().judge(_by_name(answer, self._names()))


def _is_expression(answer: object) -> bool:
    sympy = sys.modules.get("sympy")  # who never imported sympy cannot pass an expression
    if sympy is None or isinstance(answer, sympy.Lambda):
        return False
    return isinstance(answer, sympy.Expr)


def _from_text(text: str, names: list[str]) -> Callable:
    value = read(text, names)
    return lambda *values: value(dict(zip(names, values, strict=True)))


def _as_function(expression: object, names: list[str]) -> Callable:
    symbols = {symbol.name: symbol for symbol in expression.free_symbols}

    def formula(*values: float) -> object:
        at = {symbols[n]: v for n, v in zip(names, values, strict=True) if n in symbols}
        number = expression.subs(at)
        return int(number) if number.is_integer else float(number)

    return formula


def _by_name(answer: object, names: list[str]) -> object:
    """Accept the variables in any order when the function names them as the exercise does."""
    try:
        own = list(inspect.signature(answer).parameters)
    except (TypeError, ValueError):
        return answer
    if own == names or sorted(own) != sorted(names):
        return answer

    @functools.wraps(answer)
    def reordered(*values: float) -> object:
        return answer(**dict(zip(names, values, strict=True)))

    return reordered
