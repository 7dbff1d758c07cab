"""``Images`` are what PyTorch takes for a data set."""

from torch.utils.data import DataLoader

from cnncourse import data


def test_images_work_with_a_data_loader():
    images, labels = next(iter(DataLoader(data.digits()[0], batch_size=5)))
    assert images.shape == (5, 1, 8, 8)
    assert labels.shape == (5,)
