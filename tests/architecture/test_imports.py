"""Who may import whom, and what a page may cost to be drawn."""

from __future__ import annotations

import ast
import graphlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from selfsup_engine.runs import ROOT

Code = dict[str, ast.Module]

OURS = {"selfsup_engine", "dashboard", "pages"}
DISTRIBUTIONS = {"sklearn": "scikit-learn", "skimage": "scikit-image", "PIL": "pillow"}


def imported(tree: ast.Module, path: str = "") -> set[str]:
    """The dotted names that a file imports, also inside functions and for types alone; `from a import b` gives a.b."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = path.removesuffix(".py").split("/")[: -node.level] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    return names


def under(names: Iterable[str], *packages: str) -> list[str]:
    """Those names that lie in one of some packages."""
    return sorted(name for name in names if any(f"{name}.".startswith(f"{package}.") for package in packages))


def offences(code: Code, inside: str, *packages: str, but: tuple[str, ...] = ()) -> list[str]:
    """Imports of `packages` in the files whose path starts with `inside`."""
    return [
        f"{path} imports {name}"
        for path, tree in code.items()
        if path.startswith(inside) and path not in but
        for name in under(imported(tree, path), *packages)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "import torch.nn",
        "from torch import nn",
        "from torch.nn import functional as F",
        "def late():\n    import torch",
        "if TYPE_CHECKING:\n    from torch import Tensor",
        "importlib.import_module('torch.nn')",
    ],
)
def test_every_way_to_import_is_seen(text: str) -> None:
    assert under(imported(ast.parse(text)), "torch")


def test_what_only_looks_alike_is_no_offence() -> None:
    assert under(imported(ast.parse("import torchvision, mytorch\n'import torch'")), "torch") == []
    assert imported(ast.parse("from . import live\nfrom ..pages import home"), "dashboard/components/x.py") == {
        "dashboard.components.live",
        "dashboard.pages.home",
    }
    assert offences({"pages/a.py": ast.parse("import torch")}, "pages/", "torch") == ["pages/a.py imports torch"]


def test_the_engine_knows_neither_streamlit_nor_the_app(code: Code) -> None:
    assert offences(code, "selfsup_engine/", "streamlit", "dashboard", "pages") == []


def test_the_dashboard_knows_no_page_and_pages_do_not_know_each_other(code: Code) -> None:
    assert offences(code, "dashboard/", "pages") == []
    assert offences(code, "pages/", "pages") == []


def test_the_entry_script_needs_what_all_pages_share_and_nothing_else_of_ours(
    code: Code,
) -> None:
    assert under(imported(code["dashboard/app.py"]), *OURS) == [
        "dashboard.delivery",
        "dashboard.faults",
        "dashboard.leftovers",
        "dashboard.style",
        "dashboard.turning",
        "dashboard.visitor",
    ]
    assert offences(code, "", "dashboard.app") == []


def test_training_and_exploring_do_not_know_each_other(code: Code) -> None:
    assert offences(code, "selfsup_engine/training/", "selfsup_engine.exploring") == []
    assert offences(code, "selfsup_engine/exploring/", "selfsup_engine.training") == []


def test_in_the_engine_nothing_lower_imports_what_stands_above_it(code: Code) -> None:
    cli = tuple(path for path in code if path.startswith("selfsup_engine/cli"))
    above = (*cli, "selfsup_engine/__main__.py")
    for name in map(dotted, cli):
        assert offences(code, "selfsup_engine/", name, but=above) == []
    for room in ("training", "exploring"):
        within = tuple(path for path in code if path.startswith(f"selfsup_engine/{room}/"))
        assert offences(code, "selfsup_engine/", f"selfsup_engine.{room}", but=(*above, *within)) == []
    for room in ("models", "runs"):  # where images come from depends on nothing that is made of them
        assert offences(code, "selfsup_engine/sources/", f"selfsup_engine.{room}") == []


def test_no_module_of_the_engine_comes_round_to_itself(code: Code) -> None:
    engine = {dotted(path): imported(tree, path) for path, tree in code.items() if path.startswith("selfsup_engine/")}
    graph = {
        module: {name if name in engine else name.rpartition(".")[0] for name in names} - {module}
        for module, names in engine.items()
    }
    assert "selfsup_engine.files" in graph["selfsup_engine.runs"]
    graphlib.TopologicalSorter(graph).prepare()
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()


def dotted(path: str) -> str:
    """A file's name as a module."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


# --------------------------------------------------------------------------------------------------------- requirements


def required(text: str) -> dict[str, str]:
    """Each distribution of a requirements file with the comment on its line."""
    lines = [line.partition("#") for line in text.splitlines() if line.strip() and not line.startswith(("#", "-r"))]
    found = [(re.match(r"[A-Za-z0-9._-]+", line), said.strip()) for line, _, said in lines]
    return {name[0].lower(): said for name, said in found if name}


