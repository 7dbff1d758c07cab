"""What holds for every family and every builder, those added tomorrow included."""

import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from zoo import saved_bytes_seen_by_hooks

from cnncourse import architectures
from cnncourse.analysis.counting import summarize
from cnncourse.training import set_seed

FAMILIES = sorted(
    info.name
    for info in pkgutil.iter_modules(architectures.__path__)
    if info.name != "loading" and not info.name.startswith("_")
)

SEQUENCES = {"tcn", "wavenet"}  # families that read no images: their own tests hold the rest
IMPORT_ALL = f"""
import json, sys, time
import torch
before = set(sys.modules)
start = time.process_time()
import cnncourse.architectures
from cnncourse.architectures import {", ".join(FAMILIES)}
seconds = time.process_time() - start
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""


def import_all() -> tuple[float, list[str]]:
    """Import every family in a fresh process: processor seconds beyond torch, modules loaded."""
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
OF_IMAGES = [(family, name) for family, name in BUILDERS if family not in SEQUENCES]

SMALLEST = {
    # family: side of the smallest image, in tiny
    "alexnet": (63, 15),
    "cifar_resnet": (1, 1),
    "convnext": (32, 8),
    "convnextv2": (32, 8),
    "deeplab": (1, 1),
    "densenet": (29, 5),
    "efficientnet": (1, 1),
    "googlenet": (15, 15),
    "group_cnn": (28, 8),
    "hybrid": (224, 32),
    "lenet": (1, 1),
    "mobilenet": (1, 1),
    "resnet": (1, 1),
    "swin": (4, 4),
    "unet": (16, 4),
    "vgg": (32, 8),
    "vit": (224, 32),
    "xception": (7, 7),
}
SMALLEST_OF_ONE = {"lenet5": 32, "googlenet_paper": 31, "unet_paper": 188}
ONE_SIZE = {"hybrid", "vit"}  # families whose images have the size that they are built for
NEXT_SIDE = {"lenet5": 0, "unet_paper": 16}  # from a side that is accepted to the next one
DENSE = {"deeplab", "unet"}  # families that answer for every pixel


def smallest(family: str, name: str) -> int:
    return SMALLEST_OF_ONE.get(name, SMALLEST[family][name == "tiny"])


def build(family: str, name: str, **options) -> nn.Module:
    """Call a builder; where it asks for a depth, it gets a small one."""
    builder = builders(family)[name]
    if "depth" in inspect.signature(builder).parameters:
        options["depth"] = 20
    return builder(**options)


def test_importing_all_families_loads_no_torchvision():
    _, modules = import_all()
    assert {f"cnncourse.architectures.{family}" for family in FAMILIES} <= set(modules)
    assert [name for name in modules if name.startswith(("torchvision", "matplotlib"))] == []


def test_importing_all_families_takes_little_beyond_torch():
    seconds = min(import_all()[0] for _ in range(3))
    print(f"{len(FAMILIES)} families imported in {seconds:.3f} s beyond torch")
    assert seconds < 0.3  # 0.1 s on an idle machine


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_a_tiny_member(family):
    assert callable(importlib.import_module(f"cnncourse.architectures.{family}").tiny)


@pytest.mark.parametrize(("family", "name"), BUILDERS)
def test_a_builder_takes_channels_too_and_names_paper_and_numbers(family, name):
    builder = builders(family)[name]
    signature = inspect.signature(builder)
    assert ("in_channels" in signature.parameters) != (family == "wavenet")  # which reads codes
    assert "**" not in str(signature)
    text = builder.__doc__
    if name != "tiny":  # which no paper has
        assert re.search(r"arXiv:\d{4}\.\d{4,5}|\b(19|20)\d\d\b", text), "arXiv number or year"
    assert re.search(r"\d{1,3}(,\d{3})+\s+(trainable )?parameters", text)
    assert re.search(r"\d{1,3}(,\d{3})+\s+multiply-accumulates", text)


@pytest.mark.parametrize(("family", "name"), OF_IMAGES)
def test_channels_classes_and_image_sizes_are_free_from_the_smallest_on(family, name):
    with torch.device("meta"):
        model = build(family, name, num_classes=7, in_channels=2).eval()
    side = smallest(family, name)
    wider = side + (0 if family in ONE_SIZE else NEXT_SIDE.get(name, 3))
    margin = getattr(model, "margin", 0)
    answers = (2, 7, side - margin, wider - margin) if family in DENSE else (2, 7)
    assert model(torch.zeros(2, 2, side, wider, device="meta")).shape == answers


@pytest.mark.parametrize(("family", "name"), OF_IMAGES)
@pytest.mark.parametrize("argument", ["num_classes", "in_channels"])
def test_no_classes_and_no_channels_are_refused_by_every_builder_alike(family, name, argument):
    for value in (0, -1):
        with pytest.raises(ValueError, match=f"^{argument} must be at least 1, got {value}$"):
            build(family, name, **{argument: value})
    for value in (2.5, True, "3"):
        with pytest.raises(TypeError, match=f"^{argument} must be an int, got {value!r}"):
            build(family, name, **{argument: value})


@pytest.mark.parametrize(("family", "name"), OF_IMAGES)
def test_inputs_of_another_shape_are_refused_with_that_shape(family, name):
    with torch.device("meta"):
        model = build(family, name, in_channels=2).eval()
    side = smallest(family, name)
    for shape in [(2, 3, 90, 90), (2, 90, 90)]:
        message = re.escape(f"the input must have the shape (N, 2, H, W), got {shape}")
        with pytest.raises(ValueError, match=message):
            model(torch.zeros(shape, device="meta"))
    for size in [(side - 1, 90), (90, side - 1)]:
        message = f"at least {side} pixels high and wide, got {size[0]} × {size[1]}"
        with pytest.raises(ValueError, match=message):
            model(torch.zeros(2, 2, *size, device="meta"))


SMALL = [
    *((family, "tiny") for family in SMALLEST if family not in ONE_SIZE),
    ("cifar_resnet", "preactivation_resnet"),
]


@pytest.mark.parametrize(
    ("family", "name", "size"),
    [
        *((*member, size) for member in SMALL for size in [(32, 32), (28, 28), (16, 19)]),
        *(("lenet", name, (32, 32)) for name in ("lenet5", "lenet5_modern")),
        *((family, "tiny", (32, 32)) for family in sorted(ONE_SIZE)),
    ],
)
def test_small_members_learn_small_images(family, name, size):
    set_seed(0)
    model = build(family, name, num_classes=4, in_channels=2)
    labels = torch.arange(16) % 4
    x = labels.view(16, 1, 1, 1) + 0.1 * torch.randn(16, 2, *size)  # told by brightness
    if family in DENSE:
        labels = labels.view(16, 1, 1).expand(16, *size)
    optimizer = torch.optim.Adam(model.parameters(), 0.003)
    losses = []
    for _ in range(30):
        loss = F.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    normalized = any(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    reached = sorted(losses[-5:])[2]  # a single step of Adam may leap
    assert reached < (0.5 if normalized else 0.9) * losses[0]  # without norms, it takes longer


@pytest.mark.parametrize("family", SMALLEST)
def test_memory_for_training_is_what_autograd_keeps(family):
    model = build(family, "tiny")
    size = (2, model.in_channels, 32, 32)
    assert summarize(model, size).saved_bytes == saved_bytes_seen_by_hooks(model, torch.randn(size))
