"""Each finding on a case that has it, and silence on one that has not."""

from __future__ import annotations

import math

import pytest
import torch

from selfsup_engine.health import (
    Finding,
    against_baselines,
    balance,
    collapsed_code,
    dead_dimensions,
    memorisation,
    mode_collapse,
    posterior_collapse,
)

HEALTHY = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))


def only(findings: list[Finding]) -> Finding:
    """The one finding, which must be fit to be shown and kept."""
    (finding,) = findings
    assert finding.message.endswith((".", ")."))
    assert finding.advice
    assert math.isfinite(finding.number)
    assert Finding.model_validate_json(finding.model_dump_json()) == finding
    return finding


def test_healthy_codes_are_not_spoken_of() -> None:
    assert collapsed_code(HEALTHY) == []
    assert collapsed_code(HEALTHY * 1e-3) == []  # small is not collapsed
    assert collapsed_code(HEALTHY + 20) == []
    assert dead_dimensions(HEALTHY) == []
    assert dead_dimensions(HEALTHY * torch.tensor([1.0, 0.1, 0.05, 1.0])) == []


@pytest.mark.parametrize("at", [0.0, 1.0, -300.0])
def test_all_codes_at_one_point_are_collapsed(at: float) -> None:
    codes = torch.full((50, 2), at)
    assert only(collapsed_code(codes)).level == "problem"
    assert only(collapsed_code(codes + 1e-7 * HEALTHY[:50, :2])).name == "Collapsed code"


def test_one_single_code_says_nothing() -> None:
    assert collapsed_code(HEALTHY[:1]) == []
    assert dead_dimensions(HEALTHY[:1]) == []


def test_dimensions_in_which_all_agree_are_dead() -> None:
    codes = HEALTHY.clone()
    codes[:, 1] = 3.0
    codes[:, 3] *= 1e-4
    finding = only(dead_dimensions(codes))
    assert finding.number == 2
    assert "(2, 4)" in finding.message
    many = torch.zeros(50, 20)
    many[:, 0] = torch.arange(50)
    assert "…" in only(dead_dimensions(many)).message


def test_a_silent_posterior_is_collapsed() -> None:
    assert posterior_collapse(torch.tensor([0.5, 2.0]), 1.0) == []
    some = only(posterior_collapse(torch.tensor([0.001, 2.0]), 4.0))
    assert (some.level, some.number) == ("warning", 1)
    assert "now 4" in some.advice
    assert only(posterior_collapse(torch.tensor([0.001, 0.0]), 4.0)).level == "problem"


@pytest.mark.parametrize(
    ("mse", "progress", "name"),
    [
        (0.02, 1.0, None),
        (0.04, 1.0, "Behind PCA"),
        (0.04, 0.4, None),  # not yet
        (0.0675, 0.2, "Nothing learned"),
        (0.2, 0.2, "Nothing learned"),
        (0.2, 0.05, None),  # not yet
    ],
)
def test_the_error_is_held_against_the_baselines(mse: float, progress: float, name: str | None) -> None:
    findings = against_baselines(mse, mse, mean_mse=0.0675, pca_mse=0.03, components=2, progress=progress)
    assert [finding.name for finding in findings] == ([name] if name else [])
    assert all(only([finding]) for finding in findings)


def test_baselines_without_error_are_no_division_by_zero() -> None:
    assert only(against_baselines(0.1, 0.1, 0.0, 0.0, 2, 1.0)).name == "Nothing learned"
    assert only(against_baselines(0.1, 0.1, 1.0, 0.0, 2, 1.0)).name == "Behind PCA"
    assert against_baselines(0.0, 0.0, 0.0, 0.0, 2, 1.0) == []


def test_pictures_learned_by_heart_are_told_from_nothing_learned() -> None:
    found = only(against_baselines(0.09, train_mse=0.01, mean_mse=0.08, pca_mse=0.05, components=2, progress=1.0))
    assert found.name == "Learned by heart" and "More pictures" in found.advice
    assert against_baselines(0.02, train_mse=0.005, mean_mse=0.08, pca_mse=0.05, components=2, progress=1.0) == []


def test_samples_that_are_all_alike_are_a_collapse_and_few_kinds_a_warning() -> None:
    assert mode_collapse(0.9) == []
    assert only(mode_collapse(0.0)).level == "problem"
    assert only(mode_collapse(0.4)).name == "Little variety"
    assert "40%" in only(mode_collapse(0.4)).message


def test_a_network_that_wins_is_named() -> None:
    assert balance(0.6, 0.4, 0.5) == []
    assert balance(0.99, 0.01, 0.0) == []  # at the start that is no news
    assert only(balance(0.99, 0.01, 0.5)).name == "D is winning"
    assert only(balance(0.4, 0.7, 0.5)).name == "G is winning"


def test_copies_of_training_pictures_are_found_and_new_ones_are_not() -> None:
    random = torch.Generator().manual_seed(0)
    train, unseen, drawn = (torch.randint(0, 256, (60, 1, 8, 8), generator=random, dtype=torch.uint8) for _ in range(3))
    assert memorisation(drawn, train, unseen, 0.0, 0.5) == []
    assert only(memorisation(train[:20], train, unseen, 0.0, 0.5)).name == "Memorised"
    assert only(memorisation(drawn, train, unseen, 0.5, 0.5)).name == "D learns by heart"
    assert memorisation(drawn, train, unseen, 0.5, 0.05) == []
