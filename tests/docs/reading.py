"""What is read out of a page of the docs: its code, its links, its headings, and what it calls by name."""

from __future__ import annotations

import re
from pathlib import Path

from selfsup_engine.runs import ROOT

DOCS = sorted((ROOT / "docs").rglob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def prose(page: Path) -> str:
    """A page without its code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)


def links(page: Path) -> list[str]:
    """What a page links to or shows, within the project."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page)) + re.findall(r'(?:src|href)="([^"]+)"', prose(page))
    return [target for target in found if "://" not in target]


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def names_on_pages(page: Path) -> list[str]:
    """What the guide sets in italics or quotes: names and words that are read on the app's pages."""
    text = prose(page)
    plain = re.sub(r"\*\*.*?\*\*", "", text)
    return re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", plain) + re.findall(r"“([^”]+)”", text)


def commands(page: Path) -> list[str]:
    """What follows `-m selfsup_engine` in the page's shell blocks."""
    return [line for block in blocks(page, "sh") for line in re.findall(r"-m selfsup_engine (.+)", block)]
