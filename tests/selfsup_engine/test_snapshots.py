"""Which weights are kept for looking back, and which go along with a run."""

from __future__ import annotations

import pytest

from selfsup_engine import snapshots
from selfsup_engine.runs import RunFolder


def test_two_an_octave_are_due_and_one_of_large_weights() -> None:
    due = [step for step in range(300) if snapshots.is_due(step)]
    assert due == [0, 16, 24, 32, 48, 64, 96, 128, 192, 256]
    large = [step for step in range(300) if snapshots.is_due(step, snapshots.LIGHT + 1)]
    assert large == [0, 16, 32, 64, 128, 256]
    assert sum(map(snapshots.is_due, range(100_000))) < 30


@pytest.mark.parametrize(
    ("steps", "most", "kept"),
    [
        ([0, 1, 2], 8, [0, 1, 2]),
        (list(range(11)), 3, [0, 5, 10]),
        (list(range(100)), 2, [0, 99]),
        ([0, 7], 1, [7]),
        ([], 3, []),
    ],
)
def test_some_of_them_at_even_distances(steps: list[int], most: int, kept: list[int]) -> None:
    assert snapshots.thinned(steps, most) == kept


def test_those_from_beyond_a_step_are_forgotten_and_foreign_files_are_not_steps(trained: RunFolder) -> None:
    (trained.path / "snapshots" / "notes.safetensors").write_bytes(b"")
    assert list(snapshots.stored(trained)) == [0, 16, 24, 32, 48, 64, 96, 128, 192, 256, 300]
    snapshots.cut_after(trained, 48)
    assert list(snapshots.stored(trained)) == [0, 16, 24, 32, 48]


def test_few_go_along_and_none_that_are_too_large(trained: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = snapshots.carried(trained)
    assert len(taken) == snapshots.CARRIED
    assert {taken[0].stem, taken[-1].stem} == {"00000000", "00000300"}
    monkeypatch.setattr(snapshots, "CARRIED_BYTES", int(3.5 * taken[0].stat().st_size))
    assert len(snapshots.carried(trained)) == 3
    monkeypatch.setattr(snapshots, "CARRIED_BYTES", 10)
    assert snapshots.carried(trained) == []
