"""The directions of models that a person found by example and kept: with the library, so also for models of the gallery.

A direction is called by a number that follows from its vector: wherever it is taken, a link finds it, and never another one.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from selfsup_engine import files
from selfsup_engine.errors import UserError
from selfsup_engine.halves import packed, unpacked
from selfsup_engine.lines import one_line

FILE = "directions.json"
MOST = 64  # of a model
NAME = 24  # characters
MAX_BYTES = 1_000_000  # of a file of directions; 64 of 2,000 numbers have under half of it

Figure = Annotated[float, Field(ge=-1e4, le=1e4, allow_inf_nan=False)]


class Kept(BaseModel):
    """id: d and eight digits; vector: of length 1, packed (see halves.py); effect, chance and share: see exploring/contrast.py; sizes:
    members of both groups; groups: how they are given (see exploring/groups.py); made: the groups in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str = Field(pattern=r"^d\d{8}$")
    name: str = Field(min_length=1, max_length=NAME)
    vector: str = Field(max_length=8_000)
    effect: Figure
    chance: Figure
    share: float = Field(ge=0, le=1)
    sizes: tuple[Annotated[int, Field(ge=1, le=10_000_000)], Annotated[int, Field(ge=1, le=10_000_000)]]
    groups: tuple[Annotated[str, Field(max_length=6_000)], Annotated[str, Field(max_length=6_000)]]
    made: str = Field("", max_length=200)

    @model_validator(mode="after")
    def _is_a_direction(self) -> "Kept":
        if abs(float(np.linalg.norm(self.numbers)) - 1) > 0.01 or self.id != id_of(self.vector):
            raise ValueError("the vector is not of length 1, or not that of the id")
        return self

    @property
    def numbers(self) -> NDArray[np.float32]:
        """The vector (D,)."""
        return unpacked(self.vector)


def id_of(vector: str) -> str:
    """What a packed vector is called."""
    return f"d{int.from_bytes(hashlib.sha256(vector.encode()).digest()[:8]) % 10**8:08}"


def name_and_vector(name: str, axis: NDArray[np.float32]) -> dict[str, str]:
    """The fields of a direction that follow from its name and its vector (D,).

    Raises:
        UserError: it has no name, or one that is too long.
    """
    vector = packed(axis)
    return {"id": id_of(vector), "name": checked(name), "vector": vector}


def checked(name: str) -> str:
    """A name in one line.

    Raises:
        UserError: it is empty or too long.
    """
    name = one_line(name)
    if not 1 <= len(name) <= NAME:
        raise UserError(f"A name of a direction has 1 to {NAME} characters.")
    return name


_FILE = TypeAdapter(Annotated[list[Kept], Field(max_length=MOST)])


def parse(data: bytes, size: int) -> list[Kept]:
    """The directions of a file that `KeptDirections.export` gave, for a model whose codes have `size` numbers.

    Raises:
        UserError: it is no such file, or they are another model's.
    """
    try:
        found = _FILE.validate_json(data) if len(data) <= MAX_BYTES else None
    except ValidationError:
        found = None
    if found is None:
        raise UserError("This file holds no directions of Selfsup Studio's. Take one that “Download all” gave.")
    if any(len(one.numbers) != size for one in found):
        raise UserError("These directions are another model's: they have another number of numbers than its codes.")
    return found


class KeptDirections:
    """Those of one model, told by the hash of its weights."""

    def __init__(self, library: Path, weights: str) -> None:
        if not re.fullmatch("[0-9a-f]{1,64}", weights):
            raise UserError("This model has no weights yet. Train it first.")
        self._path = library / ".directions" / f"{weights}.json"

    def all(self) -> list[Kept]:
        """In the order in which they were kept; none where nothing was kept or it cannot be read."""
        try:
            return _FILE.validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return []

    def keep(self, *new: Kept) -> None:
        """Adds directions; one that is kept already gets the new name.

        Raises:
            UserError: there would be too many, or they cannot be written.
        """
        kept = {one.id: one for one in [*self.all(), *new]}
        if len(kept) > MOST:
            raise UserError(f"{MOST} directions of a model can be kept. Delete some first.")
        self._write(list(kept.values()))

    def rename(self, direction: str, name: str) -> None:
        """Calls one something else.

        Raises:
            UserError: the name is empty or too long, or it cannot be written.
        """
        name = checked(name)
        self._write([one.model_copy(update={"name": name}) if one.id == direction else one for one in self.all()])

    def delete(self, direction: str) -> None:
        """Lets one go; `keep` brings it back."""
        self._write([one for one in self.all() if one.id != direction])

    def export(self) -> bytes:
        """All of them as a file."""
        return written(self.all())

    def _write(self, kept: list[Kept]) -> None:
        try:
            files.write(self._path, written(kept))
        except OSError as error:
            raise UserError(
                f"The directions cannot be kept ({error.strerror}). Free some space, or set SELFSUP_RUNS."
            ) from error


def written(kept: list[Kept]) -> bytes:
    """Directions as a file."""
    return json.dumps([one.model_dump() for one in kept], indent=1, ensure_ascii=False).encode()
