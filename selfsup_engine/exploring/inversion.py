"""Finding the point at which a generator draws a given picture, and saying honestly whether it can.

The point is found by gradient descent on the pixels from several starts (Creswell and Bharath, 2018), the best of many random samples.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import Pixels, to_unit
from selfsup_engine.scores import mse_per_image, psnr

CANDIDATES = 1_024  # random samples among which the starts are looked for
STARTS, STEPS, RATE = 12, 200, 0.08
CHECKED, CHECK_STEPS = 24, 150  # training images that are drawn after in the same way, to know what is usual
REFINED = 150  # steps with the best end
PULL = 1e-4  # on the squared length of z, which keeps it where the generator was trained
SHARE = 0.1  # of the training images that are drawn worse than what is still called drawable

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Inversion:
    """spot: the point that was found; image: (C, H, W) uint8, what is drawn there; psnr in dB.

    fidelity: the share of the picture's variance that is drawn, at most 1, and 0 or below where a plain area would do as well;
    usual: the fidelity that the generator reaches or passes for nine in ten of the images it learned from.
    """

    spot: Spot
    image: Pixels
    psnr: float
    fidelity: float
    usual: float

    @property
    def representable(self) -> bool:
        """Whether the generator draws this picture about as well as the kind it learned."""
        return self.fidelity >= self.usual


def fidelity(drawn: Tensor, wanted: Tensor) -> Tensor:
    """The share (N,) of the variance of images (N, C, H, W) in [-1, 1] that others reproduce: 1 for the same, 0 for their mean colour."""
    rest = (drawn - wanted).flatten(1).square().mean(1)
    usual = (wanted - wanted.mean((2, 3), keepdim=True)).flatten(1).square().mean(1)
    return 1 - rest / usual.clamp_min(1e-4)


def invert(sampler: Sampler, image: Pixels, progress: Progress = lambda share: None) -> Inversion:
    """The point at which a generator draws an image (C, H, W) uint8 most nearly. Some seconds on a CPU.

    `progress` is called with the share done, and may raise to give up.
    """
    wanted = to_unit(torch.from_numpy(image))[None]
    share = 0.0
    if sampler.usual_fidelity is None:
        share = 0.35
        sampler.usual_fidelity = usual_fidelity(sampler, lambda done: progress(share * done))
    z = descend(sampler, wanted, STARTS, STEPS, lambda done: progress(share + (0.9 - share) * done))
    z = refined(sampler, z, wanted)[0]
    spot = Spot.of(z.numpy())
    drawn = sampler.images([spot])[0]
    seen = torch.from_numpy(drawn)[None]
    error = float(mse_per_image(seen, torch.from_numpy(image)[None])[0])
    return Inversion(spot, drawn, psnr(error), float(fidelity(to_unit(seen), wanted)[0]), sampler.usual_fidelity)


def usual_fidelity(sampler: Sampler, progress: Progress) -> float:
    """The fidelity that training images reach (see Inversion)."""
    images = sampler.exhibit.images
    wanted = to_unit(images[:: max(1, len(images) // CHECKED)][:CHECKED])
    z = descend(sampler, wanted, 1, CHECK_STEPS, progress)
    with torch.no_grad():
        return float(fidelity(sampler.model.generate(z), wanted).quantile(SHARE))


def descend(sampler: Sampler, wanted: Tensor, starts: int, steps: int, progress: Progress) -> Tensor:
    """z (N, L) for images (N, C, H, W) in [-1, 1]: the best end of `starts` descents each."""
    count = len(wanted)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        candidates = torch.randn(CANDIDATES, sampler.latent_size, generator=random)
        drawn = torch.cat([sampler.model.generate(chunk) for chunk in candidates.split(256)]).flatten(1)
        nearest = torch.cdist(wanted.flatten(1), drawn).topk(starts, largest=False).indices  # (N, starts)
    goal = wanted.repeat_interleave(starts, 0)
    z = candidates[nearest.flatten()].clone().requires_grad_(True)
    adam = torch.optim.Adam([z], RATE)
    for step in range(steps):
        adam.param_groups[0]["lr"] = RATE * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        with torch.enable_grad():
            error = (sampler.model.generate(z) - goal).flatten(1).square().mean(1)
            (error.sum() + PULL * z.square().mean(1).sum()).backward()
        adam.step()
        adam.zero_grad()
        if step % 10 == 9:
            progress((step + 1) / steps)
    with torch.no_grad():
        error = (sampler.model.generate(z) - goal).flatten(1).square().mean(1).view(count, starts)
        best = error.argmin(1) + torch.arange(count) * starts
    return z.detach()[best]


def refined(sampler: Sampler, z: Tensor, wanted: Tensor) -> Tensor:
    """z (1, L), gone on with by L-BFGS (Liu and Nocedal, 1989), which sees the valley's curvature, to where it gains nothing more."""
    z = z.clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS([z], max_iter=REFINED, history_size=20, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        with torch.enable_grad():
            error: Tensor = (sampler.model.generate(z) - wanted).square().mean() + PULL * z.square().mean()
            error.backward()
        return error

    optimiser.step(loss)
    return z.detach()
