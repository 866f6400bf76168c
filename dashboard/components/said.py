"""What a browser says to a component's page. It may come from a script of our own, or from whoever writes to the server by hand: a message
that is not of its form was never sent."""

from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from dashboard import state

T = TypeVar("T")

Turn = Annotated[int, Field(ge=0, le=2**53)]
"""The number of a choice, which grows; 2**53 is a browser's largest integer."""

Number = Annotated[int, Field(ge=-1, le=10_000_000)]
"""Which of some things, counted from 0; or a step."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Coordinate = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=200)]


def said(key: str, name: str, form: TypeAdapter[T]) -> T | None:
    """What the browser says as `name` to the component of a key; None where it says nothing, or nothing of that form."""
    everything = state.held(key)
    if not isinstance(everything, dict) or everything.get(name) is None:
        return None
    try:
        return form.validate_python(everything[name])
    except ValidationError:
        return None
