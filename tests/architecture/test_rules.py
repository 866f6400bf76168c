"""Habits that the code keeps: one owner for each kind of state, nothing unpickled, HTML in one place, files of readable size."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable

import pytest

from selfsup_engine.runs import ROOT

SHELLS = {
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "builtins.eval",
    "builtins.exec",
}

Code = dict[str, ast.Module]
Detector = Callable[[ast.Module], list[str]]

LONGEST = 400  # lines of a file
UNPICKLERS = {
    "pickle",
    "_pickle",
    "cPickle",
    "cloudpickle",
    "dill",
    "joblib",
    "jsonpickle",
    "marshal",
    "shelve",
    "yaml",
    "ruamel",
    "xmlrpc",
}


def names_of(*wanted: str) -> Detector:
    """Finds attributes `x.wanted` and `from x import wanted`; a keyword argument or a text of that name is neither."""

    def detect(tree: ast.Module) -> list[str]:
        found = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in wanted:
                found.append(f"{node.attr} (line {node.lineno})")
            elif isinstance(node, ast.ImportFrom):
                found += [f"{alias.name} (line {node.lineno})" for alias in node.names if alias.name in wanted]
        return found

    return detect


session_state = names_of("session_state", "query_params")
caches = names_of("cache_data", "cache_resource")
page_html = names_of("html")


def unsafe_html(tree: ast.Module) -> list[str]:
    return [f"line {node.value.lineno}" for node in keywords(tree) if node.arg == "unsafe_allow_html"]


def keywords(tree: ast.Module) -> list[ast.keyword]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.keyword)]


def code_from_data(tree: ast.Module) -> list[str]:
    """Whatever turns data into code: unpickling in all its guises, eval, exec and compile, a shell, a module that data name."""
    found = []
    torch_names = {"torch"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] in UNPICKLERS]
            torch_names |= {alias.asname or "torch" for alias in node.names if alias.name.partition(".")[0] == "torch"}
        elif isinstance(node, ast.ImportFrom):
            top = (node.module or "").partition(".")[0]
            found += [top] * (top in UNPICKLERS)
            found += ["torch.load" for alias in node.names if top == "torch" and alias.name == "load"]
        elif isinstance(node, ast.Attribute) and node.attr == "load":
            found += ["torch.load"] * (ast.unparse(node.value).partition(".")[0] in torch_names)
        elif isinstance(node, ast.Name) and node.id in ("eval", "exec", "__import__", "compile"):
            found.append(node.id)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in SHELLS:
            found.append(ast.unparse(node))
        elif isinstance(node, ast.keyword) and node.arg in ("shell", "weights_only"):
            found += [node.arg] * (
                not (isinstance(node.value, ast.Constant) and node.value.value is (node.arg != "shell"))
            )
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found += ["allow_pickle"] * (not (isinstance(node.value, ast.Constant) and node.value.value is False))
    return found


def undocumented(tree: ast.Module) -> list[str]:
    """The module, its public functions and classes where they have no docstring."""
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    found = [node.name for node in public if not ast.get_docstring(node) and not is_overload(node)]
    return found if ast.get_docstring(tree) or not tree.body else ["the module", *found]


def is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return any(ast.unparse(decorator).endswith("overload") for decorator in node.decorator_list)


def keys_of_widgets(tree: ast.Module) -> set[str]:
    return {node.value.value for node in keywords(tree) if node.arg == "key" and isinstance(node.value, ast.Constant)}


def keys_remembered(tree: ast.Module) -> set[str]:
    """The keys under which something is kept for the session by `state.remember`."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    firsts = [call.args[0] for call in calls if ast.unparse(call.func).rpartition(".")[2].startswith("remember")]
    return {first.value for first in firsts if isinstance(first, ast.Constant)}


def broken(code: Code, detect: Detector, *owners: str, inside: str = "") -> dict[str, list[str]]:
    """Who breaks a rule, apart from those who may."""
    return {
        path: found
        for path, tree in code.items()
        if path.startswith(inside) and path not in owners and (found := detect(tree))
    }


