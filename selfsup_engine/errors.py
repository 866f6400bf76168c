"""The one kind of error that a person can cause.

Its message is shown as it stands, on a page or by the CLI, so it says what is wrong *and what to do*. Every other exception is a
defect of the program.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class UserError(ValueError):
    """A mistake of the person's or of the world around them (no network, a broken file): one or two plain sentences."""


def in_words(error: "ValidationError", titles: Mapping[str, str] = {}) -> str:
    """What does not fit, field by field, with its title where it has one; of several mistakes in one field the first."""
    problems: dict[str, str] = {}
    for problem in error.errors():
        field, message = ".".join(map(str, problem["loc"][:1])), problem["msg"].removeprefix("Value error, ")
        field = f"{titles[field]} ({field})" if field in titles else field
        if known := _WORDS.get(problem["type"]):
            problems.setdefault(field, f"{field} {known.format_map(problem.get('ctx', {}))}".strip())
        else:
            problems.setdefault(field, f"{field}: {message}" if field else message)
    return "; ".join(problems.values())


_WORDS = {
    "int_parsing": "takes whole numbers",
    "int_type": "takes whole numbers",
    "int_from_float": "takes whole numbers",
    "float_parsing": "takes numbers",
    "finite_number": "takes numbers that are finite",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}",
    "literal_error": "is one of {expected}",
    "extra_forbidden": "is not a setting",
}
"""pydantic's kinds of mistakes, as a person would say them after the field's name."""
