"""Rates that fall with the distance from the head."""

import pytest
import torch
from torch import nn

from cnncourse.architectures import efficientnet, resnet, vit
from cnncourse.transfer import freeze, parameter_groups


def chain():
    return nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Conv2d(2, 3, 1), nn.Linear(3, 4))


def test_the_head_learns_at_the_full_rate_and_every_block_before_it_more_slowly():
    groups = parameter_groups(chain(), 0.5, 0.25)
    assert [g["name"] for g in groups] == ["3", "2", "0"]
    assert [g["lr"] for g in groups] == [0.5, 0.125, 0.03125]
    assert [[tuple(p.shape) for p in g["params"]] for g in groups] == [
        [(4, 3), (4,)],
        [(3, 2, 1, 1), (3,)],
        [(2, 1, 1, 1), (2,)],
    ]


def test_a_decay_of_one_gives_all_the_same_rate():
    assert {g["lr"] for g in parameter_groups(chain(), 0.5, 1)} == {0.5}


@pytest.mark.parametrize("build", [resnet.tiny, efficientnet.tiny, vit.tiny])
@pytest.mark.parametrize("up_to", [None, 0, 1])
def test_every_trainable_parameter_is_in_one_group(build, up_to):
    model = build()
    if up_to is not None:
        freeze(model, [name for name, _ in model.named_children()][up_to])
    found = [id(p) for g in parameter_groups(model, 1.0, 0.5) for p in g["params"]]
    assert sorted(found) == sorted(id(p) for p in model.parameters() if p.requires_grad)


def test_stages_count_block_by_block_and_a_block_counts_as_one():
    names = [g["name"] for g in parameter_groups(resnet.tiny(), 1.0, 0.5)]
    assert names[0] == "head"
    assert names[-1] == "stem"
    assert names[1:-1] == [
        f"stages.{i}.{j}"
        for i, stage in reversed(list(enumerate(resnet.tiny().stages)))
        for j in reversed(range(len(stage)))
    ]


def test_parameters_of_the_model_itself_learn_like_the_first_block():
    model = vit.tiny()
    last = parameter_groups(model, 1.0, 0.5)[-1]
    assert last["name"] == "embed"
    assert any(p is model.class_token for p in last["params"])


def test_freezing_changes_no_other_rate():
    model = chain()
    before = {g["name"]: g["lr"] for g in parameter_groups(model, 1.0, 0.5)}
    model[2].requires_grad_(False)
    after = {g["name"]: g["lr"] for g in parameter_groups(model, 1.0, 0.5)}
    assert after == {"3": before["3"], "0": before["0"]}


def test_a_shared_parameter_learns_at_the_rate_nearest_to_the_head():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].weight = model[1].weight
    groups = parameter_groups(model, 1.0, 0.5)
    assert [len(g["params"]) for g in groups] == [2, 1]


def test_a_single_layer_is_its_own_head():
    (group,) = parameter_groups(nn.Linear(2, 3), 0.1, 0.5)
    assert group["lr"] == 0.1


def test_weight_decay_pulls_at_the_rate_of_the_group():
    model = chain()
    before = [p.detach().clone() for p in (model[3].weight, model[0].weight)]
    optimizer = torch.optim.AdamW(parameter_groups(model, 0.1, 0.5), weight_decay=0.2)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    torch.testing.assert_close(model[3].weight.detach(), before[0] * (1 - 0.1 * 0.2))
    torch.testing.assert_close(model[0].weight.detach(), before[1] * (1 - 0.025 * 0.2))


@pytest.mark.parametrize(
    ("lr", "decay", "error", "message"),
    [
        (0, 0.5, ValueError, "lr must be positive and finite, got 0"),
        (float("inf"), 0.5, ValueError, "lr must be positive and finite, got inf"),
        (float("nan"), 0.5, ValueError, "lr must be positive and finite, got nan"),
        (0.1, 0, ValueError, "decay must be positive and at most 1, got 0"),
        (0.1, 2.6, ValueError, r"decay must be positive and at most 1, got 2\.6"),
        ("fast", 0.5, TypeError, r"lr must be a number, got 'fast' \(str\)"),
        (0.1, True, TypeError, r"decay must be a number, got True \(bool\)"),
    ],
)
def test_rates_that_are_none_are_refused(lr, decay, error, message):
    with pytest.raises(error, match=message):
        parameter_groups(chain(), lr, decay)


def test_nothing_to_train_is_refused():
    with pytest.raises(ValueError, match="Sequential has no trainable parameter"):
        parameter_groups(chain().requires_grad_(False), 0.1, 0.5)
    with pytest.raises(ValueError, match="Sequential has no trainable parameter"):
        parameter_groups(nn.Sequential(nn.Sequential(nn.Sequential(nn.ReLU()))), 0.1, 0.5)
    with pytest.raises(TypeError, match=r"model must be an nn\.Module, got dict"):
        parameter_groups({}, 0.1, 0.5)
