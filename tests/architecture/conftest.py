from __future__ import annotations

import ast

import pytest

from selfsup_engine.runs import ROOT

FOLDERS = ("selfsup_engine", "dashboard", "pages", "benchmarks")

Code = dict[str, ast.Module]


@pytest.fixture(scope="session")
def code() -> Code:
    """Every Python file of the product, parsed, by its path from the root."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    parsed = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in files}
    assert {"dashboard/app.py", "pages/home.py", "selfsup_engine/runs.py", "benchmarks/gallery.py"} <= set(parsed)
    return parsed
