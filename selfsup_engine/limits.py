"""What a visitor of a public host may use, and why. One setting turns it on: the environment variable SELFSUP_PUBLIC.

Unset, empty or "0" is local mode, which has none of this. "1" is public mode with the usual limits; `SELFSUP_PUBLIC="seconds=60,runs=5"`
sets some of them otherwise. The server and the processes that it starts read the same setting, here alone.
"""

import os
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from selfsup_engine.errors import UserError, in_words

SLOW = 30  # seconds of a turn beside training: fetching images, the last look

Count = Annotated[int, Field(ge=1)]


class Limits(BaseModel):
    """Each limit with its unit and, as its description, the reason that a visitor is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Annotated[int, Field(ge=5)] = Field(
        120, title="seconds a run trains", description="so that everyone's turn comes soon"
    )
    steps: Count = Field(20_000, title="steps a run takes", description="so that everyone's turn comes soon")
    at_once: Count = Field(
        2, title="runs that train or wait at once", description="so that nobody fills the queue alone"
    )
    runs: Count = Field(12, title="runs kept", description="so that the disk holds everyone's")
    queue: Count = Field(
        24, title="runs of all visitors that wait", description="because a longer queue is a promise nobody keeps"
    )
    images: Annotated[int, Field(ge=16)] = Field(
        1_000,
        title="pictures in a set of one's own",
        description="because a model has no time here to see more",
    )
    image_side: Annotated[int, Field(ge=28)] = Field(
        64, title="pixels a side that a model sees", description="because twice the side is four times the work"
    )
    parameters: Count = Field(
        15_000_000, title="numbers that a model learns", description="because memory and disk are shared"
    )
    upload_mb: Count = Field(
        30, title="MB brought at once", description="because what is brought lies in memory that is shared"
    )
    megapixels: Count = Field(12, title="megapixels of a photo", description="because memory is shared")
    visitor_mb: Count = Field(300, title="MB kept of one visitor", description="so that the disk holds everyone's")
    disk_mb: Count = Field(
        5_000, title="MB kept of all visitors", description="because this host has other things to keep, too"
    )
    hours: Annotated[float, Field(gt=0)] = Field(
        24,
        title="hours for which runs and pictures stay after they last changed",
        description="so that the disk holds everyone's",
    )

    @property
    def turn(self) -> int:
        """Seconds after which a run is ended, whatever it does: only one that hangs is."""
        return 2 * self.seconds + 4 * SLOW

    def why(self, field: str) -> str:
        """The reason for a limit, as the end of a sentence."""
        return str(type(self).model_fields[field].description)


def public() -> Limits | None:
    """The limits of this host; None in local mode.

    Raises:
        UserError: the setting says what it cannot mean. Nothing is served then: a host that was to have limits must not go without.
    """
    return _parsed(os.environ.get("SELFSUP_PUBLIC", "").strip())


@lru_cache(maxsize=8)
def _parsed(said: str) -> Limits | None:
    if said in ("", "0"):
        return None
    parts = [part.partition("=") for part in said.split(",") if part != "1"]
    try:
        return Limits.model_validate({name.strip(): value.strip() for name, _, value in parts})
    except ValidationError as error:
        fields = ", ".join(Limits.model_fields)
        raise UserError(
            f"SELFSUP_PUBLIC is 1, or limits such as seconds=60,runs=5. {in_words(error)}. There are: {fields}."
        ) from error
