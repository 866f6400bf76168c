"""Statistics of a photo's gradients and colours, and how far photos are apart."""

from __future__ import annotations

import pytest
import torch

from selfsup_engine.field_statistics import FieldStatistics, distance
from selfsup_engine.oklab import to_srgb


def flat(a: float, b: float, spread: float = 0.01, seed: int = 0) -> FieldStatistics:
    """A photo of about one chroma."""
    lab = torch.randn(3, 40, 60, generator=torch.Generator().manual_seed(seed)) * spread
    lab += torch.tensor([0.6, a, b])[:, None, None]
    return FieldStatistics.of((to_srgb(lab) * 255).round().clamp(0, 255).to(torch.uint8))


def test_a_photo_is_at_no_distance_from_itself() -> None:
    one = flat(0.05, 0.05)
    assert vars(distance(one, one)) == dict.fromkeys(("strength", "direction", "hue", "chroma"), 0.0)


def test_distances_are_symmetric_and_grow() -> None:
    one, near, far = flat(0.05, 0), flat(0.05, 0.02), flat(-0.05, 0.05)
    assert distance(one, far) == distance(far, one)
    assert 0 < distance(one, near).chroma < distance(one, far).chroma
    assert 0 < distance(one, near).hue < distance(one, far).hue


def test_a_shift_of_chroma_is_measured_in_its_units() -> None:
    # The mean of |cos| over directions is 2 / pi.
    assert distance(flat(0, 0), flat(0.05, 0)).chroma == pytest.approx(0.05 * 2 / torch.pi, rel=0.05)


def test_hues_are_compared_around_the_circle() -> None:
    angle = torch.tensor([-20.0, 20.0, 160.0]).deg2rad()
    one, other, opposite = (flat(0.08 * float(t.cos()), 0.08 * float(t.sin()), 1e-3) for t in angle)
    assert distance(one, other).hue == pytest.approx(40, abs=5)
    assert distance(one, opposite).hue == pytest.approx(180, abs=6)


def test_an_edge_between_green_and_red_changes_along_the_first_axis() -> None:
    lab = torch.full((3, 20, 20), 0.6)
    lab[1:] = 0
    lab[1, :, 10:] = 0.08
    found = FieldStatistics.of((to_srgb(lab) * 255).round().clamp(0, 255).to(torch.uint8)).direction
    assert float(found[:2].sum() + found[-2:].sum()) > 0.8


def test_stronger_gradients_are_stronger() -> None:
    calm, wild = flat(0, 0, 0.005), flat(0, 0, 0.03)
    assert float(wild.strength.mean()) > 3 * float(calm.strength.mean())
    assert distance(calm, wild).strength == pytest.approx(float(wild.strength.mean() - calm.strength.mean()), rel=0.02)
    assert float(wild.strength_histogram.sum()) == pytest.approx(1)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3, 2)])
def test_grey_and_tiny_photos_have_statistics(size: tuple[int, int]) -> None:
    found = FieldStatistics.of(torch.full((3, *size), 90, dtype=torch.uint8))
    assert all(value.isfinite().all() for value in found.state().values())
    assert float(found.hue.max()) < 0.05
    assert distance(found, found).chroma == 0


def test_statistics_go_through_a_state() -> None:
    one = flat(0.05, 0.02)
    again = FieldStatistics.from_state({**one.state(), "weight": torch.zeros(1)})
    assert vars(distance(one, again)) == vars(distance(one, one))


def test_photos_are_pooled_as_one() -> None:
    one, other = flat(0.05, 0), flat(-0.05, 0)
    assert distance(FieldStatistics.pooled([one, one]), one).chroma < 1e-4
    both = FieldStatistics.pooled([one, other])
    assert distance(both, one).chroma == pytest.approx(distance(both, other).chroma, rel=0.1)
    assert distance(both, one).chroma == pytest.approx(distance(one, other).chroma / 2, rel=0.1)
