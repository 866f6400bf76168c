"""Hostile files: whatever somebody brings as a picture, a set, a model or a library does no harm."""

from __future__ import annotations

import pytest

from tests.fuzzing.harness import attack

CASES = {
    "pictures:photos": 2_500,
    "pictures:own_sets": 250,
    "pictures:npz_files": 1_500,
    "pictures:downloads": 250,
    "models:zips": 120,
    "models:weights": 100,
    "models:libraries": 150,
}


@pytest.mark.slow
@pytest.mark.parametrize("entrance", CASES)
def test_hostile_files_do_no_harm(entrance: str) -> None:
    report = attack(entrance, CASES[entrance])
    assert not report.failures, "\n\n".join(report.failures)
    assert report.cases >= CASES[entrance]