def test_every_requirement_says_what_it_is_for() -> None:
    assert required("# head\n-r other.txt\nnumpy==2.*  # arrays\nplotly[x]>=7\n") == {"numpy": "arrays", "plotly": ""}
    reasons = required((ROOT / "requirements.txt").read_text())
    assert len(reasons) > 5
    reasons |= required((ROOT / "benchmarks" / "requirements.txt").read_text())
    assert [name for name, reason in reasons.items() if len(reason) < 5] == []


def test_what_is_imported_is_required(code: Code) -> None:
    names = {
        name.partition(".")[0]
        for path, tree in code.items()
        if not path.startswith("benchmarks/")
        for name in imported(tree, path)
    }
    foreign = {DISTRIBUTIONS.get(name, name) for name in names - OURS - sys.stdlib_module_names}
    assert {"streamlit", "torch", "torchvision", "pillow"} <= foreign
    assert foreign - set(required((ROOT / "requirements.txt").read_text())) == set()


# ---------------------------------------------------------------------------------------------------- in a fresh process


def modules_after(script: str, tmp_path: Path, wanted: Iterable[str]) -> dict[str, bool]:
    """Which modules are there once a script has run in a process of its own."""
    program = f"{script}\nimport json, sys\nprint(json.dumps({{n: n in sys.modules for n in {sorted(wanted)}}}))"
    places = {"SELFSUP_RUNS": str(tmp_path / "runs"), "SELFSUP_DATA": str(tmp_path / "data"), "SELFSUP_DEVICE": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **places},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_the_whole_engine_is_imported_without_streamlit(tmp_path: Path) -> None:
    script = """
import importlib, pkgutil, selfsup_engine
for found in pkgutil.walk_packages(selfsup_engine.__path__, "selfsup_engine."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""
    modules = modules_after(script, tmp_path, ["streamlit", "dashboard", "pages", "torch", "selfsup_engine.cli"])
    assert modules == {
        "streamlit": False,
        "dashboard": False,
        "pages": False,
        "torch": True,
        "selfsup_engine.cli": True,
    }


def parts_before_packages(tree: ast.Module) -> set[tuple[str, bool]]:
    """The modules of packages that a file imports from, each with whether it imported the package itself before that."""
    found, before = set(), set()
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in sorted(nodes, key=lambda node: node.lineno):
        named = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        found |= {(name, name.partition(".")[0] in before) for name in named if "." in name}
        before |= set(named)
    return found


def test_what_comes_before_its_package_is_seen() -> None:
    tree = ast.parse(
        "import torch.nn as n\nimport torch\nfrom torch.optim import SGD\ndef late():\n    from a.b import c"
    )
    assert parts_before_packages(tree) == {("torch.nn", False), ("torch.optim", True), ("a.b", False)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "known"), [("numpy", "numpy.typing"), ("scipy", "scipy.ndimage"), ("torch", "torch.nn")]
)
def test_two_threads_may_import_at_once(package: str, known: str, code: Code, tmp_path: Path) -> None:
    """A part that its package imports by itself is imported after the package. Else one thread holds the part and waits for the package, while
    another, which loads the package, waits for the part, and Python lets one of them fail: a page, or what a server gets ready meanwhile."""
    ours = [tree for path, tree in code.items() if path.startswith(tuple(OURS))]
    parts = {found for tree in ours for found in parts_before_packages(tree) if found[0].startswith(f"{package}.")}
    assert known in {part for part, _ in parts}
    above = {part: part.rpartition(".")[0] for part, _ in parts}
    loaded = modules_after(f"import {package}", tmp_path, {*above, *above.values()})
    assert [part for part, after in sorted(parts) if loaded[part] and not after] == []
    assert [
        part for part in sorted(above) if not loaded[above[part]]
    ] == []  # else the same would have to be asked of those


def test_home_library_and_a_runs_page_are_drawn_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    script = f"""
import threading
from selfsup_engine.training.launcher import LocalLauncher
from streamlit.testing.v1 import AppTest

LocalLauncher.warm = lambda self: None  # no worker
threading.Timer.start = lambda self: None  # torch is imported a second after the page: not while this test looks
app = AppTest.from_file({str(ROOT / "dashboard" / "app.py")!r}, default_timeout=60).run()
for page in ("home", "run", "library"):
    app.switch_page(f"../pages/{{page}}.py").run()
    assert not app.exception, app.exception
    assert app.title and app.button
"""
    heavy = ["torch", "torchvision", "sklearn", "scipy"]
    modules = modules_after(script, tmp_path, [*heavy, "dashboard.record", "streamlit"])
    assert modules == dict.fromkeys(heavy, False) | {"dashboard.record": True, "streamlit": True}
