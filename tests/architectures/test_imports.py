"""The families are cheap to import, each has a small member, and each builder tells its source."""

import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys

import pytest
import torch
from torch import nn

from cnncourse import architectures

FAMILIES = sorted(
    info.name
    for info in pkgutil.iter_modules(architectures.__path__)
    if info.name != "loading" and not info.name.startswith("_")
)

IMPORT_ALL = f"""
import json, sys, time
import torch
before = set(sys.modules)
start = time.perf_counter()
import cnncourse.architectures
from cnncourse.architectures import {", ".join(FAMILIES)}
seconds = time.perf_counter() - start
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""


def import_all() -> tuple[float, list[str]]:
    """Import every family in a fresh process: seconds beyond torch, and the modules loaded."""
    run = [sys.executable, "-c", IMPORT_ALL]
    return json.loads(subprocess.run(run, capture_output=True, check=True).stdout)


def builders(family: str) -> dict:
    """Return the public functions of a family that take a number of classes."""
    module = importlib.import_module(f"cnncourse.architectures.{family}")
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "num_classes" in inspect.signature(function).parameters
    }


BUILDERS = [(family, name) for family in FAMILIES for name in builders(family)]


def test_importing_all_families_loads_no_torchvision():
    _, modules = import_all()
    assert {f"cnncourse.architectures.{family}" for family in FAMILIES} <= set(modules)
    assert [name for name in modules if name.startswith(("torchvision", "matplotlib"))] == []


def test_importing_all_families_takes_little_beyond_torch():
    seconds = min(import_all()[0] for _ in range(3))
    print(f"{len(FAMILIES)} families imported in {seconds:.3f} s beyond torch")
    assert seconds < 0.3  # 0.1 s on an idle machine


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_a_tiny_member_for_small_images(family):
    model = builders(family)["tiny"](num_classes=7, in_channels=1).eval()
    assert isinstance(model, nn.Module)
    assert model(torch.zeros(2, 1, 32, 32)).shape == (2, 7)


@pytest.mark.parametrize(("family", "name"), BUILDERS)
def test_a_builder_takes_channels_too_and_names_paper_and_numbers(family, name):
    builder = builders(family)[name]
    signature = inspect.signature(builder)
    assert "in_channels" in signature.parameters
    assert "**" not in str(signature)
    text = builder.__doc__
    if name != "tiny":  # which no paper has
        assert re.search(r"arXiv:\d{4}\.\d{4,5}|\b(19|20)\d\d\b", text), "arXiv number or year"
    assert re.search(r"\d{1,3}(,\d{3})+\s+(trainable )?parameters", text)
    assert re.search(r"\d{1,3}(,\d{3})+\s+multiply-accumulates", text)
