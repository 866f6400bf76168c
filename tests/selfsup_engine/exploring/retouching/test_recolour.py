"""Recolour: the reference's chromas come, the photo's lightness stays."""

from __future__ import annotations

import pytest
import torch

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.retouching import recolour as recolouring
from selfsup_engine.exploring.retouching.recolour import Colours, planned, recolour
from selfsup_engine.field_statistics import FieldStatistics, distance
from selfsup_engine.oklab import from_srgb, lightness, to_srgb


def photo(a: float, b: float, height: int = 60, width: int = 80, seed: int = 0) -> torch.Tensor:
    """Clouds of some chromas about one, from dark to light."""
    noise = torch.randn(1, 2, 4, 5, generator=torch.Generator().manual_seed(seed)) * 0.02
    chroma = torch.nn.functional.interpolate(noise, size=(height, width), mode="bilinear")[0]
    light = torch.linspace(0.25, 0.85, width).expand(1, height, width)
    lab = torch.cat([light, chroma + torch.tensor([a, b])[:, None, None]])
    return (to_srgb(lab) * 255).round().clamp(0, 255).to(torch.uint8)


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return distance(FieldStatistics.of(one), FieldStatistics.of(other)).chroma


@pytest.fixture(scope="module")
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    return photo(0.02, 0.04), photo(-0.02, -0.03, seed=1)


def test_colours_come_nearer_with_strength(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    plan = planned(pair[0], Colours.of_photo(pair[1]))
    found = [apart(recolour(pair[0], plan, strength=s), pair[1]) for s in (0, 0.25, 0.5, 0.75, 1)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.3 * found[0]
    assert recolour(pair[0], plan, strength=0).equal(pair[0])


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (0, 255, 0)])
def test_lightness_stays_though_srgb_lacks_the_colour(colour: tuple[int, int, int]) -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    ramps = torch.stack([levels, levels, levels])[:, None].repeat(1, 3, 1)
    ramps[0, 1] = 0
    ramps[2, 2] = 255
    result = recolour(ramps, Colours.of_palette([colour]))
    assert not result.equal(ramps)
    assert (lightness(result) - lightness(ramps)).abs().max() <= 1 / 255


def test_locked_colours_stay_byte_for_byte(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    patched = pair[0].clone()
    patched[:, :10, :10] = torch.tensor([200, 30, 40])[:, None, None]
    result = recolour(patched, Colours.of_photo(pair[1]), locked=[(202, 31, 38)])
    assert result[:, :10, :10].equal(patched[:, :10, :10])
    assert not result.equal(patched)


def test_neutrals_are_kept_if_wanted(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    grey = pair[0].clone()
    grey[:, :10] = torch.arange(60, 140, dtype=torch.uint8)
    colours = planned(grey, Colours.of_photo(pair[1]))
    kept = recolour(grey, colours, keep_neutral=1)
    assert from_srgb(kept[:, :10])[1:].abs().max() < 1e-3
    assert from_srgb(recolour(grey, colours)[:, :10])[1:].abs().max() > 1e-2


def test_a_grey_photo_is_coloured_by_its_lightness() -> None:
    grey = torch.linspace(40, 220, 80).round().to(torch.uint8).expand(3, 30, 80).contiguous()
    reference = torch.cat(
        [photo(0, -0.08)[:, :, :40], photo(0.02, 0.08)[:, :, 40:]], dim=2
    )  # blue darks, yellow lights
    lab = from_srgb(recolour(grey, Colours.of_photo(reference)))
    assert float(lab[2, :, :30].mean()) < -0.03
    assert float(lab[2, :, 50:].mean()) > 0.03


def test_a_picture_is_taken_point_by_point(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    grey = (lightness(pair[0]) * 255).round().to(torch.uint8).expand(3, -1, -1).contiguous()
    small = photo(0.03, 0.03)[:, ::2, ::2]
    result = recolour(grey, Colours.of_picture(small))
    wanted = from_srgb(photo(0.03, 0.03))[1:]
    assert (from_srgb(result)[1:] - wanted).abs().mean() < 0.01
    assert (lightness(result) - lightness(grey)).abs().max() <= 1 / 255
    assert recolour(grey, Colours.of_picture(small), strength=0).equal(grey)


def test_a_palette_is_taken_in_its_proportions(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    plan = planned(pair[0], Colours.of_palette([(200, 60, 60), (60, 90, 200)], [3, 1]))
    red = (from_srgb(recolour(pair[0], plan))[1] > 0.05).float().mean()
    assert 0.6 < float(red) < 0.9


@pytest.mark.parametrize(("colours", "weights"), [([], None), ([(1, 2, 3)], [1, 2]), ([(1, 2, 3)], [0])])
def test_a_palette_that_says_nothing_is_refused(colours: list[tuple[int, int, int]], weights: list[float]) -> None:
    with pytest.raises(UserError):
        Colours.of_palette(colours, weights)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (5, 1)])
@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.slow
def test_thin_and_flat_photos_come_back(size: tuple[int, int], level: int) -> None:
    flat = torch.full((3, *size), level, dtype=torch.uint8)
    result = recolour(flat, Colours.of_palette([(200, 60, 60)]))
    assert result.shape == flat.shape
    assert (lightness(result) - lightness(flat)).abs().max() <= 1 / 255


def test_the_same_comes_each_time(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    colours = Colours.of_photo(pair[1])
    assert recolour(pair[0], colours).equal(recolour(pair[0], colours))


def test_progress_ends_and_may_cancel(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    shares: list[float] = []
    recolour(pair[0], Colours.of_photo(pair[1]), progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1

    def cancel(share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        recolour(pair[0], Colours.of_photo(pair[1]), progress=cancel)


def test_full_strength_goes_as_far_as_it_brings_nearer_and_no_further() -> None:
    own = torch.arange(100, 180, dtype=torch.uint8).expand(3, -1).contiguous()
    lab = from_srgb(own[:, None])[:, 0]
    target = lab + torch.tensor([[0.0], [0.06], [0.0]])
    for share in (1.0, 0.8):
        shift = torch.tensor([[0.06 / share], [0.0]]).expand(2, 80)
        assert recolouring._reach(own, lab, shift, target) == share
