"""What is said of serving it, and the files for hosts and containers, agree with the project."""

from __future__ import annotations

import ast
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import pytest

from selfsup_engine.runs import ROOT

READERS = ("environ.get", "environ.setdefault", "getenv")


def read_of_the_environment(tree: ast.AST) -> set[str]:
    """The variables that a file asks the environment for, by their names as they stand there."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).endswith(READERS):
            name = node.args[0]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            name = node.slice
        else:
            continue
        found.add(name.value if isinstance(name, ast.Constant) else ast.unparse(name))
    return found


def test_every_variable_that_is_read_is_in_the_table() -> None:
    example = (
        "import os\nos.environ.get('A_B', '')\nos.environ['C_D']\nos.getenv('E_F')\nos.environ.setdefault(name, '')"
    )
    assert read_of_the_environment(ast.parse(example)) == {"A_B", "C_D", "E_F", "name"}
    files = [path for folder in ("selfsup_engine", "dashboard", "pages") for path in (ROOT / folder).rglob("*.py")]
    read = set().union(*(read_of_the_environment(ast.parse(path.read_text("utf-8"))) for path in files))
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "deploy.md").read_text("utf-8"), re.MULTILINE))
    assert {"SELFSUP_DATA", "SELFSUP_RUNS"} <= read
    assert read - told == set()


# ----------------------------------------------------------------------------------------- packages beside the entry script


def packages(path: Path) -> list[str]:
    """The requirements of a file without their comments and spaces."""
    lines = (re.sub(r"(^|\s)#.*", "", line) for line in path.read_text("utf-8").splitlines())
    return [re.sub(r"\s+", " ", line).strip() for line in lines if line.strip()]


def test_small_hosts_get_the_same_packages_and_torch_for_processors() -> None:
    whole, small = packages(ROOT / "requirements.txt"), packages(ROOT / "dashboard" / "requirements.txt")
    torch = [line for line in small if re.match(r"torch\b(?!vision)", line)]
    assert [line for line in small if line not in torch] == [line for line in whole if not line.startswith("torch==")]
    (pin,) = [line for line in whole if line.startswith("torch==")]
    version = pin.removeprefix("torch==")
    *wheels, elsewhere = torch
    assert elsewhere.partition(" ;")[0] == pin
    for wheel in wheels:
        said = re.fullmatch(
            r"torch @ https://\S+/whl/cpu/torch-([\d.]+)%2Bcpu-cp3(\d+)-cp3(\d+)-manylinux_2_28_x86_64\.whl ; "
            r'sys_platform == "linux" and platform_machine == "x86_64" and python_version == "3\.(\d+)"',
            wheel,
        )
        assert said is not None, wheel
        assert said[1] == version
        assert said[2] == said[3] == said[4]
    pythons = [int(wheel.rpartition("3.")[2].strip('"')) for wheel in wheels]
    assert pythons == list(range(11, pythons[-1] + 1))  # from the oldest that the project takes, without a gap
    assert f'python_version > "3.{pythons[-1]}"' in elsewhere


# ------------------------------------------------------------------------------------------------------------ container


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines put together."""
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if line[:1] != "#")
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def of(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def is_left(path: str) -> bool:
    """A file is part of what is built from, by .dockerignore: the last pattern that fits it, or a folder of it, decides."""
    places = [str(place) for place in (PurePosixPath(path), *PurePosixPath(path).parents) if str(place) != "."]
    left = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        names = [PurePosixPath(place).name for place in places] if pattern.startswith("**/") else places
        if any(fits(name, pattern.removeprefix("**/")) for name in names):
            left = line.startswith("!")
    return left


def fits(path: str, pattern: str) -> bool:
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def test_an_image_holds_what_the_app_needs_and_nothing_else() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    tracked = [name for name in listed.stdout.split("\0") if name]
    needed = ("dashboard/", "pages/", "selfsup_engine/", "checkpoints/gallery/")
    single = {"requirements.txt", "LICENSE", ".streamlit/config.toml"}
    assert {name for name in tracked if is_left(name)} == {
        name for name in tracked if name in single or name.startswith(needed)
    }
    for name in (
        ".git/config",
        ".venv/bin/python",
        ".streamlit/secrets.toml",
        "checkpoints/runs/mine/run.json",
        ".env",
    ):
        assert not is_left(name)
    assert not is_left("selfsup_engine/__pycache__/runs.cpython-311.pyc")


def test_what_is_copied_is_there() -> None:
    sources = [source for rest in of("COPY") for source in rest.split()[:-1]]
    assert {"requirements.txt", "dashboard/requirements.txt", "."} == set(sources)
    assert all((ROOT / source).exists() and (source == "." or is_left(source)) for source in sources)
    for list_ in ("requirements.txt", "dashboard/requirements.txt"):
        assert f"list={list_} ;;" in " ".join(of("RUN"))


def test_it_runs_for_a_user_who_may_do_little_and_tells_how_it_is() -> None:
    words = [word for word, _ in instructions()]
    (user,), (volumes,), (healthy,), (command,) = of("USER"), of("VOLUME"), of("HEALTHCHECK"), of("CMD")
    assert user.isdigit() and int(user) > 0
    assert max(place for place, word in enumerate(words) if word == "RUN") < words.index("USER")
    for folder, variable in (("/runs", "SELFSUP_RUNS"), ("/data", "SELFSUP_DATA")):
        assert f'"{folder}"' in volumes
        assert f"{variable}={folder}" in " ".join(of("ENV"))
    program = ast.literal_eval(healthy[healthy.index("[") :])[2]
    compile(program, "HEALTHCHECK", "exec")
    assert "health" in program
    script = ast.literal_eval(command)[2]
    assert (ROOT / script).is_file()
    assert script in (ROOT / "Makefile").read_text("utf-8")


def test_the_python_of_the_image_is_one_that_its_packages_are_listed_for() -> None:
    (base,) = of("FROM")
    version = re.match(r"python:(3\.\d+)-", base)
    assert version is not None
    assert f'python_version == "{version[1]}"' in (ROOT / "dashboard" / "requirements.txt").read_text("utf-8")
