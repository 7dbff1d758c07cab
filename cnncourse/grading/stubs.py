"""Telling an untouched or half-filled stub from an answer."""

from __future__ import annotations

import ast
import dis
import inspect
import textwrap
from collections.abc import Iterator
from types import CodeType, FunctionType


def _pass(): ...


def _return_ellipsis():
    return ...


def _body(code: CodeType) -> list[tuple[str, object]]:
    steps = dis.get_instructions(code)
    return [(step.opname, step.argval) for step in steps if step.opname not in ("RESUME", "NOP")]


_EMPTY = (_body(_pass.__code__), _body(_return_ellipsis.__code__))


def is_stub(answer: object) -> bool:
    """Say whether nothing was written: `...`, or a function or module that does nothing yet."""
    if answer is ...:
        return True
    if isinstance(answer, FunctionType):
        return _body(answer.__code__) in _EMPTY
    if isinstance(answer, type) and "forward" in vars(answer):
        return is_stub(vars(answer)["forward"])
    if isinstance(answer, dict):
        return bool(answer) and all(is_stub(value) for value in answer.values())
    if isinstance(answer, (tuple, list)):
        return bool(answer) and all(is_stub(value) for value in answer)
    return False


def leftover(answer: object) -> str:
    """Name the line of a function or class that still holds a `...`; empty where there is none.

    One that stands by itself above finished code is no gap: it was only not deleted.
    """
    if isinstance(answer, type):
        members = [member for member in vars(answer).values() if isinstance(member, FunctionType)]
        return next(filter(None, map(leftover, members)), "")
    try:
        lines, first = inspect.getsourcelines(answer)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return ""
    harmless = {  # x[..., 0] is an index, not a gap
        id(node)
        for subscript in ast.walk(tree)
        if isinstance(subscript, ast.Subscript)
        for node in ast.walk(subscript.slice)
    }
    for block in _blocks(tree):
        harmless |= {id(step.value) for step in block[:-1] if isinstance(step, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value is ... and id(node) not in harmless:
            return f"line {first + node.lineno - 1}: `{lines[node.lineno - 1].strip()}`"
    return ""


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield value
