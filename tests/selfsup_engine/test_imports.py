"""What is light stays light: a page shows its first picture before torch is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from selfsup_engine.runs import ROOT

HEAVY = ("torch", "streamlit", "torchvision", "sklearn", "plotly", "pandas")


@pytest.mark.parametrize(
    "modules",
    [
        "selfsup_engine",
        "selfsup_engine.runs, selfsup_engine.events, selfsup_engine.training.jobs, selfsup_engine.sources",
        "selfsup_engine.cli, selfsup_engine.images, selfsup_engine.pictures, selfsup_engine.health",
    ],
)
def test_importing_it_imports_nothing_heavy(modules: str) -> None:
    code = f"import sys, {modules}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
