"""Half-precision numbers as text."""

from __future__ import annotations

import urllib.parse

import numpy as np
import pytest

from selfsup_engine.halves import packed, unpacked


def test_numbers_come_back_to_half_precision_and_then_exactly() -> None:
    numbers = np.random.default_rng(0).standard_normal(33).astype(np.float32)
    text = packed(numbers)
    assert urllib.parse.quote_plus(text) == text
    assert np.abs(unpacked(text) - numbers).max() < 2e-3
    assert packed(unpacked(text)) == text


@pytest.mark.parametrize(
    "text", ["", "A", "AH4A", "AAAA", "a b c", "\u00c4\u00c4", packed(np.array([np.inf], np.float32))]
)
def test_what_holds_no_finite_numbers_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        unpacked(text)
