"""How the benchmarks state what they found: medians with their spread, ratios round by round, tables, and their sections of docs/benchmarks.md."""

import re
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from selfsup_engine.runs import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


def spread(values: Iterable[float], digits: int) -> str:
    """The median, and the least and the largest if they differ."""
    values = sorted(values)
    middle, low, high = (f"{v:,.{digits}f}" for v in (statistics.median(values), values[0], values[-1]))
    return middle if low == high else f"{middle} ({low} to {high})"


def ratios(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """One's values as multiples of the other's, round by round; infinite where the other's is nothing.

    Raises:
        ValueError: they are not of the same rounds.
    """
    return [a / b if b else float("inf") for a, b in zip(one, other, strict=True)]


def ratio(one: Sequence[float], other: Sequence[float], digits: int = 2) -> str:
    """The median of the ratios, round by round, with its spread."""
    return spread(ratios(one, other), digits)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(line)} |" for line in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def machine() -> str:
    """What it ran on."""
    from selfsup_engine.device import host_facts  # brings torch, which is no part of what others need

    return ", ".join(f"{name} {value}" for name, value in host_facts().items())


def placed(page: str, section: str, text: str) -> str:
    """The page with `text` between the marks of a section; what is said around them stays.

    Raises:
        ValueError: the page has no such marks.
    """
    marks = f"<!-- {section} -->", f"<!-- /{section} -->"
    between = re.compile(f"(?<={re.escape(marks[0])}\n).*?(?={re.escape(marks[1])})", re.DOTALL)
    if not between.search(page):
        raise ValueError(f"the page has no place marked {marks[0]} … {marks[1]}")
    return between.sub(lambda _: f"{text.strip()}\n", page, count=1)


def write(section: str, text: str, page: Path = PAGE) -> None:
    """Puts what was measured into its section of docs/benchmarks.md."""
    page.write_text(placed(page.read_text(encoding="utf-8"), section, text), encoding="utf-8")
