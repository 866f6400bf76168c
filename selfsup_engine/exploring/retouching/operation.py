"""What an operation is to the page, to the command line and to recipes: settings whose fields speak for themselves, what it needs, and how it
is applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.photo import Restyler
from selfsup_engine.exploring.retouching.base import Progress, part, silent
from selfsup_engine.exploring.retouching.verdicts import Verdict
from selfsup_engine.field_statistics import FieldStatistics

Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
"""An sRGB colour, #rrggbb."""


@dataclass(frozen=True, eq=False)
class Means:
    """What an operation may be given besides the photo.

    model: a loaded model; learned: the statistics of what it learned from; reference: a photo (3, h, w) uint8.
    """

    model: Restyler | None = None
    learned: FieldStatistics | None = None
    reference: Tensor | None = None


class Operation(BaseModel):
    """One operation with its settings. Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: ClassVar[str]
    lead: ClassVar[str]
    """What it does, in a sentence for a person."""
    prepared_by: ClassVar[tuple[str, ...]] = ()
    """The settings on which `prepare` depends."""
    no_model: ClassVar[str] = ""
    """What it goes by without a model, where it can do without one."""
    classical_title: ClassVar[str] = ""
    """What the classical operator is called that stands beside it; empty if there is none."""

    strength: float = Field(1.0, ge=0, le=1, title="Strength", description="0 leaves the photo as it is.")

    @property
    def pretexts(self) -> tuple[str, ...]:
        """The pretexts of the models that it takes; empty if it takes none."""
        return ()

    @property
    def wants_reference(self) -> bool:
        """Whether it takes a reference photo."""
        return False

    def prepare(self, photo: Tensor, means: Means, progress: Progress = silent) -> Any:
        """Whatever takes long.

        Raises:
            UserError: a model or a reference is missing.
        """
        return None

    def apply(self, photo: Tensor, prepared: Any, progress: Progress = silent) -> Tensor:
        """The photo (3, H, W) uint8 after the operation, of the same size."""
        raise NotImplementedError

    def render(self, photo: Tensor, means: Means, progress: Progress = silent) -> Tensor:
        """Both: the photo (3, H, W) uint8 after the operation."""
        prepared = self.prepare(photo, means, part(progress, 0, 0.65))
        return self.apply(photo, prepared, part(progress, 0.65, 1))

    def compares(self, means: Means) -> bool:
        """Whether there is a classical operator for it as it stands."""
        return bool(self.classical_title)

    def classical(self, photo: Tensor, means: Means) -> Tensor | None:
        """The same by the classical operator, at full strength; `mixed` with the photo for less."""
        return None

    def verdict(self, photo: Tensor, changed: Tensor, classical: Tensor | None, means: Means) -> Verdict | None:
        """What it came to, beside the classical operator."""
        return None


def model_of(means: Means, operation: Operation) -> Restyler:
    """The model that an operation was given.

    Raises:
        UserError: there is none of a pretext that it takes.
    """
    if means.model is None or means.model.pretext not in operation.pretexts:
        wanted = " or ".join(operation.pretexts)
        raise UserError(f"{operation.title} takes a model that learned to {wanted}. Choose one.")
    return means.model


def reference_of(means: Means, operation: Operation) -> Tensor:
    """The reference photo (3, h, w) uint8 that an operation was given.

    Raises:
        UserError: there is none.
    """
    if means.reference is None:
        raise UserError(f"{operation.title} takes a reference photo. Choose one.")
    return means.reference
