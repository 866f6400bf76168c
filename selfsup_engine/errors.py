"""The one kind of error that a person can cause.

Its message is shown as it stands, on a page or by the CLI, so it says what is wrong *and what to do*. Every other exception is a
defect of the program.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class UserError(ValueError):
    """A mistake of the person's or of the world around them (no network, a broken file): one or two plain sentences."""


def in_words(error: "ValidationError") -> str:
    """What does not fit, field by field."""
    problems = []
    for problem in error.errors():
        field, message = ".".join(map(str, problem["loc"])), problem["msg"].removeprefix("Value error, ")
        problems.append(f"{field}: {message}" if field else message)
    return "; ".join(problems)
