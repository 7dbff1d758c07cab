"""Each check names the mistake it is made for, and accuses no network that is sound."""

import copy
import importlib
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.data import digits
from cnncourse.layers.normalization import BatchNorm2d
from cnncourse.layers.regularization import StochasticDepth
from cnncourse.training import set_seed
from cnncourse.training.diagnose import (
    diagnose,
    every_weight_moves,
    images_stay_apart,
    loss_at_the_start,
    overfits_one_batch,
    weights_are_finite,
)

FAMILIES = (
    *("alexnet", "cifar_resnet", "densenet", "efficientnet", "googlenet", "lenet", "mobilenet"),
    *("resnet", "vgg", "xception"),
)


@pytest.fixture(autouse=True)
def seeded():
    set_seed(0)


@pytest.fixture(scope="module")
def batch() -> tuple[Tensor, Tensor]:
    data = digits()[0].subset(slice(32))
    return data.images, data.labels


def net(
    norm=nn.Identity, activation=nn.ReLU, dropout: float = 0.0, head=nn.Identity, classes: int = 10
) -> nn.Sequential:
    """Two convolutions and a head for digits of 8x8."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), norm(8), activation(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), norm(16), activation()),
        *(nn.Flatten(), nn.Dropout(dropout), nn.Linear(256, classes), head()),
    )


class Changed(nn.Module):
    """A network, and what happens to its output."""

    def __init__(self, inner: nn.Module, change) -> None:
        super().__init__()
        self.inner, self.change = inner, change

    def forward(self, x: Tensor) -> Tensor:
        return self.change(self.inner(x), self.training)


class Residual(nn.Module):
    """A skip around a branch whose last norm starts at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels)
        self.depth = StochasticDepth(0.2)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.depth(self.norm(self.conv(x)))


def zero_head() -> nn.Module:
    model = net()
    nn.init.zeros_(model[-2].weight)
    nn.init.zeros_(model[-2].bias)
    return model


def frozen_beginning() -> nn.Module:
    model = net()
    model[0].requires_grad_(False)
    return model


SOUND = {
    "plain": net,
    "batch norm": lambda: net(nn.BatchNorm2d),
    "the course's own batch norm": lambda: net(BatchNorm2d),
    "group norm": lambda: net(lambda c: nn.GroupNorm(2, c)),
    "instance norm": lambda: net(nn.InstanceNorm2d),
    "dropout": lambda: net(dropout=0.5),
    "tanh": lambda: net(activation=nn.Tanh),
    "a head of zeros": zero_head,
    "a residual branch of zeros": lambda: net(Residual),
    "a beginning frozen on purpose": frozen_beginning,
}


def failed(findings) -> list[str]:
    return [finding.check for finding in findings if not finding.passed]


