"""Numbers in half precision as a short text that needs no escape in a link: base64url of little-endian float16."""

import base64
import binascii

import numpy as np
from numpy.typing import NDArray


def packed(numbers: NDArray[np.float32]) -> str:
    """Numbers (N,) as text, rounded to float16."""
    return base64.urlsafe_b64encode(numbers.astype("<f2").tobytes()).decode().rstrip("=")


def unpacked(text: str) -> NDArray[np.float32]:
    """The numbers (N,) of such a text, one or more.

    Raises:
        ValueError: it is none, or not all numbers are finite.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(f"{text[:40]!r} is no base64") from error
    numbers = np.frombuffer(data, "<f2").astype(np.float32)
    if not len(numbers) or not np.isfinite(numbers).all():
        raise ValueError(f"{text[:40]!r} holds no finite numbers")
    return numbers
