"""Hostile texts: whatever a link, a file of settings, a browser or a command line says does no harm."""

from __future__ import annotations

import pytest

from tests.fuzzing import test_files
from tests.fuzzing.harness import attack

CASES = {
    "texts:links": 4_000,
    "texts:words_of_a_person": 1_500,
    "texts:states": 2_000,
    "texts:recipe_files": 150,
    "texts:direction_files": 600,
    "texts:messages": 3_000,
    "texts:command_lines": 600,
}


@pytest.mark.slow
@pytest.mark.parametrize("entrance", CASES)
def test_hostile_texts_do_no_harm(entrance: str) -> None:
    report = attack(entrance, CASES[entrance])
    assert not report.failures, "\n\n".join(report.failures)
    assert report.cases >= CASES[entrance]


def test_there_are_ten_thousand_cases() -> None:
    assert sum(CASES.values()) + sum(test_files.CASES.values()) >= 10_000
