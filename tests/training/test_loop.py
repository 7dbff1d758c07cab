"""The loop learns, reports what it saw, and leaves things as it should."""

import pytest
import torch
from torch import nn

from cnncourse.data import Images, digits
from cnncourse.training import evaluate, fit, predict, set_seed, train_epoch


def linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_fit_learns_the_digits():
    train, test = digits()
    model = linear()
    before = evaluate(model, test)
    history = fit(model, train, test, epochs=8, lr=1e-2)
    assert before < 0.4
    assert evaluate(model, test) > 0.9
    assert len(history.loss) == len(history.accuracy) == len(history.validation_accuracy) == 8
    assert history.loss[-1] < history.loss[0]
    assert history.validation_accuracy[-1] == evaluate(model, test)


def test_the_same_seed_gives_the_same_weights():
    train = digits()[0].subset(slice(200))
    weights = []
    for _ in range(2):
        set_seed(3)
        model = linear()
        fit(model, train, epochs=2)
        weights.append(model[1].weight)
    assert torch.equal(*weights)


def test_history_holds_the_mean_loss_of_the_epoch():
    # One batch an epoch: the loss is the one before the step, computed by hand.
    data = digits()[0].subset(slice(32))
    model = linear()
    expected = nn.functional.cross_entropy(model(data.images), data.labels).item()
    history = fit(model, data, epochs=1, batch_size=32, device=torch.device("cpu"))
    assert history.loss[0] == pytest.approx(expected, rel=1e-5)


def test_a_given_optimizer_is_used():
    data, model = digits()[0].subset(slice(32)), linear()
    before = model[1].weight.clone()
    fit(model, data, epochs=1, optimizer=torch.optim.SGD(model.parameters(), lr=0.0))
    assert torch.equal(model[1].weight, before)


def test_fit_ends_in_evaluation_mode():
    model = nn.Sequential(linear(), nn.Dropout())
    fit(model, digits()[0].subset(slice(32)), epochs=1)
    assert not model.training


def test_a_loss_that_explodes_stops_with_the_epoch_and_the_rate():
    model = linear()
    with torch.no_grad():
        model[1].weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match=r"nan in epoch 1: try a smaller lr than 0\.5"):
        fit(model, digits()[0].subset(slice(32)), epochs=3, lr=0.5)


def test_predict_restores_the_mode_and_does_not_depend_on_the_batch_size():
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 10)).train()
    images = digits()[1].images[:50]
    scores = predict(model, images, batch_size=7)
    assert model.training
    assert scores.shape == (50, 10)
    torch.testing.assert_close(scores, predict(model, images))
    assert not scores.requires_grad


def test_evaluate_counts_correct_answers():
    class Constant(nn.Module):
        def forward(self, x):
            return torch.tensor([0.0, 1.0]).expand(len(x), 2)

    data = Images(torch.zeros(4, 1, 2, 2), torch.tensor([1, 1, 1, 0]), ("a", "b"))
    assert evaluate(Constant(), data) == 0.75


def test_an_epoch_takes_one_step_a_batch_and_counts_what_it_saw():
    data, model = digits()[0].subset(slice(7)), linear()
    batches = [(data.images[part], data.labels[part]) for part in (slice(0, 4), slice(4, 7))]
    scores = [model(images) for images, _ in batches]
    losses = [nn.functional.cross_entropy(s, b[1]) for s, b in zip(scores, batches, strict=True)]
    seen = []
    tally = train_epoch(
        model,
        batches,
        torch.optim.SGD(model.parameters(), lr=0.0),
        after_batch=lambda tally: seen.append((tally.count, tally.loss)),
    )
    assert seen[0] == (4, pytest.approx(losses[0].item()))
    assert tally.loss == pytest.approx((4 * losses[0] + 3 * losses[1]).item() / 7)
    assert tally.accuracy == pytest.approx(evaluate(model, data))
    assert model[1].weight.grad is not None
