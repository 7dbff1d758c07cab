"""The convolutional autoencoder: sizes, counts, and that it keeps more than the mean image."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse.analysis.counting import count_macs, count_parameters
from cnncourse.architectures import autoencoder
from cnncourse.data import digits
from cnncourse.training import set_seed


@pytest.fixture(autouse=True)
def seeded():
    set_seed(0)


@pytest.mark.parametrize("name", ["autoencoder", "tiny"])
def test_counts_stand_in_the_docstring(name):
    model = getattr(autoencoder, name)()
    for count in (count_parameters(model).total, count_macs(model, (1, 1, *model.size))):
        assert f"{count:,}" in getattr(autoencoder, name).__doc__


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (29, 18), (1, 2)])
def test_every_size_comes_back_as_it_was_given(size):
    model = autoencoder.Autoencoder((3, 4, 5), 6, in_channels=2, size=size)
    x = torch.rand(2, 2, *size)
    assert model(x).shape == x.shape
    assert model.encoder(x).shape == (2, 6)


def test_another_size_is_refused():
    with pytest.raises(ValueError, match="the images must be 8 × 8, got 8 × 9"):
        autoencoder.tiny()(torch.zeros(1, 1, 8, 9))
    with pytest.raises(ValueError, match="code_size must be at least 1, got 0"):
        autoencoder.tiny(code_size=0)


def test_it_learns_to_take_noise_away():
    """A code of 8 numbers, trained from noisy to clean digits, errs less than the noise does."""
    train, test = digits()
    model = autoencoder.Autoencoder((16, 32), 8, in_channels=1, size=8)
    optimizer = torch.optim.Adam(model.parameters(), 0.005)
    for _ in range(8):
        for batch in torch.randperm(len(train.images)).split(64):
            clean = train.images[batch]
            loss = F.mse_loss(model(clean + 0.4 * torch.randn_like(clean)), clean)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    noisy = test.images + 0.4 * torch.randn_like(test.images)
    with torch.no_grad():
        error = F.mse_loss(model(noisy), test.images).item()
    assert error < 0.35 * F.mse_loss(noisy, test.images).item()
    assert error < 0.75 * test.images.var(0).mean().item()  # better than the mean image
