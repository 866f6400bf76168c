"""Figures hold the numbers that they are given, whatever those are."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from dashboard import charts

TRAIN = [(10, 0.09), (20, 0.06), (30, 0.05)]
HELD_OUT = [(0, 0.2), (30, 0.055)]
BASELINES = {"mean image": 0.0867, "PCA, 2 components": 0.0461}


def traces(figure: Any) -> dict[str, tuple[list[float], list[float]]]:
    return {trace.name: (list(trace.x), list(trace.y)) for trace in figure.data}


def test_a_loss_curve_holds_both_splits_and_the_baselines() -> None:
    found = traces(charts.loss_curve(TRAIN, HELD_OUT, BASELINES, "mean squared error"))
    assert found == {
        "training": ([10, 20, 30], [0.09, 0.06, 0.05]),
        "held-out images": ([0, 30], [0.2, 0.055]),
        "mean image 0.0867": ([0, 30], [0.0867, 0.0867]),
        "PCA, 2 components 0.0461": ([0, 30], [0.0461, 0.0461]),
    }


def test_everything_lies_within_the_axes_and_the_axes_are_named() -> None:
    figure = charts.loss_curve(TRAIN, HELD_OUT, BASELINES, "mean squared error", height=230)
    low, high = (10**power for power in figure.layout.yaxis.range)
    assert low < 0.0461
    assert high > 0.2
    assert (figure.layout.yaxis.title.text, figure.layout.yaxis.type) == ("mean squared error", "log")
    assert figure.layout.xaxis.title.text == "step"
    assert figure.layout.height == 230


def test_figures_are_pure() -> None:
    given = copy.deepcopy((TRAIN, HELD_OUT, BASELINES))
    first = charts.loss_curve(TRAIN, HELD_OUT, BASELINES, "mse").to_dict()
    assert charts.loss_curve(TRAIN, HELD_OUT, BASELINES, "mse").to_dict() == first
    assert given == (TRAIN, HELD_OUT, BASELINES)


@pytest.mark.parametrize(
    ("train", "held_out", "baselines"),
    [
        ([], [], {}),
        ([], [(0, 0.2)], {}),
        ([(1, 0.5)], [], BASELINES),
        ([(1, 0.5)], [(1, 0.5)], {"mean image": 0.0}),  # every image is the same: the mean makes no error
        ([(1, 0.0)], [(1, 0.0)], {}),
    ],
)
def test_little_and_nothing_can_be_drawn(train: Any, held_out: Any, baselines: dict[str, float]) -> None:
    found = traces(charts.loss_curve(train, held_out, baselines, "mse"))
    assert found["training"] == ([step for step, _ in train], [loss for _, loss in train])
    assert len(found) == 2 + len(baselines)


def test_bars_hold_their_values() -> None:
    figure = charts.bars({"1": 0.5, "2": 2.25}, "nats", height=120)
    assert [(list(bar.x), list(bar.y)) for bar in figure.data] == [(["1", "2"], [0.5, 2.25])]
    assert figure.layout.yaxis.title.text == "nats"
    assert figure.layout.height == 120
    assert charts.bars({}, "nats").data[0].y == ()
