"""A group of pictures as a short text, as a link says it: what one side of a direction by example is given by. Torch is not needed here.

l3                      the pictures of label 3
p0,0;1,0;0,1            those inside a polygon that was drawn on the map
i5.9.12                 the kept pictures of these numbers
s7.12~~7.40~g0_1        samples of a generator (see spot.py)
"""

import re
from dataclasses import dataclass
from typing import Literal

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.selection import checked
from selfsup_engine.exploring.spot import Spot

Kind = Literal["label", "place", "pictures", "samples"]
KINDS: dict[str, Kind] = {"l": "label", "p": "place", "i": "pictures", "s": "samples"}
BETWEEN = "~~"  # two samples
MOST = 60  # pictures or samples that are picked one by one


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
        if not (
            (kind == "label" and re.fullmatch(r"\d{1,3}", what))
            or (kind == "place" and what and _is_outline(what))
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


def _is_outline(text: str) -> bool:
    try:
        return bool(checked(text))
    except ValueError:
        return False
