"""A network without its batch norms answers as before."""

import pytest
import torch
from torch import nn

from cnncourse.architectures import densenet, efficientnet, mobilenet, resnet
from cnncourse.deploy import fold_batch_norms


def used(model):
    """Give every batch norm statistics and weights that are not trivial."""
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.uniform_(norm.weight, 0.5, 2)
        nn.init.normal_(norm.bias)
        nn.init.normal_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2)
    return model.eval()


def norms(model):
    return sum(isinstance(m, nn.BatchNorm2d) for m in model.modules())


@pytest.mark.parametrize("bias", [True, False])
def test_one_pair_is_one_convolution(bias):
    torch.manual_seed(0)
    pair = used(nn.Sequential(nn.Conv2d(4, 6, 3, 2, 1, groups=2, bias=bias), nn.BatchNorm2d(6)))
    x = torch.randn(2, 4, 9, 7)
    folded = fold_batch_norms(pair.double(), x.double())
    torch.testing.assert_close(folded(x.double()), pair(x.double()))
    assert norms(folded) == 0
    assert norms(pair) == 1


@pytest.mark.parametrize("build", [resnet.tiny, mobilenet.tiny, efficientnet.tiny])
def test_whole_networks_lose_every_batch_norm_and_answer_alike(build):
    torch.manual_seed(0)
    model, x = used(build(10, 3)).double(), torch.randn(2, 3, 32, 32, dtype=torch.float64)
    folded = fold_batch_norms(model, x)
    torch.testing.assert_close(folded(x), model(x))
    assert norms(folded) == 0


def test_a_norm_in_front_of_a_convolution_stays():
    torch.manual_seed(0)
    model, x = used(densenet.tiny(10, 3)).double(), torch.randn(2, 3, 32, 32, dtype=torch.float64)
    folded = fold_batch_norms(model, x)
    torch.testing.assert_close(folded(x), model(x))
    assert 0 < norms(folded) < norms(model)


def test_a_model_in_training_mode_is_left_in_it():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train()
    before = [t.clone() for t in model.state_dict().values()]
    assert not fold_batch_norms(model, torch.randn(2, 3, 4, 4)).training
    assert model.training
    assert all(map(torch.equal, before, model.state_dict().values()))


def test_a_convolution_used_twice_keeps_its_norm():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

        def forward(self, x):
            return self.norm(self.convolution(self.convolution(x)))

    torch.manual_seed(0)
    model, x = used(Twice()), torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(fold_batch_norms(model, x)(x), model(x))


def test_an_output_with_a_second_reader_is_noticed():
    class Read(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

        def forward(self, x):
            y = self.convolution(x)
            return y + self.norm(y)

    torch.manual_seed(0)
    with pytest.raises(ValueError, match=r"^after folding, the output differs by .*more than"):
        fold_batch_norms(used(Read()), torch.randn(2, 3, 4, 4))
