"""Names in one line, of what can be seen."""

from __future__ import annotations

import pytest

from selfsup_engine.lines import one_line


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("  my \n model\t", "my model"),
        ("gpj.\u202egnp", "gpj.gnp"),  # would be read as gpj.png backwards
        ("a\0b\x1b[31m", "ab[31m"),
        ("half \ud800", "half"),
        ("नमस्\u200dते 👩\u200d👧", "नमस्\u200dते 👩\u200d👧"),
        ("\u2028\u2029 x", "x"),
    ],
)
def test_a_line_holds_what_can_be_seen(given: str, line: str) -> None:
    assert one_line(given) == line
