"""Every optimizer takes PyTorch's steps, and numbers computed by hand."""

import math

import pytest
import torch
from torch import nn

from cnncourse import optimizers
from cnncourse.data import digits
from cnncourse.optimizers import SGD, Adam, AdamW, learning_rate
from cnncourse.training import fit

OPTIONS = {
    "SGD": [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.05},
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.05, "nesterov": True},
    ],
    "Adam": [{}, {"lr": 0.1, "weight_decay": 0.05}, {"betas": (0.5, 0.9), "eps": 1e-3}],
    "AdamW": [{}, {"lr": 0.1, "weight_decay": 0.05}, {"weight_decay": 0.0, "betas": (0.0, 0.9)}],
}
EVERY = [(name, options) for name, rows in OPTIONS.items() for options in rows]


def parameters(*values: float) -> list[nn.Parameter]:
    return [nn.Parameter(torch.tensor(value, dtype=torch.float64)) for value in values]


def steps(make, gradients: list[float], start: float = 1.0) -> list[float]:
    """The values of one parameter after each step with a given gradient."""
    (theta,) = parameters(start)
    optimizer, seen = make([theta]), []
    for gradient in gradients:
        theta.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        seen.append(theta.item())
    return seen


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_200_steps_are_those_of_torch(name, options):
    generator = torch.Generator().manual_seed(0)
    draw = {"generator": generator, "dtype": torch.float64}
    starts = [torch.randn(shape, **draw) for shape in ((3, 4), (5,), (2, 2, 3, 3))]
    ours = [nn.Parameter(start.clone()) for start in starts]
    theirs = [nn.Parameter(start.clone()) for start in starts]
    optimizer = getattr(optimizers, name)(
        [{"params": ours[:2]}, {"params": ours[2:], "lr": 0.02}], **options
    )
    reference = getattr(torch.optim, name)(
        [{"params": theirs[:2]}, {"params": theirs[2:], "lr": 0.02}], **options
    )
    for step in range(200):
        optimizer.zero_grad()
        reference.zero_grad()
        for place, (own, other) in enumerate(zip(ours, theirs, strict=True)):
            if (step + place) % 7 != 3:  # now and then one of them gets no gradient
                own.grad = torch.randn(own.shape, **draw)
                other.grad = own.grad.clone()
        optimizer.step()
        reference.step()
        for own, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(own, other, rtol=0, atol=1e-12)


def test_plain_sgd_goes_against_the_gradient():
    assert steps(lambda p: SGD(p, lr=0.1), [2.0, -1.0]) == pytest.approx([0.8, 0.9])


def test_momentum_adds_what_is_left_of_earlier_gradients():
    # v = 2, then 0.5 * 2 - 1 = 0, then 0.5 * 0 + 4 = 4
    moves = steps(lambda p: SGD(p, lr=0.1, momentum=0.5), [2.0, -1.0, 4.0])
    assert moves == pytest.approx([0.8, 0.8, 0.4])


def test_nesterov_gives_the_newest_gradient_more_weight():
    # v = 2, step 2 + 0.5 * 2; then v = 0, step -1 + 0.5 * 0
    moves = steps(lambda p: SGD(p, lr=0.1, momentum=0.5, nesterov=True), [2.0, -1.0])
    assert moves == pytest.approx([0.7, 0.8])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_first_step_of_adam_has_the_size_of_the_rate(scale):
    assert steps(lambda p: Adam(p, lr=0.1), [scale]) == pytest.approx([0.9], abs=1e-5)


def test_adam_corrects_both_means_for_their_start_at_zero():
    # t = 2: m = 0.5 (0.5 * 1) + 0.5 * 3 = 1.75, / 0.75; v = 0.75 (0.25 * 1) + 0.25 * 9, / 0.4375
    second = 0.9 - 0.1 * (1.75 / 0.75) / math.sqrt(2.4375 / 0.4375)
    moves = steps(lambda p: Adam(p, lr=0.1, betas=(0.5, 0.75), eps=0.0), [1.0, 3.0])
    assert moves == pytest.approx([0.9, second])


