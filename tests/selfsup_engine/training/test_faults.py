"""Real workers and servers, killed: a round of `benchmarks.faults`; SELFSUP_FAULT_ROUNDS says how many."""

from __future__ import annotations

import os

import pytest

from benchmarks.faults import trial

ROUNDS = int(os.environ.get("SELFSUP_FAULT_ROUNDS", "1"))


@pytest.mark.slow
@pytest.mark.parametrize("servers", [1, 2])
def test_no_kill_costs_a_run_or_a_model(servers: int) -> None:
    tried = trial(ROUNDS, seed=servers, steps=800, servers=servers)
    killed = sum(count for said, count in tried.said.items() if said.startswith("killed"))
    assert killed == ROUNDS
    assert len(tried.runs) >= 2