@pytest.mark.parametrize(
    ("detect", "text"),
    [
        (session_state, "st.session_state['a'] = 1"),
        (session_state, "streamlit.query_params.clear()"),
        (session_state, "from streamlit import session_state as kept"),
        (caches, "@st.cache_data\ndef f(): ..."),
        (caches, "@st.cache_resource(max_entries=4)\ndef f(): ..."),
        (caches, "from streamlit import cache_data"),
        (page_html, "st.html('<b>')"),
        (page_html, "from streamlit import html"),
        (unsafe_html, "st.markdown(text, unsafe_allow_html=True)"),
        (code_from_data, "import pickle"),
        (code_from_data, "from joblib import load"),
        (code_from_data, "import torch\ntorch.load(path)"),
        (code_from_data, "import torch as t\nt.load(path)"),
        (code_from_data, "from torch import load"),
        (code_from_data, "import torch\ntorch.jit.load(path)"),
        (code_from_data, "np.load(path, allow_pickle=True)"),
        (code_from_data, "np.load(path, allow_pickle=trusting)"),
        (code_from_data, "eval(text)"),
        (code_from_data, "list(map(exec, texts))"),
        (code_from_data, "import yaml"),
        (code_from_data, "os.system(text)"),
        (code_from_data, "subprocess.run(text, shell=True)"),
        (code_from_data, "subprocess.run(text, shell=wanted)"),
        (code_from_data, "compile(text, '', 'exec')"),
        (undocumented, "'A module.'\ndef public(): return 1"),
        (undocumented, "'A module.'\nclass Public: ..."),
        (undocumented, "x = 1"),
    ],
)
def test_every_rule_can_be_broken(detect: Detector, text: str) -> None:
    assert broken({"pages/a.py": ast.parse(text)}, detect) != {}
    assert broken({"pages/a.py": ast.parse(text)}, detect, "pages/a.py") == {}


@pytest.mark.parametrize(
    ("detect", "text"),
    [
        (session_state, "st.switch_page('x', query_params={'a': 1})"),
        (session_state, "'''st.session_state is not touched here'''"),
        (code_from_data, "'''Nothing is unpickled; torch.load does not occur.'''  # nor pickle"),
        (code_from_data, "model.eval()\nnp.load(path, allow_pickle=False)\njson.load(file)\nsources.load('digits')"),
        (undocumented, "'A module.'\ndef _private(): return 1"),
    ],
)
def test_what_only_looks_alike_breaks_no_rule(detect: Detector, text: str) -> None:
    assert detect(ast.parse(text)) == []


def test_the_state_of_pages_has_one_owner(code: Code) -> None:
    assert broken(code, session_state, "dashboard/state.py") == {}
    assert session_state(code["dashboard/state.py"])


def test_caches_have_one_owner(code: Code) -> None:
    tutorial = "benchmarks/st_slider.py"  # an app as others write it, which the product is measured against
    assert broken(code, caches, "dashboard/cache.py", tutorial) == {}
    assert caches(code["dashboard/cache.py"])


def test_nothing_is_remembered_under_the_key_of_a_widget(code: Code) -> None:
    """Streamlit refuses to set what belongs to a widget: the page would break off at the click."""
    example = ast.parse("st.button('a', key='x')\nremember('x', 1)\nstate.remembered('y')")
    assert (keys_of_widgets(example), keys_remembered(example)) == ({"x"}, {"x", "y"})
    widgets = set().union(*map(keys_of_widgets, code.values()))
    kept = set().union(*map(keys_remembered, code.values()))
    assert widgets
    assert kept
    assert widgets & kept == set()


def test_html_is_made_where_it_is_escaped(code: Code) -> None:
    owners = ("dashboard/markup.py", "dashboard/style.py")
    assert broken(code, unsafe_html, *owners) == {}
    assert broken(code, page_html, *owners, inside="dashboard/") == broken(code, page_html, inside="pages/") == {}
    assert all(page_html(code[owner]) for owner in owners)


def test_data_never_becomes_code(code: Code) -> None:
    assert broken(code, code_from_data) == {}


def test_what_the_engine_offers_is_explained(code: Code) -> None:
    assert broken(code, undocumented, inside="selfsup_engine/") == {}


def test_every_file_says_in_its_first_line_what_it_is(code: Code) -> None:
    silent = [path for path, tree in code.items() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def test_files_can_be_read_in_a_sitting(code: Code) -> None:
    scripts = [path.relative_to(ROOT).as_posix() for path in (ROOT / "dashboard").rglob("*.js")]
    assert len(scripts) > 10
    lengths = {path: len((ROOT / path).read_text("utf-8").splitlines()) for path in [*code, *scripts]}
    assert max(lengths.values()) > 50
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


# ---------------------------------------------------------------------------------------------------------- repository

# `me` is nobody: tests of hostile paths may call a home so.
ABSOLUTE = re.compile(r"(?<![\w.~-])/(?:work|root|home|Users)/(?!me/)|\b[A-Z]:\\\\?Users")


def test_nothing_tracked_knows_where_a_developer_keeps_it() -> None:
    for place in ("work", "root", "home", "Users"):
        assert ABSOLUTE.search(f"see /{place}/studio")
        assert not ABSOLUTE.search(f"https://example.org/{place}/studio or ../{place}/")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    telling = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if name == "LICENSE" or name.startswith("tests/architecture/") or not path.is_file():
            continue
        content = path.read_bytes()
        if b"\0" not in content and ABSOLUTE.search(content.decode("utf-8", errors="replace")):
            telling.append(name)
    assert telling == []
