"""A group of pictures as a short text, as a link says it: what one side of a direction by example is given by.

l3                      the pictures of label 3
p0,0;1,0;0,1            those inside a polygon that was drawn on the map
i5.9.12                 the kept pictures of these numbers
s7.12~~7.40~g0_1        samples of a generator (see spot.py)
"""

import re
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.contrast import FEWEST, Contrast, contrast, held_out, random_pairs
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.exploring.selection import inside, parse_polygon
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.scores import nearest

Kind = Literal["label", "place", "pictures", "samples"]
KINDS: dict[str, Kind] = {"l": "label", "p": "place", "i": "pictures", "s": "samples"}
BETWEEN = "~~"  # two samples
MOST = 60  # pictures or samples that are picked one by one
PLACES = 40  # pairs of random places that are looked at


@dataclass(frozen=True)
class Group:
    """kind: how it is given; what: the rest of its text."""

    kind: Kind
    what: str

    def __str__(self) -> str:
        return next(letter for letter, kind in KINDS.items() if kind == self.kind) + self.what

    @classmethod
    def parse(cls, text: str) -> "Group":
        """The group of a text.

        Raises:
            UserError: it is no such text.
        """
        kind, what = KINDS.get(text[:1]), text[1:]
        if kind == "samples":
            return cls.of_samples([Spot.parse(part) for part in what.split(BETWEEN)])
        if kind == "place":
            parse_polygon(what)
        elif not (
            (kind == "label" and re.fullmatch(r"\d{1,3}", what))
            or (kind == "pictures" and re.fullmatch(rf"\d{{1,6}}(\.\d{{1,6}}){{0,{MOST - 1}}}", what))
        ):
            raise UserError(f"{text[:40]!r} names no group of pictures. Copy the whole link, and try again.")
        return cls(kind, what)

    @classmethod
    def of_pictures(cls, numbers: list[int]) -> "Group":
        """Kept pictures by their numbers, each once, the newest of too many."""
        return cls("pictures", ".".join(map(str, dict.fromkeys(numbers[-MOST:]))))

    @classmethod
    def of_samples(cls, spots: list[Spot]) -> "Group":
        """Samples, each once, the newest of too many."""
        return cls("samples", BETWEEN.join(map(str, dict.fromkeys(spots[-MOST:]))))

    @property
    def label(self) -> int:
        return int(self.what) if self.kind == "label" else -1

    @property
    def numbers(self) -> list[int]:
        return [int(number) for number in self.what.split(".")] if self.kind == "pictures" else []

    @property
    def spots(self) -> list[Spot]:
        return [Spot.parse(part) for part in self.what.split(BETWEEN)] if self.kind == "samples" else []


def members(group: Group, space: LatentSpace) -> Tensor:
    """The numbers (N,) of the kept pictures of an autoencoder that are in a group, in rising order.

    Raises:
        UserError: there are none, or they are samples of a generator.
    """
    kept = space.exhibit
    if group.kind == "label" and kept.labels is not None:
        found = kept.labels == group.label
    elif group.kind == "place":
        found = inside(space.plane.flat(kept.codes), parse_polygon(group.what))
    else:
        found = torch.zeros(len(kept.codes), dtype=torch.bool)
        found[[number for number in group.numbers if number < len(found)]] = True
    if not bool(found.any()):
        raise UserError(f"{space.name} has no pictures in this group. Choose another one.")
    return found.nonzero()[:, 0]


def between(space: LatentSpace, a: Group, b: Group) -> Contrast:
    """The direction from one group of an autoencoder's pictures to another, held against random groups of all its pictures.

    A picture that is in both counts in neither: it would be measured where it was learned from.

    Raises:
        UserError: a group has too few pictures, or there is no way from the one to the other.
    """
    of_a, of_b = members(a, space), members(b, space)
    of_a, of_b = of_a[~torch.isin(of_a, of_b)], of_b[~torch.isin(of_b, of_a)]
    codes = space.exhibit.codes
    return contrast(codes[of_a], codes[of_b], random_pairs(codes, (len(of_a), len(of_b))))


def effect_of_places(space: LatentSpace, sizes: tuple[int, int]) -> float:
    """The median effect between pairs of groups that are nothing but two places on the map: a random picture each, and those around it.

    Groups that were lassoed lie apart because they were chosen so; this says how far apart such groups usually are.
    """
    codes, flat = space.exhibit.codes, space.plane.flat(space.exhibit.codes)
    middles = torch.randint(len(codes), (PLACES, 2), generator=torch.Generator().manual_seed(0))
    around = nearest(flat[middles.flatten()], flat, max(sizes))[1].view(PLACES, 2, -1)
    found = []
    for a, b in around:
        a, b = a[: sizes[0]], b[: sizes[1]]
        a, b = a[~torch.isin(a, b)], b[~torch.isin(b, a)]
        if min(len(a), len(b)) >= FEWEST:
            found.append(held_out(codes[a], codes[b])[0])
    return float(torch.tensor(found).median()) if found else 0.0
