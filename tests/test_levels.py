"""Each level of the library imports only lower ones, and importing the package is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "cnncourse"

LEVELS = {
    "_home": 0,
    "_packages": 0,
    "shapes": 0,
    "layers": 1,
    "backprop": 1,
    "data": 1,
    "optimizers": 1,
    "results": 1,
    "augment": 1,
    "analysis": 1,
    "architectures": 2,
    "training": 2,
    "explain": 2,
    "transfer": 2,
    "plotting": 2,
    "widgets": 3,
    "grading": 3,
    "check": 3,
    "exercises": 3,
    "train": 3,
}


def imported_modules(file: Path) -> set[str]:
    """The names below ``cnncourse`` that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            names.add(node.module)
            if node.module == "cnncourse":
                names |= {f"cnncourse.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("cnncourse.")}


def edges() -> set[tuple[str, str]]:
    """Pairs (module, what it imports) between the parts of the library."""
    pairs = set()
    for file in PACKAGE.rglob("*.py"):
        if file.parent == PACKAGE and file.stem == "__init__":
            assert imported_modules(file) == set()
            continue
        part = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        pairs |= {(part, other) for other in imported_modules(file) if other != part}
    return pairs


def test_every_part_of_the_library_has_a_level():
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - {"__init__", "__pycache__"} <= set(LEVELS)


def test_imports_only_go_down_or_stay_on_a_level():
    assert [pair for pair in edges() if LEVELS[pair[0]] < LEVELS[pair[1]]] == []


def test_inside_one_level_imports_run_one_way():
    pairs = edges()
    assert [pair for pair in pairs if pair[::-1] in pairs] == []


def test_the_library_never_imports_what_lies_outside_it():
    for file in PACKAGE.rglob("*.py"):
        for forbidden in ("chapters", "solutions", "tools", "tests", "nbformat", "jupytext"):
            assert f"import {forbidden}" not in file.read_text(encoding="utf-8"), file
            assert f"from {forbidden}" not in file.read_text(encoding="utf-8"), file


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, cnncourse; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "[]"
