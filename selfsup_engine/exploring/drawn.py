"""Groups of a generator's samples: those that look like training pictures of a label, or like a few samples that a person picked.

A direction in a latent space of a hundred numbers asks for about a hundred examples. A person picks five. So of 2,000 samples those whose
pictures are nearest to the examples stand for the group. Labels are the training pictures' own, and say nothing to the generator.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from selfsup_engine.device import one_thread
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.contrast import FEWEST, PAIRS, Contrast, contrast
from selfsup_engine.exploring.groups import Group
from selfsup_engine.exploring.sampling import Sampler, drawn_from

COUNT = 2_000
BATCH = 64  # drawn at once: these pictures are compared, never shown, so their last bits may differ
NEIGHBOURS = 10  # training pictures that say what a sample shows
AGREED = 0.8  # share of them that must say the same
ALIKE = 100  # samples that stand for a few examples


class Drawn:
    """Samples no. 0 to 1,999 of seed 0, with what they show: z (2000, L); labels (2000,), -1 where the nearest training pictures do not
    agree, None where these have none."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self.z = torch.stack([drawn_from(0, index, sampler.latent_size) for index in range(COUNT)])
        with one_thread(), torch.inference_mode():
            images = np.concatenate([sampler.in_bytes(z).numpy() for z in self.z.split(BATCH)])
        self._images = torch.from_numpy(images)  # bytes, a quarter of what it takes to compare them
        self.labels: Tensor | None = None
        if sampler.exhibit.labels is not None:
            votes = sampler.exhibit.labels[torch.tensor(sampler.nearest(images, NEIGHBOURS))]
            most = votes.mode(dim=1).values
            agreed = (votes == most[:, None]).float().mean(1) >= AGREED
            self.labels = most.where(agreed, -1)

    def members(self, group: Group, other: Group) -> Tensor:
        """The numbers (N,) of the samples that stand for a group beside another.

        Raises:
            UserError: there are too few of that label, or the group is none of a generator's.
        """
        if group.kind == "samples":
            return _alike(self._nearness(group), self._nearness(other))
        return self._labelled(group)

    def contrast(self, a: Group, b: Group) -> Contrast:
        """The direction from A to B, held against pairs of groups that were chosen at random and then made as these were.

        Raises:
            UserError: a group has too few members, or both are the same.
        """
        for group in (a, b):
            if group.kind == "samples" and len(group.spots) < FEWEST:
                raise UserError(f"A group needs {FEWEST} samples at the least. Add more of them to A and to B.")
        if a == b:
            raise UserError("A and B are the same group: there is no direction from the one to the other. Change one.")
        return contrast(self.z[self.members(a, b)], self.z[self.members(b, a)], self._random(a, b))

    def _labelled(self, group: Group) -> Tensor:
        if self.labels is None or group.kind != "label":
            raise UserError("The training pictures of this generator have no labels. Pick samples for A and B instead.")
        found = (self.labels == group.label).nonzero()[:, 0]
        if len(found) < FEWEST:
            raise UserError(f"Of {COUNT:,} samples only {len(found)} clearly show that label. Choose another one.")
        return found

    def _nearness(self, group: Group) -> Tensor:
        """How far each sample's picture (2000,) is from the nearest of a group's own."""
        if group.kind == "samples":
            pictures = torch.from_numpy(self._sampler.images(group.spots))
        else:
            pictures = self._images[self._labelled(group)]
        return _nearest(pictures.flatten(1).float(), self._images.flatten(1).float())

    def _random(self, a: Group, b: Group) -> Iterator[tuple[Tensor, Tensor]]:
        """Random pairs of groups: as many examples, and then those alike; of labels as many members."""
        generator = torch.Generator().manual_seed(0)
        sizes = [
            len(group.spots) or len(self._labelled(group)) for group in (a, b)
        ]  # of spots the examples, not those alike
        pictures = self._images.flatten(1).float()
        for _ in range(PAIRS):
            pair = torch.randperm(COUNT, generator=generator)[: sum(sizes)].split(sizes)
            if a.spots or b.spots:  # labels need no pictures compared, which is nearly all of the work
                near = [_nearest(pictures[numbers], pictures) for numbers in pair]
                pair = [_alike(near[i], near[1 - i]) if group.spots else pair[i] for i, group in enumerate((a, b))]
            if min(map(len, pair)) >= FEWEST:
                yield self.z[pair[0]], self.z[pair[1]]


def _nearest(few: Tensor, many: Tensor) -> Tensor:
    """How far each of many pictures (N, P) is from the nearest of a few."""
    return torch.cdist(few, many).min(0).values


def _alike(near: Tensor, far: Tensor) -> Tensor:
    """The numbers of the samples that are nearest to a group, and nearer than to the other one."""
    ranked = near.where(near < far, torch.inf).argsort(stable=True)
    return ranked[: min(ALIKE, int((near < far).sum()))]
