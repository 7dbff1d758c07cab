"""The published numbers of torchvision's 80 classification models, without any download.

Every model is measured on the meta device, and the cheaper ones on the CPU too.
``tests/benchmarks/bench_counting.py`` runs all 80 on both.
"""

import pytest
import torch
from zoo import ZOO, build, published, saved_bytes_seen_by_hooks, with_zeros

from cnncourse.analysis.counting import count_macs, count_parameters, summarize

CHEAP = 1.0  # published GMACs up to which a model also runs on the CPU here
# Networks without batch norm, with it, dense, separable, shuffled, gated, and with attention.
TRAINED = [
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet", "inception_v3",
    "mnasnet1_0", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "regnet_x_400mf",
    "regnet_y_400mf", "resnet18", "resnet50", "resnext50_32x4d", "shufflenet_v2_x1_0",
    "squeezenet1_0", "squeezenet1_1", "swin_t", "vgg11", "vit_b_16",
]  # fmt: skip


def test_the_zoo_has_80_models():
    assert len(ZOO) == 80


@pytest.mark.parametrize("name", ZOO)
def test_parameters_and_macs_equal_the_published_ones(name):
    side, parameters, gigamacs = published(name)
    model = build(name)
    summary = summarize(model, (1, 3, side, side))
    macs = count_macs(model, (1, 3, side, side))
    assert count_parameters(model) == summary.parameters == parameters
    assert sum(row.parameters for row in summary.rows) == parameters
    assert round(macs / 1e9, 3) == gigamacs
    assert summary.macs == macs
    assert summary.uncounted == ()


@pytest.mark.parametrize("name", [name for name in ZOO if published(name).gigamacs <= CHEAP])
def test_macs_on_the_cpu_equal_the_published_ones(name):
    side, _, gigamacs = published(name)
    model = with_zeros(build(name))
    with torch.no_grad():  # in eval mode: attention would take its fast path
        assert round(count_macs(model, (1, 3, side, side), "cpu") / 1e9, 3) == gigamacs


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", TRAINED)
def test_saved_bytes_are_what_autograd_keeps_on_the_cpu(name, training):
    size = 2, 3, published(name).side, published(name).side
    model = build(name).train(training)
    measured = summarize(model, size).saved_bytes
    seen = saved_bytes_seen_by_hooks(with_zeros(model), torch.randn(size))
    assert measured == pytest.approx(seen, rel=0.02)
    if training:
        assert measured == seen
