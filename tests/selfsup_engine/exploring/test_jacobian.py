"""The Jacobian against finite differences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from selfsup_engine.exploring import jacobian
from selfsup_engine.exploring.inside import Inside
from selfsup_engine.models.saved import load_model
from selfsup_engine.runs import ROOT, RunFolder

Gallery = Callable[[str], Inside]


@pytest.mark.parametrize("name", ["fashion-16d", "emoji-conv", "fashion-gan"])
def test_columns_are_finite_differences(gallery: Gallery, name: str) -> None:
    inside = gallery(name)
    way = inside.passes[0] if inside.numbers else inside.passes[1]
    point = inside.watched(way)[1]
    directions = torch.diag(inside.watched(way).std(0))[:5]
    found = jacobian.columns(way.run, point, directions)
    assert found.shape == (5, *inside.shape)

    exact = load_model(
        RunFolder(ROOT / "checkpoints" / "gallery" / name)
    ).double()  # differences of single precision are mostly rounding
    draw = exact.generate if inside.numbers else exact.decode
    step = 1e-5
    for column, direction in zip(found, directions.double(), strict=True):
        ahead, behind = (draw((point.double() + sign * step * direction)[None])[0] for sign in (1, -1))
        difference = (ahead - behind) / (2 * step) / 2  # on [0, 1]
        assert float((column - difference).abs().max()) < 1e-3 * float(difference.abs().max())


def test_a_linear_decoder_has_its_weights_for_columns() -> None:
    weights = torch.arange(24.0).reshape(2, 3, 2, 2)  # two numbers, a picture of 3 x 2 x 2
    found = jacobian.columns(lambda z: torch.einsum("nd,dchw->nchw", z, weights), torch.ones(2), torch.eye(2))
    assert torch.equal(found, weights / 2)
    assert jacobian.strength(found).tolist() == [5.5 / 2, 17.5 / 2]


def test_more_columns_than_fit_into_one_go_are_the_same() -> None:
    directions = torch.randn(jacobian.CHUNK + 3, 2, generator=torch.Generator().manual_seed(0))
    found = jacobian.columns(lambda z: z.square()[:, :, None, None], torch.tensor([1.0, 2.0]), directions)
    assert torch.allclose(found[..., 0, 0], directions * torch.tensor([1.0, 2.0]))
