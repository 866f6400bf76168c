"""OKLab: Ottosson's values, the way back, and what fits into sRGB."""

from __future__ import annotations

import pytest
import torch

from selfsup_engine.oklab import from_srgb, into_gamut, lightness, to_srgb


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ((255, 255, 255), (1.0, 0.0, 0.0)),
        ((255, 0, 0), (0.627955, 0.224863, 0.125846)),
        ((0, 255, 0), (0.866440, -0.233888, 0.179498)),
        ((0, 0, 255), (0.452014, -0.032457, -0.311528)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
    ],
)
def test_the_corners_of_srgb_have_their_published_values(colour: tuple[int, ...], lab: tuple[float, ...]) -> None:
    pixel = torch.tensor(colour, dtype=torch.uint8).view(3, 1, 1)
    assert from_srgb(pixel).flatten().tolist() == pytest.approx(lab, abs=2e-5)
    assert float(lightness(pixel)) == pytest.approx(lab[0], abs=2e-5)


def test_there_and_back_is_the_same_colour() -> None:
    levels = torch.linspace(0, 1, 26, dtype=torch.float64)
    colours = torch.cartesian_prod(levels, levels, levels).T[:, None]
    lab = from_srgb(colours)
    assert lab.dtype == torch.float64
    assert (to_srgb(lab) - colours).abs().max() < 0.01 / 255


def test_what_srgb_lacks_loses_chroma_alone() -> None:
    lab = (torch.rand(3, 40, 50, generator=torch.Generator().manual_seed(0)) - 0.5) * 0.6
    lab[0] = lab[0] / 0.7 + 0.5
    fitting = into_gamut(lab)
    srgb = to_srgb(fitting)
    assert srgb.min() > -0.01
    assert srgb.max() < 1.01
    assert fitting[0].equal(lab[0])
    assert (fitting[1] * lab[2] - fitting[2] * lab[1]).abs().max() < 1e-6  # the same hue
    assert (fitting[1:].norm(dim=0) <= lab[1:].norm(dim=0) + 1e-6).all()


def test_what_fits_is_left_alone() -> None:
    colours = torch.rand(3, 40, 50, generator=torch.Generator().manual_seed(0))
    lab = from_srgb(colours)
    assert (into_gamut(lab) - lab).abs().max() < 1e-6
