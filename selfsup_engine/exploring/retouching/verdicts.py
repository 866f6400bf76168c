"""What an operation came to on a photo, held against the classical operator in the same figure: an honest word. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from selfsup_engine.exploring.photo import Restyler, difference
from selfsup_engine.exploring.retouching.enhance import unsharp
from selfsup_engine.field_statistics import FieldStatistics, distance
from selfsup_engine.gradients import gradient, structure
from selfsup_engine.images import from_unit, to_unit
from selfsup_engine.models.color_gradient_networks import blurred
from selfsup_engine.scores import mse_per_image, psnr


@dataclass(frozen=True)
class Verdict:
    """figure: what is compared, with its unit; ours and theirs: its values, more is better; floor: before anything was done."""

    figure: str
    ours: float
    theirs: float | None
    floor: float | None = None
    unit: str = ""

    @property
    def better(self) -> bool | None:
        """Whether ours is; None where there is nothing beside it, or the two cannot be told apart."""
        if self.theirs is None or abs(self.ours - self.theirs) < max(0.1, 0.02 * max(abs(self.ours), abs(self.theirs))):
            return None
        return self.ours > self.theirs


def restored(model: Restyler, photo: Tensor) -> Verdict:
    """A photo (3, H, W) uint8 is blurred by the 5-tap binomial filter twice and put back: PSNR in dB by a model, and by the best of several
    unsharp masks."""
    soft = torch.from_numpy(from_unit(blurred(blurred(to_unit(photo[None])))))[0]
    change = difference(model, soft)
    ours = (soft.float() + 255 * change.float()).round().clamp(0, 255).to(torch.uint8)

    def score(image: Tensor) -> float:
        return psnr(float(mse_per_image(image[None], photo[None])[0]))

    theirs = max(score(unsharp(soft, strength=strength)) for strength in (0.25, 0.5, 0.75, 1.0))
    return Verdict("a blurred copy put back, PSNR", score(ours), theirs, score(soft), "dB")


def moved(photo: Tensor, changed: Tensor, other: Tensor | None, reference: FieldStatistics, what: str) -> Verdict:
    """By how much the distance to a reference's statistics fell, as a share: `what` is a field of field_statistics.Distance."""

    def left(image: Tensor) -> float:
        return float(getattr(distance(FieldStatistics.of(image), reference), what))

    before = max(left(photo), 1e-9)
    theirs = None if other is None else 100 * (1 - left(other) / before)
    names = {"chroma": "way to the reference's colours", "strength": "way to the reference's gradients"}
    return Verdict(names[what], 100 * (1 - left(changed) / before), theirs, unit="%")


def flattened(photo: Tensor, changed: Tensor, other: Tensor | None) -> Verdict:
    """How much flatter the weaker half of the gradients became, with how much of the strongest hundredth is left: their product, in percent."""
    own = structure(gradient(photo.float())).strength.numpy()
    weak, strong = own <= np.median(own), own >= np.quantile(own, 0.99)

    def score(image: Tensor) -> float:
        now = structure(gradient(image.float())).strength.numpy()
        texture = 1 - float(now[weak].mean()) / max(float(own[weak].mean()), 1e-9)
        edges = min(1.0, float(now[strong].mean()) / max(float(own[strong].mean()), 1e-9))
        return 100 * max(texture, 0.0) * edges

    return Verdict("texture gone, times edges kept", score(changed), None if other is None else score(other), unit="%")
