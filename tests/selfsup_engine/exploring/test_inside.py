"""Models of every family, opened: what goes through them is what they do elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.inside import Inside
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import encode, from_unit, to_unit
from selfsup_engine.runs import ROOT, RunFolder

Gallery = Callable[[str], Inside]
GALLERY = ROOT / "checkpoints" / "gallery"


def test_an_image_goes_through_encoder_and_decoder(gallery: Gallery) -> None:
    inside, space = gallery("fashion-2d"), LatentSpace(RunFolder(GALLERY / "fashion-2d"))
    image = inside.exhibit.images[5]
    journey = inside.travel(image)
    assert [way.part for way in inside.passes] == ["encoder", "decoder"]
    assert torch.equal(journey.stations[0], to_unit(image[None]))
    assert torch.allclose(journey.stations[1], space.encode(image[None]), atol=1e-4)
    assert np.abs(from_unit(journey.stations[2]).astype(int) - space.reconstruct(image[None])).max() <= 1
    assert [tuple(out.shape) for out in journey.outputs] == [layer.gives for layer in inside.layers]


def test_numbers_go_through_generator_and_discriminator(gallery: Gallery) -> None:
    inside, sampler = gallery("fashion-gan"), Sampler(RunFolder(GALLERY / "fashion-gan"))
    journey = inside.travel(sampler.z(Spot(0, 3)))
    drawn = sampler.images([Spot(0, 3)])
    assert np.abs(from_unit(journey.stations[1]).astype(int) - drawn).max() <= 1
    opinion = sampler.opinion(drawn)
    assert opinion is not None and float(journey.stations[2]) == pytest.approx(float(opinion[0]), abs=0.02)
    generator, discriminator = inside.passes
    rows = torch.tensor([3, 0])
    assert np.abs(inside.pictures(generator, rows)[0].astype(int) - drawn[0]).max() <= 1
    assert np.array_equal(inside.pictures(discriminator, rows)[1], inside.exhibit.images[0].numpy())


def test_a_model_that_restores_is_shown_what_it_learned_to_restore(gallery: Gallery) -> None:
    inside = gallery("restore")
    sharp = inside.exhibit.images[:8]
    soft = inside.as_in_training(sharp)
    assert soft.shape == sharp.shape and soft.dtype == torch.uint8

    def detail(images: torch.Tensor) -> float:
        return float(images.float().diff(dim=-1).abs().mean())

    assert detail(soft) < 0.7 * detail(sharp)
    made = torch.cat([inside.travel(image).stations[-1] for image in soft])
    error, before = ((to_unit(sharp) - one).square().mean() for one in (made, to_unit(soft)))
    assert error < before / 2

    colourless = gallery("colorize").as_in_training(sharp)
    assert torch.equal(colourless[:, 0], colourless[:, 2]) and colourless.float().std() > 30
    assert torch.equal(gallery("fashion-2d").as_in_training(sharp), sharp)


def test_images_that_are_watched_are_taken_from_all_of_them(gallery: Gallery) -> None:
    inside = gallery("fashion-2d")
    count = len(inside.exhibit.images)
    watched = inside.watched(inside.passes[0])
    assert inside.apart == 3 and len(watched) == count // 3 == len(inside.watched(inside.passes[1]))
    assert torch.equal(watched[7], inside.exhibit.images[21])
    assert inside.watched(inside.passes[1]).shape[1] == 2


def test_a_picture_of_ones_own_is_brought_to_the_models_shape(gallery: Gallery) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    assert gallery("fashion-2d").prepared(encode(pixels, "png")).shape == (1, 28, 28)
    assert gallery("emoji-conv").prepared(encode(pixels, "png")).shape == (3, 64, 64)
    with pytest.raises(UserError, match="not a picture"):
        gallery("fashion-2d").prepared(b"no picture", "a.png")


def test_images_of_another_model_are_refused(tmp_path: Path) -> None:
    for name in ("run.json", "weights.safetensors"):
        (tmp_path / name).write_bytes((GALLERY / "fashion-2d" / name).read_bytes())
    kept = load_file(GALLERY / "emoji-conv" / "exhibit.safetensors")
    save_file(kept, tmp_path / "exhibit.safetensors")
    with pytest.raises(UserError, match="do not belong together"):
        Inside(RunFolder(tmp_path))
