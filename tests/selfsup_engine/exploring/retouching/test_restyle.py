"""Restyle: the photo's statistics go to the reference's, as far as the strength says."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from selfsup_engine.exploring.retouching.restyle import restyle
from selfsup_engine.field_statistics import FieldStatistics, distance
from selfsup_engine.oklab import from_srgb


def cloudy(contrast: float, seed: int, colours: tuple[float, float, float] = (1, 1, 1)) -> Tensor:
    coarse = torch.randn(1, 3, 12, 16, generator=torch.Generator().manual_seed(seed))
    wide = F.interpolate(coarse, (90, 120), mode="bicubic")[0] * torch.tensor(colours)[:, None, None]
    return (128 + contrast * wide).round().clamp(0, 255).to(torch.uint8)


@pytest.mark.parametrize(("own", "other"), [(15, 40), (40, 15)])
def test_the_strengths_come_nearer_with_each_step(own: float, other: float) -> None:
    photo, wanted = cloudy(own, 0), FieldStatistics.of(cloudy(other, 1))
    steps = (0, 0.25, 0.5, 0.75, 1)
    found = [distance(FieldStatistics.of(restyle(photo, wanted, strength=s)), wanted).strength for s in steps]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.5 * found[0]


def test_the_directions_of_chroma_come_nearer() -> None:
    photo, wanted = cloudy(20, 0, (1, 1, 0.2)), FieldStatistics.of(cloudy(20, 1, (0.2, 0.3, 1.5)))
    before, after = (distance(FieldStatistics.of(p), wanted).direction for p in (photo, restyle(photo, wanted)))
    assert after < 0.8 * before


def test_strength_zero_is_the_photo_and_a_reference_photo_is_its_statistics() -> None:
    photo, reference = cloudy(15, 0), cloudy(40, 1)
    assert restyle(photo, reference, strength=0).equal(photo)
    assert restyle(photo, reference).equal(restyle(photo, FieldStatistics.of(reference)))


def test_grey_stays_grey_and_a_grey_reference_takes_the_colours() -> None:
    grey = cloudy(20, 0)[:1].expand(3, -1, -1).contiguous()
    for made in restyle(grey, cloudy(30, 1)), restyle(cloudy(30, 1), grey):
        assert int((made.int().amax(0) - made.int().amin(0)).max()) <= 4


@pytest.mark.parametrize("size", [(90, 120), (30, 40), (180, 240)])
def test_a_styled_picture_of_any_size_gives_its_colours_under_the_photos_light(size: tuple[int, int]) -> None:
    photo = cloudy(20, 0)
    redder = F.interpolate(photo[None].float() / 255, size, mode="area")[0]
    redder[0] += 0.15
    redder[2] -= 0.15
    made = restyle(photo, photo, styled=redder)
    before, after = from_srgb(photo), from_srgb(made)
    assert float((after[0] - before[0]).abs().mean()) < 0.02
    assert float((after[1] - before[1]).mean()) > 0.02
    assert float((after[2] - before[2]).mean()) > 0.02
    assert restyle(photo, photo, strength=0, styled=redder).equal(photo)


@pytest.mark.parametrize("level", [0, 100, 255])
def test_one_colour_stays(level: int) -> None:
    flat = torch.full((3, 30, 40), level, dtype=torch.uint8)
    assert (restyle(flat, cloudy(40, 1)).int() - level).abs().max() <= 1
    assert restyle(cloudy(40, 1), flat).float().std() < cloudy(40, 1).float().std()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_thin_photos_come_back(size: tuple[int, int]) -> None:
    photo = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    assert restyle(photo, cloudy(40, 1)).shape == photo.shape
