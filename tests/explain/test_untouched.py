"""What all methods have in common: they leave the model as it is, and refuse in a sentence."""

import copy

import pytest
import torch
from torch import nn

from cnncourse import explain

LAYER = {"Sequential": "3", "Functional": "third", "ResNet": "stages.1"}

METHODS = {
    "saliency": lambda m, x, t: explain.saliency(m, x, t),
    "smooth_grad": lambda m, x, t: explain.smooth_grad(m, x, t, samples=2),
    "guided_backpropagation": lambda m, x, t: explain.guided_backpropagation(m, x, t),
    "integrated_gradients": lambda m, x, t: explain.integrated_gradients(m, x, t, steps=2),
    "occlusion": lambda m, x, t: explain.occlusion(m, x, t, size=6),
    "grad_cam": lambda m, x, t: explain.grad_cam(m, x, t, LAYER[type(m).__name__]),
    "activation_maximisation": lambda m, x, t: explain.activation_maximisation(m, x, t, steps=2),
    "top_patches": lambda m, x, t: explain.top_patches(m, x, t, first(m), count=1),
    "activations": lambda m, x, t: explain.activations(m, x, LAYER[type(m).__name__]),
}
WITH_A_TARGET = [name for name in METHODS if name != "activations"]
SCORES = [name for name in WITH_A_TARGET if name != "top_patches"]


def first(model):
    return {"Sequential": "0", "Functional": "first", "ResNet": "stem.conv"}[type(model).__name__]


def state(model):
    """Everything that a method could leave behind."""
    return {
        "tensors": {k: (id(v), v.clone()) for k, v in model.state_dict(keep_vars=True).items()},
        "gradients": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "requires_grad": [p.requires_grad for p in model.parameters()],
        "modes": [m.training for m in model.modules()],
        "inplace": [getattr(m, "inplace", None) for m in model.modules()],
        "hooks": [
            [len(getattr(m, name)) for name in vars(m) if name.endswith("_hooks")]
            for m in model.modules()
        ],
        "recording": torch.is_grad_enabled(),
        "random": torch.get_rng_state(),
    }


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def used(net):
    """The network in the middle of a training: mixed modes, gradients, a frozen weight, a hook."""
    net.train()
    next(net.children()).eval()
    for parameter in net.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)
    next(net.parameters()).requires_grad_(False)
    net.register_forward_hook(lambda module, args, output: None)
    return net


@pytest.mark.parametrize("name", METHODS)
def test_a_method_leaves_model_and_images_as_they_are(net, x, name):
    net, images = used(net), x.clone().requires_grad_()
    before = state(net)
    result = METHODS[name](net, images, 1)
    after = state(net)
    if name == "smooth_grad":  # which draws
        before.pop("random"), after.pop("random")
    assert same(before, after)
    assert torch.equal(images.detach(), x)
    assert images.grad is None
    if isinstance(result, torch.Tensor):
        assert not result.requires_grad
        assert result.isfinite().all()


@pytest.mark.parametrize("name", SCORES)
def test_it_does_so_even_if_it_fails_half_way(net, x, name):
    net = used(net)
    before = state(net)
    with pytest.raises(ValueError, match="target must be a class from 0 to 2, got 3"):
        METHODS[name](net, x, 3)
    assert same(before, state(net)) or name == "smooth_grad"
    before.pop("random")
    after = state(net)
    after.pop("random")
    assert same(before, after)


@pytest.mark.parametrize("name", METHODS)
def test_the_mode_of_the_model_does_not_matter(net, x, name):
    torch.manual_seed(0)
    evaluated = METHODS[name](copy.deepcopy(net).eval(), x, 1)
    torch.manual_seed(0)
    trained = METHODS[name](copy.deepcopy(net).train(), x, 1)
    if isinstance(evaluated, torch.Tensor):
        assert torch.equal(evaluated, trained)


@pytest.mark.parametrize("name", WITH_A_TARGET)
@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (-1, ValueError, "target must be a (class|channel) from 0 to .*, got -1"),
        (1.0, TypeError, r"target must be an integer, got 1.0 \(float\)"),
        (True, TypeError, r"target must be an integer, got True \(bool\)"),
        ("cat", TypeError, r"target must be an integer, got 'cat' \(str\)"),
    ],
)
def test_a_target_that_is_none_is_refused(net, x, name, target, error, message):
    with pytest.raises(error, match=message):
        METHODS[name](net, x, target)


@pytest.mark.parametrize("name", SCORES)
def test_another_number_of_targets_than_images_is_refused(net, x, name):
    with pytest.raises(ValueError, match="one index or one for each of 4 images, got 3"):
        METHODS[name](net, x, [0, 1, 2])


@pytest.mark.parametrize("name", METHODS)
def test_what_is_no_image_or_no_model_is_refused(net, x, name):
    with pytest.raises(ValueError, match=r"shape \(N, C, H, W\), got \(2, 12, 11\)"):
        METHODS[name](net, x[0], 0)
    with pytest.raises(ValueError, match=r"shape \(N, C, H, W\), got \(0, 2, 12, 11\)"):
        METHODS[name](net, x[:0], 0)
    with pytest.raises(TypeError, match=r"floating-point numbers, got a tensor of torch\.uint8"):
        METHODS[name](net, x.byte(), 0)


@pytest.mark.parametrize("name", ["saliency", "guided_backpropagation", "integrated_gradients"])
def test_a_model_that_is_none_is_refused(x, name):
    with pytest.raises(TypeError, match=r"model must be an nn\.Module, got function"):
        METHODS[name](lambda x: x, x, 0)


class Returns(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.what = what

    def forward(self, x):
        return self.what(x)


def test_what_is_no_table_of_scores_is_refused(x):
    for what, got in [
        (lambda x: x, r"\(4, 2, 12, 11\)"),
        (lambda x: (x, x), "tuple"),
        (lambda x: x.mean((2, 3))[:2], r"\(2, 2\)"),
    ]:
        with pytest.raises(ValueError, match=rf"scores \(N, classes\) for 4 images, got {got}"):
            explain.saliency(Returns(what), x, 0)


@pytest.mark.parametrize(
    "what",
    [
        lambda x: x.detach().mean((2, 3)),
        lambda x: torch.ones(len(x), 2),
        lambda x: (x > 0).any(3).any(2).double(),
    ],
)
@pytest.mark.parametrize(
    "method", [explain.saliency, explain.integrated_gradients, explain.activation_maximisation]
)
def test_scores_without_a_gradient_are_refused_rather_than_explained_by_zeros(x, what, method):
    with pytest.raises(ValueError, match="no gradient reaches the input"):
        method(Returns(what), x, 0)


def test_a_model_that_overwrites_its_input_is_explained_all_the_same(x):
    def overwrite(x):
        x *= 2
        return x.relu_().mean((2, 3))

    images = x.clone()
    found = explain.saliency(Returns(overwrite), images, 0)
    assert torch.equal(images, x)
    torch.testing.assert_close(found[:, 0], 2 * (x[:, 0] > 0).double() / 132)
    assert torch.count_nonzero(found[:, 1]) == 0
    assert torch.equal(
        explain.occlusion(Returns(overwrite), images, 0, size=6)[0, 0, 0, 0] > 0, torch.tensor(True)
    )
    assert torch.equal(images, x)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", METHODS)
def test_results_are_on_the_device_of_the_model(net, x, name):
    result = METHODS[name](net.cuda(), x.cuda(), torch.tensor(1))
    result = result[0][0].pixels if name == "top_patches" else result
    assert result.device.type == "cuda"
