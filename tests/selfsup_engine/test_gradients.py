"""The maths of gradients against its definitions: inner products, known edges, direct solves."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from torch import Tensor

from selfsup_engine import gradients
from selfsup_engine.gradients import adjoint, dct, frequencies, gradient, screened_poisson, structure

SIZES = [(1, 1), (1, 2), (1, 9), (8, 1), (2, 3), (7, 5), (12, 16)]


def image(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_fft(values: Tensor, inverse: bool = False) -> Tensor:
    """`dct` as it goes on a GPU."""
    along_x = gradients._dct_by_fft(values, inverse)
    return gradients._dct_by_fft(along_x.transpose(-1, -2), inverse).transpose(-1, -2)


def differences(height: int, width: int) -> sparse.csr_matrix:
    """`gradient` as a matrix (2 H W, H W)."""

    def along(n: int) -> sparse.spmatrix:
        step = sparse.diags([-np.ones(n), np.ones(n - 1)], [0, 1]).tolil()
        step[-1] = 0
        return step

    return sparse.vstack([sparse.kron(sparse.eye(height), along(width)), sparse.kron(along(height), sparse.eye(width))])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 3))
def test_the_adjoint_is_exact(height: int, width: int, channels: int) -> None:
    u, g = image(channels, height, width), image(2, channels, height, width, seed=1)
    assert float((gradient(u) * g).sum()) == pytest.approx(float((u * adjoint(g)).sum()), abs=1e-12)


def test_gradients_are_forward_differences_and_nothing_crosses_the_border() -> None:
    field = gradient(torch.tensor([[1.0, 2.0, 4.0], [1.0, 5.0, 4.0]]))
    assert field[0].equal(torch.tensor([[1.0, 2.0, 0.0], [4.0, -1.0, 0.0]]))
    assert field[1].equal(torch.tensor([[0.0, 3.0, 0.0], [0.0, 0.0, 0.0]]))


def test_a_grey_vertical_edge_has_its_height_in_each_channel_and_runs_across_x() -> None:
    edge = torch.zeros(3, 6, 8)
    edge[..., 4:] = 0.5
    found = structure(gradient(edge))
    assert found.strength[:, 3].numpy() == pytest.approx(0.5 * math.sqrt(3))
    assert found.direction[2, 3] == 0
    assert found.coherence[2, 3] == pytest.approx(1)
    assert found.strength[:, :3].max() == 0
    assert found.coherence[2, 0] == 0  # nothing changes, so nothing changes more


def test_a_colour_edge_of_constant_grey_is_found_and_a_horizontal_one_runs_across_y() -> None:
    edge = torch.full((3, 8, 6), 0.5)
    edge[0, 4:] += 0.3
    edge[1, 4:] -= 0.3
    found = structure(gradient(edge))
    assert found.strength[3].numpy() == pytest.approx(0.3 * math.sqrt(2), abs=1e-6)
    assert found.direction[3].numpy() == pytest.approx(math.pi / 2, abs=1e-6)


def test_a_slope_from_corner_to_corner_has_its_angle() -> None:
    y, x = torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="ij")
    inner = [structure(gradient((slope / 10)[None])).direction[2, 2] for slope in (x + y, y - x)]
    assert [float(angle) for angle in inner] == pytest.approx([math.pi / 4, 3 * math.pi / 4], abs=1e-6)


def test_two_channels_that_change_across_each_other_have_no_direction() -> None:
    corner = torch.zeros(2, 6, 6)
    corner[0, :, 3:] = 1
    corner[1, 3:, :] = 1
    found = structure(gradient(corner))
    assert found.coherence[2, 2] == 0
    assert found.strength[2, 2] == 1


@pytest.mark.parametrize("size", SIZES)
def test_both_cosine_transforms_are_equal_and_invert(size: tuple[int, int]) -> None:
    values = image(3, *size)
    torch.testing.assert_close(by_fft(values), dct(values))
    torch.testing.assert_close(by_fft(values, inverse=True), dct(values, inverse=True))
    torch.testing.assert_close(dct(dct(values), inverse=True), values)
    assert float(dct(values).square().sum()) == pytest.approx(float(values.square().sum()))


@pytest.mark.parametrize("size", SIZES)
def test_cosines_are_the_eigenvectors(size: tuple[int, int]) -> None:
    values = image(2, *size)
    scaled = dct(values) * frequencies(*size, values.device, values.dtype)
    torch.testing.assert_close(dct(adjoint(gradient(values))), scaled)


def test_the_lowest_frequency_of_a_large_photo_is_exact_in_single_precision() -> None:
    found = frequencies(1, 6000, torch.device("cpu"), torch.float32)[0, 1]
    assert float(found) == pytest.approx((math.pi / 6000) ** 2, rel=1e-5)


@pytest.mark.parametrize("fft", [False, True])
@pytest.mark.parametrize("screen", [1e-3, 0.5])
@pytest.mark.parametrize("size", SIZES)
def test_it_solves_what_a_direct_solver_solves(
    size: tuple[int, int], screen: float, fft: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fft:
        monkeypatch.setattr(gradients, "dct", by_fft)
    near, field = image(*size).float(), image(2, *size, seed=1).float() - 0.5
    matrix = sparse.csr_matrix(differences(*size))
    normal = (matrix.T @ matrix + screen * sparse.eye(matrix.shape[1])).tocsc()
    target = matrix.T @ field.double().flatten().numpy() + screen * near.double().flatten().numpy()
    wanted = sparse.linalg.spsolve(normal, target)
    found = screened_poisson(near, field, screen)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.flatten().numpy(), np.atleast_1d(wanted), atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", [0.0, 0.01])
def test_a_picture_comes_back_from_its_own_gradient(size: tuple[int, int], screen: float) -> None:
    picture = image(3, *size)
    torch.testing.assert_close(screened_poisson(picture, gradient(picture), screen), picture)


def test_without_a_screen_the_field_gives_the_picture_but_for_its_mean() -> None:
    picture = image(3, 20, 31).float()
    found = screened_poisson(torch.full_like(picture, 0.25), gradient(picture), 0)
    torch.testing.assert_close(found, picture - picture.mean((1, 2), keepdim=True) + 0.25, atol=1e-5, rtol=0)


def test_the_arguments_are_left_as_they_were() -> None:
    near, field = image(2, 6, 7), image(2, 2, 6, 7)
    kept = near.clone(), field.clone()
    screened_poisson(near, field, 0.1)
    assert near.equal(kept[0])
    assert field.equal(kept[1])
