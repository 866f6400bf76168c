from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from selfsup_engine.exploring.inside import Inside
from selfsup_engine.runs import ROOT, RunFolder


@pytest.fixture(scope="session")
def gallery() -> Callable[[str], Inside]:
    """A model of the gallery, opened once to be looked into."""
    return cache(lambda name: Inside(RunFolder(ROOT / "checkpoints" / "gallery" / name)))
