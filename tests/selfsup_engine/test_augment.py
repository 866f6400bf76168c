"""Every image is changed in its own way, within bounds, and gradients reach what was there before."""

from __future__ import annotations

import torch

from selfsup_engine.augment import cutout, diff_augment, recoloured, translated


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


IMAGES = torch.rand(6, 3, 32, 32, generator=random()) * 2 - 1


def test_the_same_seed_changes_alike_and_another_does_not() -> None:
    assert torch.equal(diff_augment(IMAGES, random(1)), diff_augment(IMAGES, random(1)))
    assert not torch.equal(diff_augment(IMAGES, random(1)), diff_augment(IMAGES, random(2)))


def test_a_shift_moves_every_image_by_an_eighth_at_most_and_fills_with_black() -> None:
    dots = torch.full((200, 1, 32, 32), -1.0)
    dots[:, :, 16, 16] = 1.0
    moved = translated(dots, random())
    places = [(image == 1).nonzero()[0, 1:] - 16 for image in moved]
    steps = torch.stack(places)
    assert steps.abs().max() == 4
    assert len({tuple(step.tolist()) for step in steps}) > 40
    assert ((moved == -1) | (moved == 1)).all()


def test_a_shifted_image_is_the_image() -> None:
    moved = translated(IMAGES[:1], random(3))[0]
    found = [
        (dy, dx)
        for dy in range(-4, 5)
        for dx in range(-4, 5)
        if torch.equal(
            moved[:, max(0, -dy) : 32 - max(0, dy), max(0, -dx) : 32 - max(0, dx)],
            IMAGES[0][:, max(0, dy) : 32 + min(0, dy), max(0, dx) : 32 + min(0, dx)],
        )
    ]
    assert len(found) == 1


def test_a_square_of_half_the_side_at_most_is_cut_out() -> None:
    cut = cutout(torch.ones(100, 1, 32, 32), random())
    areas = (cut == 0).flatten(1).sum(1)
    assert areas.max() <= 16 * 16
    assert areas.min() >= 64  # a corner of it at least
    assert len(areas.unique()) > 5


def test_colours_change_about_the_image_and_not_its_shapes() -> None:
    flat = torch.full((50, 3, 8, 8), 0.25)
    out = recoloured(flat, random())
    assert out.flatten(1).std(1).max() < 1e-5  # a plain grey stays one
    assert (out.mean((1, 2, 3)) - 0.25).abs().max() <= 0.5


def test_gradients_pass() -> None:
    images = IMAGES.clone().requires_grad_()
    diff_augment(images, random()).square().sum().backward()
    assert images.grad is not None
    assert (images.grad != 0).float().mean() > 0.4
