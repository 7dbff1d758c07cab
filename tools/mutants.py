"""All versions of a piece of code with one small change: a test of the tests.

A check that accepts such a mutant of the worked solution would accept a learner's slip.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

OPERATORS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.FloorDiv],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div, ast.Mult],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.Lt: [ast.LtE],
    ast.LtE: [ast.Lt],
    ast.Gt: [ast.GtE],
    ast.GtE: [ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}
NAMES = {
    **{"sum": "mean", "mean": "sum", "max": "min", "min": "max", "amax": "amin", "amin": "amax"},
    **{"floor": "ceil", "ceil": "floor", "sin": "cos", "cos": "sin", "zeros": "ones"},
    **{"new_zeros": "new_ones", "real": "imag", "fft2": "ifft2", "ifft2": "fft2"},
}

Change = Callable[[ast.AST], None]


@dataclass(frozen=True)
class Mutant:
    """Changed code, and the change as ``line before → line after``."""

    change: str
    source: str


def mutants(source: str, lines: set[int]) -> Iterator[Mutant]:
    """Yield each mutant of the code whose change lies in the given lines."""
    tree = ast.parse(source)
    docstrings = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    before = ast.unparse(tree).splitlines()
    seen = {"\n".join(before)}
    for index, node in enumerate(ast.walk(tree)):
        if getattr(node, "lineno", 0) not in lines or id(node) in docstrings:
            continue
        for change in _changes(node):
            other = copy.deepcopy(tree)
            change(next(n for i, n in enumerate(ast.walk(other)) if i == index))
            text = ast.unparse(ast.fix_missing_locations(other))
            if text not in seen:
                seen.add(text)
                yield Mutant(_describe(before, text.splitlines()), text)


def _describe(before: list[str], after: list[str]) -> str:
    old, new = next((a, b) for a, b in zip(before, after, strict=False) if a != b)
    return f"{old.strip()} → {new.strip()}"


def _changes(node: ast.AST) -> Iterator[Change]:
    """Yield functions that change a copy of the node in one way each."""
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)):
        for operator in OPERATORS.get(type(node.op), []):
            yield _setter("op", operator())
    elif isinstance(node, ast.Compare):
        for operator in OPERATORS.get(type(node.ops[0]), []):
            yield _setter("ops", [operator(), *node.ops[1:]])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield _setter("op", ast.UAdd())
    elif isinstance(node, ast.Constant):
        for value in _other_values(node.value):
            yield _setter("value", value)
    elif isinstance(node, (ast.Tuple, ast.List)):
        yield from _swaps(node, "elts")
    elif isinstance(node, ast.Call):
        yield from _swaps(node, "args")
        for keyword in range(len(node.keywords)):
            yield _setter("keywords", node.keywords[:keyword] + node.keywords[keyword + 1 :])
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield _setter("attr", NAMES[node.attr])
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield _setter("id", NAMES[node.id])


def _setter(field: str, value: object) -> Change:
    return lambda node: setattr(node, field, copy.deepcopy(value))


def _swaps(node: ast.AST, field: str) -> Iterator[Change]:
    items = getattr(node, field)
    for first, second in pairwise(range(len(items))):
        swapped = list(items)
        swapped[first], swapped[second] = items[second], items[first]
        yield _setter(field, swapped)


def _other_values(value: object) -> list:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1, value - 1]
    if isinstance(value, str) and len(value) == 1:
        return [chr(ord(value) + 1), chr(ord(value) - 1)]
    if isinstance(value, str):
        pairs = [i for i in range(len(value) - 1) if " " not in value[i : i + 2]]
        swapped = [value[:i] + value[i + 1] + value[i] + value[i + 2 :] for i in pairs]
        signs = {"+": "-", "-": "+", "*": "+"}  # a text may be an index expression
        flipped = [
            value[:i] + signs[letter] + value[i + 1 :]
            for i, letter in enumerate(value)
            if letter in signs
        ]
        return swapped + flipped
    return []
