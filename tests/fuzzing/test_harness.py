"""The harness tells of everything that a case must not do, and how to do it again."""

from __future__ import annotations

import pytest

from tests.fuzzing.harness import attack


def test_what_is_refused_or_done_is_no_failure() -> None:
    report = attack("culprits:honest", 40)
    assert report.failures == ()
    assert report.cases >= 40


@pytest.mark.slow
@pytest.mark.parametrize(
    ("culprit", "word"),
    [
        ("raises", "KeyError: 'missing'"),
        ("computes", "it computes for too long"),
        ("swells", " MB\n"),
        ("dies", "ended the process (3)"),
        ("tells", "it tells where files lie"),
    ],
)
def test_what_no_case_may_do_is_told_with_the_way_to_do_it_again(culprit: str, word: str) -> None:
    report = attack(f"culprits:{culprit}", 6, seconds=1 if culprit == "computes" else 5)
    assert word in report.failures[0]
    assert f"python -m tests.fuzzing.harness culprits:{culprit} " in report.failures[0]


def test_the_same_cases_come_again() -> None:
    first, again = (attack("culprits:raises", 6).failures[0] for _ in range(2))
    assert first.splitlines()[0] == again.splitlines()[0]
