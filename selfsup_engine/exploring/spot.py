"""A point of a generator's latent space as a short text: what a link, the command line and Python call the same picture by.

    7.12                    sample no. 12 of seed 7
    7.12~t_0.7~g0_1.5       ... its numbers kept within 0.7, moved by 1.5 sigma along direction g0
    7.12~d48213377_1        ... moved along a direction that a person kept (see selfsup_engine.kept_directions)
    PAC4OgAA...~z17_-0.3    a point given outright (base64url of float16), its number 17 moved by -0.3

No character of it needs an escape in a link.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from selfsup_engine.errors import UserError
from selfsup_engine.halves import packed, unpacked

SEEDS, INDICES = 2**31, 1_000_000  # seeds and numbers of samples are below these
REACH = 10.0  # how far a move goes at most, either way
LIMIT = 4.0  # truncation at or above this changes nothing that can be seen
_MOVE = re.compile(r"(d\d{8}|[a-z]\d{1,3})_(-?\d{1,2}(?:\.\d{1,2})?)")


@dataclass(frozen=True)
class Spot:
    """Sample no. `index` of `seed`, or the point `code`; within `truncation` (0: no limit); moved along directions.

    code: base64url of float16 numbers, or empty; moves: (direction, sigmas) in the order of the directions' names, none of them 0;
    both numbers are kept to two digits after the point.
    """

    seed: int = 0
    index: int = 0
    code: str = ""
    truncation: float = 0.0
    moves: tuple[tuple[str, float], ...] = field(default=())

    def __str__(self) -> str:
        parts = [self.code or f"{self.seed}.{self.index}"]
        parts += [f"t_{self.truncation:g}"] * bool(self.truncation)
        return "~".join([*parts, *(f"{name}_{value:g}" for name, value in self.moves)])

    @classmethod
    def parse(cls, text: str) -> "Spot":
        """The point of a text.

        Raises:
            UserError: it is no such text.
        """
        first, *rest = text.split("~")
        spot = cls()
        if sample := re.fullmatch(r"(\d{1,10})\.(\d{1,7})", first):
            seed, index = map(int, sample.groups())
            if seed >= SEEDS or index >= INDICES:
                raise UserError(
                    f"Seeds go up to {SEEDS - 1:,} and samples up to no. {INDICES - 1:,}; {first} is beyond."
                )
            spot = replace(spot, seed=seed, index=index)
        else:
            numbers_of(first)
            spot = replace(spot, code=first)
        moves: dict[str, float] = {}
        for part in rest:
            if limit := re.fullmatch(r"t_(\d(?:\.\d{1,2})?)", part):
                spot = spot.within(float(limit[1]))
            elif move := _MOVE.fullmatch(part):
                moves[move[1]] = float(move[2])
            else:
                raise UserError(f"{part[:40]!r} says nothing about a sample. Copy the whole link, and try again.")
        return spot.moved(moves)

    @classmethod
    def of(cls, z: NDArray[np.float32]) -> "Spot":
        """A point given outright: z (L,), of which float16 is kept."""
        return cls(code=packed(z))

    def moved(self, moves: Mapping[str, float]) -> "Spot":
        """This point with these moves in place of its own."""
        kept = {name: round(max(-REACH, min(REACH, value)), 2) for name, value in moves.items()}
        return replace(self, moves=tuple(sorted((name, value) for name, value in kept.items() if value)))

    def within(self, truncation: float) -> "Spot":
        """This point with its numbers kept within a limit; 0 for none."""
        return replace(self, truncation=0.0 if truncation >= LIMIT else round(max(truncation, 0.0), 2))


def numbers_of(code: str) -> NDArray[np.float32]:
    """The numbers (L,) of a point's base64url text.

    Raises:
        UserError: it is none, or not all are finite.
    """
    try:
        return unpacked(code)
    except ValueError as error:
        raise UserError(
            f"{code[:40]!r} is no sample: it is given as SEED.NUMBER, as in 7.12. Copy the whole link."
        ) from error
