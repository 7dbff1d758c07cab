"""Reading arithmetic as people write it: `2CS`, `k(l-1)`, `n^2`, `3 × 4`, `7/12`, `1,024`."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction

# What Unicode, LaTeX and habit write, in Python's signs.
_SIGNS = {
    **{r"\cdot": "*", r"\times": "*", "$": "", r"\left": "", r"\right": ""},
    **dict.fromkeys("−–", "-"),
    **dict.fromkeys("×·⋅∙∗", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("[{", "("),
    **dict.fromkeys("]}", ")"),
    **{index: str(digit) for digit, index in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **dict.fromkeys(("ρ", "ϱ", r"\rho"), " rho "),
    **{"^": "**", "⌊": "floor(", "⌈": "ceil(", "⌋": ")", "⌉": ")", "√": "sqrt", "π": "pi"},
}
_POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_GROUPS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:([,_' \u00a0\u202f’])\d{3})(?:\1\d{3})*(?![\d,])")
_TOKEN = re.compile(
    r"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\d.])|[^\W\d]\w*|\*\*|//|[-+*/%(),])\s*"
)
_FUNCTIONS = {
    **{"floor": math.floor, "ceil": math.ceil, "abs": abs, "min": min, "max": max, "int": int},
    **{"sqrt": math.sqrt, "log": math.log, "ln": math.log, "log2": math.log2, "exp": math.exp},
    "round": round,
}
_CONSTANTS = {"pi": math.pi}
_OPERATIONS = {
    **{ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul},
    **{ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.USub: operator.neg},
    ast.UAdd: operator.pos,
}
MAX_BITS = 10_000  # of a power: 9**9**9 would fill the memory


def read(text: str, variables: Sequence[str] = ()) -> Callable[[Mapping[str, object]], object]:
    """Return the function of its variables that a text stands for, exact where it can be.

    Products may be implicit and powers written with `^`; an `x` between two numbers multiplies
    them; a left-hand side (`weights = …`) is left out. Whole numbers and fractions stay exact;
    `sqrt`, `log` and the like give floats.

    Raises:
        ValueError: with a sentence, where the text is no arithmetic of the variables.
    """
    text = re.split("=|->|→|≈|~", text)[-1].strip()
    if "x" not in variables:
        text = re.sub(r"(?<=[\d)])\s*x\s*(?=[\d(])", "*", text)
    names = "|".join(sorted(map(re.escape, variables), key=len, reverse=True))
    text = re.sub(rf"√\s*(\d+|{names})(?!\w)" if names else r"√\s*(\d+)(?!\w)", r"sqrt(\1)", text)
    text = re.sub(f"[{_POWERS}]+", _power_in_plain, text)
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    if "min" not in text and "max" not in text:  # there, a comma parts two numbers
        text = _GROUPS.sub(lambda group: re.sub(r"\D", "", group[0]), text)
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    tokens = _with_products(_tokens(text, variables), variables)
    try:
        tree = ast.parse(" ".join(tokens), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("it is no complete expression") from None

    def value(variables: Mapping[str, object]) -> object:
        result = _value(tree, variables)
        whole = isinstance(result, Fraction) and result.denominator == 1
        return int(result) if whole else result

    return value


def _power_in_plain(raised: re.Match) -> str:
    """Write an exponent in Python's signs: `¹⁶` is `**16`."""
    return "**" + "".join(str(_POWERS.index(digit)) for digit in raised[0])


def _tokens(text: str, variables: Collection[str]) -> list[str]:
    tokens, place = [], 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            raise ValueError(f"`{text[place:].split()[0][:20]}` is no arithmetic")
        place = found.end()
        known_function = found[1] in _FUNCTIONS and text[place : place + 1] == "("
        is_name = found[1][0].isalpha() or found[1][0] == "_"
        if is_name and not known_function:
            tokens += _names(found[1], [*variables, *_CONSTANTS])
        else:
            tokens.append(found[1])
    return tokens


def _names(word: str, known: Collection[str]) -> list[str]:
    """Split a word into known names, `CS` into C and S; the longest first. `k_0` is k0."""
    for name in (word, word.replace("_", "")):
        if name in known:
            return [name]
    for name in sorted(known, key=len, reverse=True):
        if word.startswith(name):
            try:
                return [name, *_names(word[len(name) :], known)]
            except ValueError:
                continue
    variables = ", ".join(name for name in known if name not in _CONSTANTS)
    raise ValueError(f"{word[:40]} is not among the variables {variables}")


def _with_products(tokens: list[str], variables: Collection[str]) -> list[str]:
    """Write the products out that stand without a sign: `2 C (`."""
    written: list[str] = []
    divided, outside = False, []  # by a factor that an implicit product may belong to or not
    for token in tokens:
        before = written[-1] if written else ""
        if (_is_value(before) or before == ")") and (_is_value(token) or token == "("):
            if token[0].isdigit() and before[-1].isdigit() and before not in variables:
                raise ValueError(f"a sign is missing between {before} and {token}")
            called = before in _FUNCTIONS and before not in variables
            if divided and not called:
                raise ValueError("put brackets: does the factor belong under the stroke?")
            written += [token] if called else ["*", token]
        else:
            divided = token in ("/", "//", "%") or (divided and (_is_value(token) or token == "("))
            written.append(token)
        if token == "(":
            outside.append(divided)
            divided = False
        elif token == ")" and outside:
            divided = outside.pop()
    return written


def _is_value(token: str) -> bool:
    return bool(token) and (token[0].isalnum() or token[0] in "._")


def _value(node: ast.AST, variables: Mapping[str, object]) -> object:
    if isinstance(node, ast.Constant):
        exact = node.value if isinstance(node.value, int) else str(node.value)
        return math.inf if exact == "inf" else Fraction(exact)
    if isinstance(node, ast.Name):
        value = variables[node.id] if node.id in variables else _CONSTANTS[node.id]
        return Fraction(value) if isinstance(value, int) else value
    if isinstance(node, ast.UnaryOp):
        return _OPERATIONS[type(node.op)](_value(node.operand, variables))
    if isinstance(node, ast.Call):
        arguments = [_value(argument, variables) for argument in node.args]
        return _FUNCTIONS[node.func.id](*arguments)
    if not isinstance(node, ast.BinOp):
        raise ValueError("it is no expression")
    left, right = _value(node.left, variables), _value(node.right, variables)
    if isinstance(node.op, ast.Pow):
        return _power(left, right)
    if isinstance(node.op, ast.Div):
        return left / right
    return _OPERATIONS[type(node.op)](left, right)


def _power(base: object, exponent: object) -> object:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        size = max(abs(base.numerator), base.denominator).bit_length()
        if size * abs(exponent) > MAX_BITS:
            raise ValueError("a power in it is too large")
    return base**exponent
