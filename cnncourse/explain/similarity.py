"""How alike two representations of the same images are."""

from __future__ import annotations

from torch import Tensor


def linear_cka(a: Tensor, b: Tensor) -> Tensor:
    """Return the linear centred kernel alignment of two representations, between 0 and 1.

    With columns of mean 0, it is ``|aᵀb|² / (|aᵀa| |bᵀb|)`` in Frobenius norms: 1 if one is the
    other turned, mirrored, scaled or moved, 0 if no two features of theirs correlate.
    Few images and many features push it towards 1, whatever they are: compare with shuffled rows
    (Kornblith et al., arXiv:1905.00414, section 3). N² numbers of float64 are kept.

    Shape:
        a, b    (N, …), row n of both from image n; everything behind N counts as one feature
        return  a number, float64

    Raises:
        ValueError: fewer than two rows, different numbers of rows, or features that are constant.
    """
    if a.ndim == 0 or b.ndim == 0 or len(a) != len(b) or len(a) < 2:
        shapes = f"{tuple(a.shape)} and {tuple(b.shape)}"
        raise ValueError(f"both must have the same N >= 2 rows, got the shapes {shapes}")
    one, other = _gram(a, "a"), _gram(b, "b")
    return (one * other).sum() / (one.norm() * other.norm())


def _gram(features: Tensor, name: str) -> Tensor:
    """Return the products of all pairs of centred rows: (N, N)."""
    rows = features.detach().double().reshape(len(features), -1)
    centred = rows - rows.mean(0)
    if centred.norm() <= 1e-12 * rows.norm():  # the mean is rounded, too
        raise ValueError(f"{name} must differ between images, got {len(rows)} equal rows")
    return centred @ centred.mT
