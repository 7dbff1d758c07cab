"""A frozen part is one fixed function, whatever the rest of the network does."""

import copy
import pickle

import pytest
import torch
from torch import nn

from cnncourse.analysis.parameters import count_parameters
from cnncourse.architectures import convnext, densenet, efficientnet, resnet, vit
from cnncourse.transfer import freeze


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        *[nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5)],
        *[nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5), nn.ReLU()],
        *[nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2)],
    )


def images(n=16, side=8):
    return torch.randn(n, 1, side, side, generator=torch.Generator().manual_seed(1))


def trainable(model):
    return [name for name, p in model.named_parameters() if p.requires_grad]


def evaluating(model):
    return [name for name, m in model.named_modules() if not m.training]


def step(model, optimizer, x):
    model.train()
    optimizer.zero_grad()
    model(x).square().sum().backward()
    optimizer.step()


def test_it_freezes_up_to_and_including_the_named_module():
    model = net()
    freeze(model, "3")
    assert trainable(model) == ["4.weight", "4.bias", "5.weight", "5.bias", "9.weight", "9.bias"]
    assert evaluating(model) == ["0", "1", "2", "3"]


def test_training_moves_nothing_of_the_frozen_part_and_all_of_the_rest():
    model = net()
    freeze(model, "3")
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        step(model, optimizer, images())
    moved = {name for name, now in model.state_dict().items() if not torch.equal(before[name], now)}
    assert moved == {name for name in before if int(name[0]) > 3}


def test_without_it_running_statistics_move_although_no_weight_does():
    model = net().requires_grad_(False).train()
    before = copy.deepcopy(model.state_dict())
    model(images())
    moved = {name for name, now in model.state_dict().items() if not torch.equal(before[name], now)}
    assert {name.split(".")[1] for name in moved} == {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }


def test_the_frozen_part_gives_in_training_what_it_gives_in_evaluation():
    model = net()
    freeze(model, "3")
    model.train()
    trained = model[:4](images())
    assert torch.equal(trained, model.eval()[:4](images()))
    assert not torch.equal(net().train()[:4](images()), trained)


def test_a_gradient_that_was_there_is_not_applied_after_freezing():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    model(images()).sum().backward()
    optimizer.step()
    freeze(model, "3")
    before = model[0].weight.clone()
    model(images()).sum().backward()
    optimizer.step()
    assert torch.equal(model[0].weight, before)


def test_a_later_call_moves_the_boundary():
    model = net()
    freeze(model, "6")
    freeze(model, "0")
    assert trainable(model)[0] == "1.weight"
    assert evaluating(model) == ["0"]
    freeze(model, "9")
    assert trainable(model) == []
    freeze(model, None)
    assert len(trainable(model)) == 10
    assert evaluating(model) == []


def test_what_is_thawed_takes_the_mode_of_the_model_and_obeys_again():
    model = net()
    freeze(model, "6")
    model.eval()
    freeze(model, "0")
    assert len(evaluating(model)) == 11
    model.train()
    assert evaluating(model) == ["0"]


def test_the_empty_path_names_the_whole_model():
    model = net()
    freeze(model, "")
    assert model.train() is model
    assert trainable(model) == []
    assert len(evaluating(model)) == 11


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_is_frozen_as_well_and_on_its_own(twin):
    model = net()
    freeze(model, "1")
    other = twin(model)
    freeze(model, None)
    model.train()
    other.train()
    assert evaluating(other) == ["0", "1"]
    assert evaluating(model) == []


def test_one_block_among_others_can_be_the_last_frozen_one():
    model = resnet.tiny(num_classes=3, in_channels=1)
    freeze(model, "stages.0")
    assert {name.rsplit(".", 4)[0] for name in evaluating(model)} >= {"stem", "stages"}
    assert all(name.startswith(("stages.1", "head")) for name in trainable(model))
    assert "stages" not in evaluating(model)  # it holds what still trains


@pytest.mark.parametrize(
    ("build", "trunk", "head"),
    [
        (resnet.tiny, "pool", "head"),
        (densenet.tiny, "pool", "head"),
        (efficientnet.tiny, "dropout", "classifier"),
        (vit.tiny, "norm", "head"),  # with a class token and positions in the model itself
        (convnext.tiny, "norm", "head"),
    ],
)
def test_with_all_but_the_head_frozen_the_head_trains_alone(build, trunk, head):
    model = build()
    freeze(model, trunk)
    assert trainable(model) == [f"{head}.weight", f"{head}.bias"]
    assert count_parameters(model).trainable == count_parameters(getattr(model, head))


def test_names_that_begin_alike_are_kept_apart():
    model = nn.Sequential(*[nn.Linear(1, 1) for _ in range(12)])
    freeze(model, "1")
    assert len(trainable(model)) == 20


@pytest.mark.parametrize("path", ["stage", "stem.bn", "10", "stem.", 3, ["stem"]])
def test_a_module_that_does_not_exist_is_refused_and_nothing_is_changed(path):
    model = resnet.tiny()
    model.stem.requires_grad_(False)
    before = trainable(model)
    with pytest.raises(ValueError, match=r"the model has no module .*; near names are st"):
        freeze(model, path)
    assert trainable(model) == before


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"model must be an nn\.Module, got list"):
        freeze([], "0")


def test_a_module_that_is_named_nearly_is_suggested():
    with pytest.raises(ValueError, match="the model has no module 'heat'; near names are head"):
        freeze(resnet.tiny(), "heat")
