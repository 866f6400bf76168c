"""What the benchmarks say of what they measured: ratios are taken round by round, and a section is replaced without what stands around it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import exploring, photos, reporting
from benchmarks.fits import Power
from benchmarks.photo_operators import OPERATORS
from selfsup_engine.runs import ROOT


def test_a_ratio_is_taken_round_by_round_before_its_median() -> None:
    slow_machine = 10.0
    one, other = [2.0, 2.0 * slow_machine, 9.0], [1.0, 1.0 * slow_machine, 3.0]
    assert reporting.ratio(one, other) == "2.00 (2.00 to 3.00)"
    assert reporting.ratios([1.0], [0.0]) == [math.inf]
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        reporting.ratios([1.0, 2.0], [1.0])


def test_a_spread_is_told_where_there_is_one() -> None:
    assert reporting.spread([3.0, 1234.5, 2.0], 1) == "3.0 (2.0 to 1,234.5)"
    assert reporting.spread([2.01, 2.02], 1) == "2.0"


def test_a_section_is_replaced_and_what_is_said_around_it_stays() -> None:
    page = "# A\n<!-- a -->\n<!-- /a -->\nof a\n<!-- b -->\nold\n<!-- /b -->\nof b\n"
    page = reporting.placed(page, "a", r"new \1")
    page = reporting.placed(page, "a", "newer\n\n")
    assert page == "# A\n<!-- a -->\nnewer\n<!-- /a -->\nof a\n<!-- b -->\nold\n<!-- /b -->\nof b\n"
    with pytest.raises(ValueError, match="no place marked <!-- c -->"):
        reporting.placed(page, "c", "new")


def test_the_page_has_a_place_for_whatever_is_measured() -> None:
    from benchmarks.races import RACES

    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    parts = [f"scaling-{part}" for part in ("training", "exploring", "photos")]
    for section in ("exploring", "photos", *parts, *(f"training-{name}" for name in RACES)):
        assert "what was measured" in reporting.placed(page, section, "what was measured")


def test_a_power_law_is_found_with_the_error_of_its_scatter() -> None:
    x = [1.0, 10.0, 100.0, 1000.0]
    exact = Power.through(x, [3 * each**1.5 for each in x])
    assert (exact.exponent, exact.factor) == (pytest.approx(1.5), pytest.approx(3.0))
    assert exact.error == pytest.approx(0, abs=1e-9)
    assert exact(4.0) == pytest.approx(24.0)
    rng = np.random.default_rng(0)
    many = [Power.through(x, 2 * np.array(x) * np.exp(rng.normal(0, 0.3, 4))) for _ in range(400)]
    assert np.std([each.exponent for each in many]) == pytest.approx(0.3 / np.log(10) / 5**0.5, rel=0.15)
    assert np.mean([each.error**2 for each in many]) ** 0.5 == pytest.approx(0.3 / np.log(10) / 5**0.5, rel=0.15)
    for few in ([1.0, 2.0], [4.0, 4.0, 4.0]):
        with pytest.raises(ValueError, match="three points at two places"):
            Power.through(few, few)


def test_the_tables_hold_everyone_against_the_studio() -> None:
    figures = dict.fromkeys(exploring.MEASURES, 2.0)
    told = exploring.report({"studio": [figures] * 3, "Gradio": [dict.fromkeys(figures, 3.0)] * 3})
    assert "| pictures a second in a drag | 2.0 | 3.0 | 1.50 |" in told.splitlines()

    def one(seconds: float) -> dict[str, float]:
        return {"mp": 1, "seconds": seconds, "cpu": seconds / 2, "peak": 500, "mb": 40}

    names = [name for name, each in OPERATORS.items() if each.job == "style"]
    rows = photos.report("style", {names[0]: [[one(1.0)], [one(2.0)]], names[1]: [[one(3.0)], [one(8.0)]]})
    assert rows.splitlines()[2].startswith(f"| {names[0]} | 1.50 (1.00 to 2.00) | 1 | 1 | 1 |")
    assert rows.splitlines()[3].startswith(f"| {names[1]} | 5.50 (3.00 to 8.00) | 3.50 (3.00 to 4.00) | 3.50")


def test_every_job_begins_with_the_studio_and_every_other_says_what_it_does_less() -> None:
    jobs = dict.fromkeys(each.job for each in OPERATORS.values())
    for job in jobs:
        names = [name for name, each in OPERATORS.items() if each.job == job]
        assert names[0] == f"studio: {job}"
        assert [name for name in names[1:] if not OPERATORS[name].simpler] == []


def test_a_photo_is_prepared_at_its_sizes(tmp_path: Path) -> None:
    from PIL import Image

    for name in "ab":
        Image.effect_noise((60, 40), 50).convert("RGB").save(tmp_path / f"{name}.png")
    photos.prepare(tmp_path / "made", *photos.pictures(tmp_path), [0.1])
    assert np.load(tmp_path / "made" / "0.1.npy").shape == (258, 387, 3)
    with pytest.raises(SystemExit, match="no two photos"):
        photos.pictures(tmp_path / "made")
