"""Small networks of every kind of wiring that the methods have to cope with."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.architectures import resnet


class Functional(nn.Module):
    """ReLUs as functions, one of them in place, and one module used twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.third = nn.Conv2d(4, 5, 3, padding=1)
        self.relu = nn.ReLU()
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        x = F.relu(self.first(x))
        x = self.relu(self.second(x) + x)
        x = self.relu(self.third(x))
        return self.head(x.mean((2, 3)))


def chain():
    return nn.Sequential(
        *[nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)],
        *[nn.Conv2d(6, 5, 3), nn.BatchNorm2d(5), nn.ReLU(inplace=True), nn.Dropout(0.5)],
        *[nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(20, 7), nn.ReLU(), nn.Linear(7, 3)],
    )


NETS = {
    "chain": chain,
    "functional": Functional,
    "resnet": lambda: resnet.tiny(num_classes=3, in_channels=2),
}


@pytest.fixture(params=NETS)
def net(request):
    """A network with three classes for images of two channels, with statistics of its own."""
    torch.manual_seed(0)
    model = NETS[request.param]().double()
    model.train()
    with torch.no_grad():
        model(torch.randn(16, 2, 12, 11, dtype=torch.float64))
    return model.eval()


@pytest.fixture
def x():
    return torch.randn(
        4, 2, 12, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
