"""The docs speak of what there is: their links and pictures, the app's pages with the names on them, the commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from selfsup_engine.cli import main
from selfsup_engine.runs import ROOT
from tests.docs.reading import DOCS, commands, headings, links, names_on_pages

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
GUIDE = ROOT / "docs" / "guide"
READ = [ROOT / "README.md", *DOCS]


def said(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", READ, ids=said)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links(page):
        where, _, part = target.partition("#")
        file = (page.parent / where).resolve() if where else page
        assert file.exists(), target
        if part:
            assert part in headings(file), target


def test_every_picture_is_shown() -> None:
    shown = {(page.parent / target).resolve() for page in READ for target in links(page)}
    pictures = {path for kind in ("png", "webp", "svg") for path in (ROOT / "docs").rglob(f"*.{kind}")}
    assert pictures - shown <= set((ROOT / "docs" / "samples").iterdir())  # the gallery's README names that folder


def test_pictures_are_light() -> None:
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs" / "pictures").iterdir()}
    assert max(sizes.values()) < 120_000, max(sizes, key=sizes.__getitem__)
    assert sum(sizes.values()) < 1_600_000


def test_every_picture_can_be_taken_again() -> None:
    from docs.pictures import PICTURES

    assert set(PICTURES) == {path.stem for path in (ROOT / "docs" / "pictures").iterdir()}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_the_app_is_in_the_guide(page: str) -> None:
    text = (GUIDE / f"{page}.md").read_text("utf-8")
    assert text.count("](../pictures/"), "without a picture"
    for part in ("**What it is for.**", "## Keyboard and touch", "## Its link", "## When something goes wrong"):
        assert part in text
    assert f"({page}.md)" in (GUIDE / "README.md").read_text("utf-8")


def test_every_page_of_the_docs_is_in_their_index() -> None:
    listed = {(ROOT / "docs" / target).resolve() for target in links(ROOT / "docs" / "README.md")}
    assert {path for path in (ROOT / "docs").glob("*.md") if path.name != "README.md"} <= listed


@pytest.mark.parametrize("page", [*GUIDE.glob("*.md")], ids=said)
def test_what_the_guide_calls_by_name_is_called_so_on_the_page(page: Path, shown_in_the_app: str) -> None:
    assert [name for name in names_on_pages(page) if name.lower() not in shown_in_the_app] == []


@pytest.fixture(scope="module")
def shown_in_the_app() -> str:
    """All that the app's code says, in lower case, with strings that run over several lines in one piece."""
    patterns = (
        "dashboard/**/*.py",
        "dashboard/static/**/*.js",
        "selfsup_engine/**/*.py",
        "checkpoints/gallery/*/run.json",
    )
    text = " ".join(file.read_text("utf-8") for pattern in patterns for file in ROOT.glob(pattern))
    return " ".join(re.sub(r'"\s*\n\s*f?"', "", text).split()).lower()


def test_commands_of_the_docs_exist() -> None:
    found = [(page, command) for page in READ for command in commands(page)]
    assert {shlex.split(command)[0] for _, command in found} == set(main.commands)  # each is shown somewhere
    for page, command in found:
        name, *words = shlex.split(command, comments=True)
        options = {option for parameter in main.commands[name].params for option in parameter.opts}
        unknown = {word for word in words if re.match(r"--?[a-z]", word)} - options
        assert not unknown, f"{said(page)}: {command}"
