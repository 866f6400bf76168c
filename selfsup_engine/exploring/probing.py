"""What a model learned without labels: how well a simple classifier tells the classes apart by what each layer of its encoder gives.

Linear probes (Alain and Bengio, 2017) and the five nearest neighbours, on held-out images that the model did not learn from, split once
more: on one part the probe learns, on the other it is scored. Beside them stands what they are to be held against: the bare pixels,
chance, and the same network before its first step. The same figures at every call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.anatomy import Anatomy
from selfsup_engine.exploring.inside import CHUNK, Inside
from selfsup_engine.images import to_unit
from selfsup_engine.models.spec import Encodes, check_config, spec
from selfsup_engine.scores import knn_accuracy
from selfsup_engine.sources.base import held_out

IMAGES = 5_000  # at most
TESTED = 0.4  # of them
WIDEST = 1_024  # numbers of a layer that a probe looks at; maps with more are averaged over squares
DECAY = 1e-3  # weight of the probe's squared weights beside its mean cross-entropy; ten times more holds back codes of two numbers
STEPS = 60  # of L-BFGS

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Probe:
    """What was told apart by one layer's output, as shares in [0, 1]: by a linear classifier, and by the five nearest neighbours.

    numbers: how many of each image they looked at; untrained_*: the same of the network before its first step, None for the pixels.
    """

    name: str
    numbers: int
    linear: float
    knn: float
    untrained_linear: float | None = None
    untrained_knn: float | None = None


@dataclass(frozen=True)
class Probed:
    """probes: the pixels first, then the encoder's layers in order, the code last; chance: the share of the commonest class;
    learned_on, scored_on: images."""

    probes: tuple[Probe, ...]
    chance: float
    learned_on: int
    scored_on: int


def linear_probe(features: Tensor, labels: Tensor, test: Tensor, test_labels: Tensor) -> float:
    """Accuracy in [0, 1] on test features (M, D) of a multinomial logistic regression that was fitted to features (N, D).

    Features are standardised by the mean and deviation of those it learns from; one that never changes there is left out.
    """
    mean, spread = features.mean(0), features.std(0)
    kept = spread > 1e-6
    if not bool(kept.any()):
        return float((test_labels == labels.mode().values).float().mean())
    x, y = (features - mean)[:, kept] / spread[kept], (test - mean)[:, kept] / spread[kept]
    weights = torch.zeros(x.shape[1], int(labels.max()) + 1, requires_grad=True)
    bias = torch.zeros(weights.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = F.cross_entropy(x @ weights + bias, labels) + DECAY / 2 * weights.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimiser.step(loss)
    return float(((y @ weights + bias).argmax(1) == test_labels).float().mean())


def flat(outputs: Tensor) -> Tensor:
    """What a layer gives, (N, D) or (N, C, H, W), as features (N, D): maps of over WIDEST numbers are averaged over squares, to the
    finest grid that keeps to it."""
    if outputs.ndim == 4 and outputs[0].numel() > WIDEST:
        side = max(1, int((WIDEST / outputs.shape[1]) ** 0.5))
        outputs = F.adaptive_avg_pool2d(outputs, min(side, outputs.shape[-1]))
    return outputs.flatten(1)


def features(anatomy: Anatomy, images: Tensor) -> list[Tensor]:
    """What the encoder makes of uint8 images, as features (N, D): of each layer but the last, and the code."""
    way = anatomy.passes[0]
    found: list[list[Tensor]] = []
    for chunk in images.split(CHUNK):
        outputs, codes = anatomy.outputs(way, to_unit(chunk))
        found.append([flat(one).clone() for one in [*outputs[:-1], codes]])
    return [torch.cat(chunks) for chunks in zip(*found, strict=True)]


def untrained(inside: Inside) -> Anatomy:
    """The same network as it was before its first step: the seed says all of it."""
    run = inside.run
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        model = spec(run.family).model(check_config(run.family, run.config))
    return Anatomy(model.eval().requires_grad_(False), torch.zeros(1, *inside.shape))


def probe(inside: Inside, progress: Progress = lambda share: None) -> Probed:
    """Probes every layer of an encoder on the images that the model keeps, which it did not learn from.

    Raises:
        UserError: it encodes nothing, or its images have no labels.
    """
    if not isinstance(inside.model, Encodes):
        raise UserError(f"{inside.name} encodes no images, so there is nothing to be told apart by.")
    if inside.exhibit.labels is None or len(inside.exhibit.labels.unique()) < 2:
        raise UserError("These pictures have no labels, so nobody can say what it should tell apart.")
    apart = max(1, -(-len(inside.exhibit.images) // IMAGES))
    images = inside.exhibit.images[::apart]
    labels = inside.exhibit.labels[::apart].unique(return_inverse=True)[
        1
    ]  # an upload may call its classes by any numbers
    train, test = map(torch.from_numpy, held_out(len(images), labels.numpy(), TESTED))
    names = [layer.name for layer in inside.anatomy.of_part(inside.passes[0].part)[:-1]]
    names.append(f"the code, {cast(Encodes, inside.model).code_size} numbers")
    trained, before = features(inside.anatomy, images), features(untrained(inside), images)
    done, everything = 0, 2 * len(trained) + 1

    def both(given: Tensor) -> tuple[float, float]:
        nonlocal done
        split = given[train], labels[train], given[test], labels[test]
        found = linear_probe(*split), knn_accuracy(*split)
        done += 1
        progress(done / everything)
        return found

    pixels = flat(to_unit(images))
    probes = [Probe("pixels", pixels.shape[1], *both(pixels))]
    for name, ours, raw in zip(names, trained, before, strict=True):
        probes.append(Probe(name, ours.shape[1], *both(ours), *both(raw)))
    chance = float((labels[test] == labels[train].mode().values).float().mean())
    return Probed(tuple(probes), chance, len(train), len(test))