@pytest.mark.parametrize("build", SOUND.values(), ids=SOUND)
def test_a_sound_network_passes_every_check(build, batch):
    for seed in range(2):
        set_seed(seed)
        assert failed(diagnose(build(), *batch)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_passes_every_check(family, batch):
    module = importlib.import_module(f"cnncourse.architectures.{family}")
    images = F.interpolate(batch[0][:16], 32, mode="bilinear")
    images = images[..., 2:30, 2:30] if family == "lenet" else images.expand(-1, 3, -1, -1)
    assert failed(diagnose(module.tiny(), images, batch[1][:16])) == []


def test_dropout_does_not_slow_learning_by_heart_down(batch):
    steps = []
    for p in (0.0, 0.5):
        set_seed(0)
        finding = overfits_one_batch(net(dropout=p), *batch)
        assert finding.passed
        steps.append(finding.message)
    assert steps[0] == steps[1]


def test_the_model_is_left_as_it_was(batch):
    model = net(nn.BatchNorm2d, dropout=0.5).eval()
    before = copy.deepcopy(model.state_dict())
    diagnose(model, *batch)
    assert not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_finding_is_one_line_with_what_was_received(batch):
    set_seed(0)
    loss = F.cross_entropy(net()(batch[0]), batch[1]).item()
    set_seed(0)
    text = str(loss_at_the_start(net(), *batch))
    expected = f"the loss is {loss:.3g}; guessing among 10 classes gives ln 10 = 2.3"
    assert text == f"ok       loss at the start: {expected}"
    assert str(weights_are_finite(net())) == "ok       weights are finite: all 6 tensors are finite"


# --- weights are finite ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_weight_that_is_not_finite_is_named(value, batch):
    model = net(nn.BatchNorm2d)
    with torch.no_grad():
        model[0].weight[0, 0, 0, :2] = value
    finding = weights_are_finite(model)
    assert not finding.passed
    assert finding.message == "there are NaN or infinite values in 0.weight (2 of 72)"
    assert "weights are finite" in failed(diagnose(model, *batch))


def test_a_running_statistic_that_is_not_finite_is_named():
    model = net(nn.BatchNorm2d)
    model[1].running_var[3] = math.nan
    assert "1.running_var (1 of 8)" in weights_are_finite(model).message


# --- loss at the start ----------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_equal_scores_give_the_logarithm_of_the_number_of_classes(classes, batch):
    model = Changed(net(classes=classes), lambda scores, training: 0 * scores)
    finding = loss_at_the_start(model, batch[0], batch[1] % 2)
    assert finding.passed
    assert finding.message.startswith(f"the loss is {math.log(classes):.3g};")


def test_pixels_up_to_255_are_seen_in_the_first_loss(batch):
    images, labels = batch
    assert failed(diagnose(net(), 255 * images, labels)) == ["loss at the start"]


def test_a_head_with_weights_of_deviation_one_is_seen_in_the_first_loss(batch):
    model = net()
    nn.init.normal_(model[-2].weight, std=3.0)
    finding = loss_at_the_start(model, *batch)
    assert not finding.passed
    assert "before anything is learnt" in finding.message


# --- images stay apart ----------------------------------------------------------------------------


LEAKS = {
    "softmax over the images": lambda: Changed(net(), lambda s, training: s.softmax(0)),
    "mean of the batch subtracted": lambda: Changed(net(), lambda s, training: s - s.mean(0)),
    "channels before images": lambda: Changed(net(), lambda s, training: s.T.reshape(s.shape)),
    "batch norm without running statistics": lambda: net(
        lambda c: nn.BatchNorm2d(c, track_running_stats=False)
    ),
    "softmax over the images, then over the classes": lambda: Changed(
        net(), lambda s, training: s.softmax(0).softmax(1)
    ),
}


@pytest.mark.parametrize("build", LEAKS.values(), ids=LEAKS)
def test_a_leak_between_images_is_named(build, batch):
    finding = images_stay_apart(build(), batch[0])
    assert not finding.passed
    assert "in evaluation mode the scores of image" in finding.message
    assert "images stay apart" in failed(diagnose(build(), *batch))


def test_a_leak_in_training_alone_is_named(batch):
    model = Changed(net(), lambda s, training: s - s.mean(0) if training else s)
    finding = images_stay_apart(model, batch[0])
    assert not finding.passed
    assert "in training mode" in finding.message


def test_a_leak_beside_a_batch_norm_is_named(batch):
    model = Changed(net(nn.BatchNorm2d), lambda s, training: s - s.mean(0) if training else s)
    assert not images_stay_apart(model, batch[0]).passed


# --- every weight moves ---------------------------------------------------------------------------


def test_weights_behind_a_detached_tensor_are_named(batch):
    model = net()
    model[2] = Changed(nn.ReLU(), lambda x, training: x.detach())
    finding = every_weight_moves(model, *batch)
    assert finding.message == "no gradient moved 0.weight, 0.bias within 5 steps"


def test_a_layer_that_is_never_called_is_named_and_nothing_else(batch):
    class Forgetful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = net(), nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x)

    findings = diagnose(Forgetful(), *batch)
    assert failed(findings) == ["every weight moves"]
    assert "spare.weight, spare.bias" in findings[3].message


def test_a_layer_whose_units_are_all_dead_is_named(batch):
    model = net()
    nn.init.constant_(model[4].bias, -100.0)
    finding = every_weight_moves(model, *batch)
    assert "0.weight, 0.bias, 4.weight and 2 more" in finding.message


# --- overfits one batch ---------------------------------------------------------------------------


def test_a_softmax_too_many_is_named_with_its_floor(batch):
    model = net(head=lambda: nn.Softmax(1))
    findings = diagnose(model, *batch)
    assert failed(findings) == ["overfits one batch"]
    assert "ln(e + 9) - 1 = 1.46" in findings[-1].message


def test_the_floor_of_a_softmax_too_many_is_the_loss_of_certainty():
    certain = F.one_hot(torch.arange(10)).double()
    floor = F.cross_entropy(certain, torch.arange(10)).item()
    assert floor == pytest.approx(math.log(math.e + 9) - 1)


def test_a_network_that_does_not_see_its_input_is_named(batch):
    model = nn.Sequential(Changed(nn.Identity(), lambda x, training: 0 * x), net())
    finding = overfits_one_batch(model, *batch)
    assert not finding.passed
    assert "300 steps" in finding.message


def test_images_with_equal_inputs_and_other_labels_cannot_be_learnt(batch):
    images, labels = batch
    copies = images[:1].expand_as(images)
    assert not overfits_one_batch(net(), copies, labels).passed


def test_training_stops_when_the_loss_is_low_enough(batch):
    finding = overfits_one_batch(net(nn.BatchNorm2d), *batch)
    assert finding.passed
    assert int(finding.message.split()[-2]) < 100
