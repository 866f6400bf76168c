"""Points of a latent space as text: into a link and back, and what is no such text."""

from __future__ import annotations

import urllib.parse

import numpy as np
import pytest

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.spot import LIMIT, REACH, Spot, numbers_of

Z = np.random.default_rng(0).standard_normal(100).astype(np.float32)


@pytest.mark.parametrize(
    ("spot", "text"),
    [
        (Spot(), "0.0"),
        (Spot(7, 12), "7.12"),
        (Spot(2**31 - 1, 999_999), "2147483647.999999"),
        (Spot(7, 12).within(0.7), "7.12~t_0.7"),
        (Spot(7, 12).moved({"z17": -0.3, "g0": 1.5}), "7.12~g0_1.5~z17_-0.3"),
        (Spot(7, 12).moved({"d48213377": 1.5}), "7.12~d48213377_1.5"),
        (Spot(1, 2).within(0.55).moved({"s9": 3}), "1.2~t_0.55~s9_3"),
    ],
)
def test_a_spot_is_its_text(spot: Spot, text: str) -> None:
    assert str(spot) == text
    assert Spot.parse(text) == spot


def test_a_point_given_outright_comes_back_to_half_precision_and_then_exactly() -> None:
    spot = Spot.of(Z).moved({"g1": 0.25})
    back = Spot.parse(str(spot))
    assert back == spot
    assert np.abs(numbers_of(back.code) - Z).max() < 2e-3
    assert Spot.of(numbers_of(back.code)).code == back.code


def test_no_character_needs_an_escape() -> None:
    text = str(Spot.of(Z).within(1.5).moved({"g0": -2.25, "z99": 1}))
    assert urllib.parse.quote_plus(text) == text


def test_moves_are_kept_short_within_reach_and_only_where_they_move() -> None:
    spot = Spot().moved({"g2": 0.004, "g1": 1 / 3, "g0": 99.0, "s0": -99.0})
    assert spot.moves == (("g0", REACH), ("g1", 0.33), ("s0", -REACH))
    assert Spot().within(LIMIT).truncation == Spot().within(-1).truncation == 0.0


@pytest.mark.parametrize(
    "text",
    [
        *("", "7", "7.", ".7", "a.b", "7.12~", "7.12~g0", "7.12~g0_x", "7.12~g0_nan", "7.12~g0_1e3", "7.12~t_", "7.12~t_-1"),
        *("7.12~d4821337_1", "7.12~d482133770_1", "7.12~g00000017_1"),
        *("7.12~G0_1", "2147483648.0", "99999999999.0", "0.1000000", "=", "~", "x" * 7, "<script>", "7.12~<b>_1"),
        *("AHz_", "\u00c4\u00c4", "AH4A"),
    ],
)  # fmt: skip
def test_what_is_no_spot_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match="sample"):
        Spot.parse(text)