@pytest.mark.parametrize("gradient", [0.01, 100.0])
def test_decoupled_decay_takes_the_same_share_of_every_weight(gradient):
    decay = {"lr": 0.1, "weight_decay": 0.5}
    plain = steps(lambda p: Adam(p, lr=0.1), [gradient])[0]
    assert steps(lambda p: AdamW(p, **decay), [gradient])[0] == pytest.approx(plain - 0.1 * 0.5)


def test_decay_in_the_gradient_is_divided_away_by_adam():
    with_decay, without = (
        steps(lambda p, decay=decay: Adam(p, lr=0.1, weight_decay=decay), [100.0])[0]
        for decay in (0.5, 0.0)
    )
    assert with_decay == pytest.approx(without, abs=1e-9)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_parameter_without_a_gradient_stays(name):
    still, moving = parameters(1.0, 1.0)
    optimizer = getattr(optimizers, name)([still, moving], lr=0.1, weight_decay=0.5)
    moving.grad = torch.ones_like(moving)
    optimizer.step()
    assert still.item() == 1.0
    assert moving.item() < 1.0


@pytest.mark.parametrize("make", [lambda p: SGD(p, lr=0.1, momentum=0.9), Adam, AdamW])
def test_a_stored_state_goes_on_as_if_nothing_had_happened(make):
    (through,) = parameters(1.0)
    (resumed,) = parameters(1.0)
    first, second = make([through]), make([resumed])
    for step in range(6):
        if step == 3:
            state = second.state_dict()
            second = make([resumed])
            second.load_state_dict(state)
        through.grad = torch.tensor(step - 2.0, dtype=torch.float64)
        resumed.grad = through.grad.clone()
        first.step()
        second.step()
    assert torch.equal(through, resumed)


@pytest.mark.parametrize("make", [lambda p: SGD(p, momentum=0.9), Adam, AdamW])
def test_fit_trains_with_it(make):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    history = fit(
        model, digits()[0], epochs=3, optimizer=make([{"params": model.parameters(), "lr": 0.02}])
    )
    assert history.accuracy[-1] > 0.6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, lr=-1.0), "lr must not be negative, got -1.0"),
        (lambda p: SGD(p, momentum=1.0), "momentum must be at least 0 and below 1, got 1.0"),
        (lambda p: SGD(p, nesterov=True), "nesterov needs a momentum above 0, got 0.0"),
        (
            lambda p: Adam(p, betas=(0.9, 1.5)),
            r"betas\[1\] must be at least 0 and below 1, got 1.5",
        ),
        (lambda p: AdamW(p, weight_decay=-0.1), "weight_decay must not be negative, got -0.1"),
        (lambda p: Adam(p, eps=-1.0), "eps must not be negative, got -1.0"),
    ],
)
def test_options_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make(parameters(1.0))


def test_the_rate_warms_up_and_follows_half_a_cosine():
    rates = [learning_rate(step, steps=8, peak=1.0, warmup=4) for step in range(8)]
    half = math.sqrt(0.5)
    cosine = [1, (1 + half) / 2, 0.5, (1 - half) / 2]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, *cosine])


@pytest.mark.parametrize(("steps", "warmup"), [(10, 0), (30, 5), (7, 2)])
def test_the_rate_is_that_of_torch_schedulers(steps, warmup):
    optimizer = torch.optim.SGD(parameters(1.0), lr=0.3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps - warmup)
    scheduler = cosine
    if warmup:
        rise = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / warmup, total_iters=warmup - 1)
        scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, cosine], [warmup])
    for step in range(steps):
        rate = optimizer.param_groups[0]["lr"]
        assert learning_rate(step, steps, 0.3, warmup) == pytest.approx(rate, abs=1e-12)
        optimizer.step()
        scheduler.step()


def test_no_step_has_the_rate_zero_and_none_exceeds_the_peak():
    for warmup in (0, 1, 5):
        rates = [learning_rate(step, 20, 0.1, warmup) for step in range(20)]
        assert min(rates) > 0
        assert max(rates) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10, 10, 0.1), "step must be below steps = 10, got 10"),
        ((-1, 10, 0.1), "step must be at least 0, got -1"),
        ((0, 10, 0.1, 10), "warmup must be below steps = 10, got 10"),
    ],
)
def test_steps_outside_the_schedule_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        learning_rate(*arguments)
