import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.explain import activations, linear_cka


def draw(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(1, 9), st.integers(1, 9))
def test_it_is_the_definition_by_covariances(seed, n, p, q):
    a, b = (m.numpy() for m in draw(seed, (n, p), (n, q)))
    a, b = a - a.mean(0), b - b.mean(0)
    norm = np.linalg.norm
    expected = norm(a.T @ b) ** 2 / (norm(a.T @ a) * norm(b.T @ b))
    found = linear_cka(*draw(seed, (n, p), (n, q)))
    assert found.item() == pytest.approx(expected, rel=1e-9)
    assert 0 <= found <= 1 + 1e-12


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_turning_scaling_and_moving_the_features_changes_nothing(seed):
    a, b, turn, shift = draw(seed, (9, 4), (9, 3), (4, 4), (4,))
    turned = -2.5 * a @ torch.linalg.qr(turn).Q + shift
    torch.testing.assert_close(linear_cka(turned, b), linear_cka(a, b))
    assert linear_cka(turned, a).item() == pytest.approx(1)


def test_another_linear_map_does_change_it():
    (a,) = draw(0, (50, 2))
    assert linear_cka(a, a * torch.tensor([10.0, 1.0])).item() < 0.85


def test_of_two_single_features_it_is_the_squared_correlation():
    a, b = draw(3, (20,), (20,))
    expected = torch.corrcoef(torch.stack([a, a + b]))[0, 1] ** 2
    assert linear_cka(a, a + b).item() == pytest.approx(expected.item())


def test_features_without_correlation_have_none():
    a = torch.tensor([1.0, 1, -1, -1])[:, None]
    b = torch.tensor([1.0, -1, 1, -1])[:, None]
    assert linear_cka(a, b) == 0


def test_many_features_of_few_images_look_alike_though_they_are_noise():
    assert linear_cka(*draw(0, (20, 2000), (20, 2000))) > 0.95
    assert linear_cka(*draw(0, (2000, 20), (2000, 20))) < 0.05


def test_maps_count_as_features(net, x):
    layer = {"Sequential": "0", "Functional": "first", "ResNet": "stem.conv"}[type(net).__name__]
    maps = activations(net, x, layer)
    assert linear_cka(maps, maps.flatten(1)).item() == pytest.approx(1)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.ones(3, 2), torch.ones(4, 2), r"same N >= 2 rows, got the shapes \(3, 2\) and \(4"),
        (torch.ones(1, 2), torch.ones(1, 2), "N >= 2 rows"),
        (torch.full((3, 2), 0.1), torch.randn(3, 2), "a must differ between images, got 3 equal"),
        (torch.randn(3, 2), torch.full((3, 2), 0.1), "b must differ between images"),
    ],
)
def test_what_cannot_be_compared_is_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        linear_cka(a, b)
