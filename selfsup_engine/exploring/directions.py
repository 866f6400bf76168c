"""Directions of a generator's latent space along which its pictures change most, and a name for what they change.

Two ways to find them, neither of which needs a label: principal components of the first layer's activations, carried back to the
latent space by linear regression (GANSpace: Harkonen et al., 2020), and the closed form, the eigenvectors of the first layer's
weights (SeFa: Shen and Zhou, 2021).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from selfsup_engine.device import one_thread
from selfsup_engine.models.spec import Samples

COUNT = 10
SAMPLES = 2_048  # points whose activations are decomposed
WATCHED = 64  # samples by which a direction is named
APART = 2.0  # sigmas to either side, at which the named changes are measured
CLEAR = 0.6  # standard deviations that a measure must change by to give a direction its name


@dataclass(frozen=True)
class Direction:
    """id: g0, g1, ... (activations) or s0, ... (weights); name: what it changes most; axis: (L,) of length 1, so that a sigma of the
    samples is 1; change: mean absolute difference of the pixels between its two ends, on [0, 1]."""

    id: str
    name: str
    axis: Tensor
    change: float


def found_in(model: Samples) -> dict[str, list[Direction]]:
    """Directions by method, "activations" and "weights", ranked by how much of a picture they change."""
    found = {}
    with (
        torch.no_grad(),
        one_thread(),
    ):  # the same last bits wherever they are found: a link names directions by their rank
        for method, axes in (("activations", ganspace(model)), ("weights", sefa(model.first_weights()))):
            found[method] = _named(model, axes, method)
    return found


def ganspace(model: Samples, count: int = COUNT) -> Tensor:
    """Unit vectors (count, L): the first principal components of the first layer's activations, as changes of z."""
    z = _standard(SAMPLES, model.latent_size)
    activations = model.first_layer(z).double()
    activations -= activations.mean(0)  # in place: it is 67 MB
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        count = min(count, model.latent_size)
        components = torch.pca_lowrank(activations, q=min(count + 8, *activations.shape), center=False, niter=3)[2]
    places = activations @ components[:, :count]
    return _oriented(torch.linalg.lstsq(places, z.double()).solution)


def sefa(weights: Tensor, count: int = COUNT) -> Tensor:
    """Unit vectors (count, L): the eigenvectors of A^T A with the largest eigenvalues, of the first layer's weights A (K, L)."""
    _, columns = torch.linalg.eigh((weights.T @ weights).double())  # in rising order
    return _oriented(columns.T.flip(0)[:count])


def _oriented(axes: Tensor) -> Tensor:
    """Of length 1, the same way round, and the same numbers at every call: the last bits of a decomposition vary, so they are left out."""
    axes = axes / axes.norm(dim=1, keepdim=True).clamp_min(1e-9)
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    return axes.round(decimals=6).float()


def _standard(count: int, size: int) -> Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(0))


def change_along(model: Samples, axis: Tensor) -> float:
    """Mean absolute difference of the pixels between two sigmas to either side along a unit vector (L,), on [0, 1]."""
    z = _standard(WATCHED, model.latent_size)
    return float((model.generate(z + APART * axis) - model.generate(z - APART * axis)).abs().mean()) / 2


def _named(model: Samples, axes: Tensor, method: str) -> list[Direction]:
    z = _standard(WATCHED, model.latent_size)
    usual = measures(model.generate(z))
    spread = {name: values.std().clamp_min(1e-3) for name, values in usual.items()}
    changes: list[float] = []  # as `change_along`, and of the same pictures
    effects: dict[tuple[int, str], float] = {}  # of a direction on a measure, in the measure's standard deviations
    for i, axis in enumerate(axes):
        low, high = model.generate(z - APART * axis), model.generate(z + APART * axis)
        changes.append(float((high - low).abs().mean()) / 2)
        before, after = measures(low), measures(high)
        effects |= {(i, name): float((after[name] - before[name]).mean() / spread[name]) for name in usual}
    names: dict[int, str] = {}
    for i, name in sorted(
        effects, key=lambda pair: -abs(effects[pair])
    ):  # each name goes to the direction that deserves it most
        if i not in names and name not in names.values() and abs(effects[i, name]) > CLEAR:
            names[i] = name
    ranked = sorted(range(len(axes)), key=lambda i: -changes[i])
    shapes = [i for i in ranked if i not in names]
    names |= {i: f"Shape {number}" for number, i in enumerate(shapes, 1)}
    letter = "g" if method == "activations" else "s"
    directions = []
    for rank, i in enumerate(ranked):
        more = (
            -axes[i] if effects.get((i, names[i]), 1.0) < 0 else axes[i]
        )  # to the right is more of what it is called by
        directions.append(Direction(f"{letter}{rank}", names[i], more, changes[i]))
    return directions


def measures(images: Tensor) -> dict[str, Tensor]:
    """What a direction may be named after, (N,) each, of images (N, C, H, W) in [-1, 1]: simple figures of brightness, colour and shape.

    Shapes are those of what differs from the border's own brightness.
    """
    light = images.mean(1)
    border = torch.cat([light[:, 0], light[:, -1], light[:, :, 0], light[:, :, -1]], dim=1).median(1).values
    mass = (light - border[:, None, None]).abs() + 1e-4
    mass = mass / mass.sum((1, 2), keepdim=True)
    y = torch.linspace(-1, 1, light.shape[1])[None, :, None]
    x = torch.linspace(-1, 1, light.shape[2])[None, None, :]
    middle_x, middle_y = (mass * x).sum((1, 2)), (mass * y).sum((1, 2))
    dx, dy = x - middle_x[:, None, None], y - middle_y[:, None, None]
    found = {
        "Brightness": light.mean((1, 2)),
        "Contrast": light.std((1, 2)),
        "Width": (mass * dx.square()).sum((1, 2)).sqrt(),
        "Height": (mass * dy.square()).sum((1, 2)).sqrt(),
        "To the right": middle_x,
        "Downwards": middle_y,
        "Tilt": (mass * dx * dy).sum((1, 2)),
    }
    if images.shape[1] == 3:
        red, green, blue = images.mean((2, 3)).T
        found |= {"Red": red - green, "Yellow": (red + green) / 2 - blue}
    return found
