import copy

import pytest
import torch
import torch.nn.functional as F
from captum.attr import LayerGradCam
from torch import nn

from cnncourse.architectures import efficientnet
from cnncourse.explain import activations, grad_cam

TARGETS = torch.tensor([0, 2, 1, 2])
LAYERS = {
    "Sequential": ["0", "4"],
    "Functional": ["first", "third"],
    "ResNet": ["stem", "stages.1"],
}
close = torch.testing.assert_close


def without_writing_in_place(net):
    twin = copy.deepcopy(net)
    for module in twin.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    return twin


@pytest.mark.parametrize("which", [0, 1])
def test_grad_cam_is_captums_on_a_network_that_writes_nothing_in_place(net, x, which):
    layer = LAYERS[type(net).__name__][which]
    twin = without_writing_in_place(net)
    theirs = LayerGradCam(twin, twin.get_submodule(layer)).attribute(x, TARGETS)
    found = grad_cam(net, x, TARGETS, layer)
    close(found, theirs)
    assert (found < 0).any()
    assert (found > 0).any()


class GlobalMean(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(2, 6, 3, stride=2), nn.ReLU())
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def test_behind_a_global_mean_and_a_linear_layer_it_is_the_class_activation_map(x):
    model = GlobalMean().double()
    found = grad_cam(model, x, TARGETS, "features")
    maps = model.features(x).detach()
    weights = model.head.weight.detach()[TARGETS] / (maps.shape[2] * maps.shape[3])
    close(found[:, 0], torch.einsum("nkhw,nk->nhw", maps, weights))
    shares = found.sum((1, 2, 3)) + model.head.bias.detach()[TARGETS]
    close(shares, model(x).detach()[range(4), TARGETS])


def test_the_maps_of_an_imagenet_network_add_up_to_its_score():
    model = efficientnet.efficientnet_lite0().eval()
    x = torch.randn(1, 3, 64, 96)
    found = grad_cam(model, x, 7, "head")
    assert found.shape == (1, 1, 2, 3)
    close(found.sum() + model.classifier.bias[7], model(x)[0, 7], atol=1e-4, rtol=1e-4)


class Overwriting(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)

    def forward(self, x):
        y = self.norm(self.conv(x))
        y += 1
        return F.relu_(y).mean((2, 3))


def test_an_output_that_is_overwritten_is_refused_and_one_before_it_is_not(x):
    model = Overwriting().double().eval()
    with pytest.raises(ValueError, match=r"output of 'norm' is overwritten in place .* F\.relu_"):
        grad_cam(model, x, 0, "norm")
    with pytest.raises(ValueError, match="output of 'norm' is overwritten in place"):
        activations(model, x, "norm")
    assert grad_cam(model, x, 0, "conv").shape == (4, 1, 10, 9)


def test_a_module_that_writes_in_place_spoils_no_map(x):
    torch.manual_seed(0)
    body = [nn.Conv2d(2, 4, 3), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    model = nn.Sequential(*body).double()
    found = activations(model, x, "0")
    close(found, F.conv2d(x, model[0].weight, model[0].bias).detach())
    assert (found < 0).any()  # the ReLU has not been there


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("stem.cnv", "no layer 'stem.cnv'; near names are stem.conv"),
        ("head", r"layer 'head' must return maps \(N, C, H, W\), got \(4, 3\)"),
        (3, "no layer 3; near names are stem"),
    ],
)
def test_a_layer_without_maps_or_that_does_not_exist_is_refused(layer, message):
    from cnncourse.architectures import resnet

    with pytest.raises(ValueError, match=message):
        grad_cam(resnet.tiny(num_classes=3, in_channels=2), torch.randn(4, 2, 12, 11), 0, layer)


class Odd(nn.Module):
    """A layer that runs twice, one that never runs, one that returns a pair, one set aside."""

    def __init__(self):
        super().__init__()
        self.twice, self.never = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1)
        self.pair, self.aside = nn.MaxPool2d(2, return_indices=True), nn.Conv2d(2, 2, 1)

    def forward(self, x):
        self.aside(x)
        return self.pair(self.twice(self.twice(x)))[0].mean((2, 3))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("twice", "layer 'twice' must run once, and ran 2 times"),
        ("never", "layer 'never' must run once, and ran 0 times"),
        ("pair", "layer 'pair' must return a tensor, got tuple"),
        ("aside", "no gradient reaches the layer 'aside'"),
    ],
)
def test_a_layer_whose_output_is_not_one_map_on_the_way_is_refused(x, layer, message):
    with pytest.raises(ValueError, match=message):
        grad_cam(Odd().double(), x, 0, layer)
