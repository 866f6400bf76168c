from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
import torch

from selfsup_engine import exhibit, sources
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.latent import LatentSpace, Plane, Trust, add_noise, interpolate
from selfsup_engine.images import encode, to_unit
from selfsup_engine.models.saved import load_model
from selfsup_engine.models.spec import Encodes
from selfsup_engine.runs import RunFolder

How = Literal["linear", "spherical"]
HOWS: tuple[How, ...] = ("linear", "spherical")


@pytest.fixture(scope="module")
def space(trained_once: RunFolder) -> LatentSpace:
    return LatentSpace(trained_once)


@pytest.fixture(scope="module")
def wide(deep: RunFolder) -> LatentSpace:
    return LatentSpace(deep)


# -------------------------------------------------------------------------------------------------------------- between two


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("which", ["space", "wide"])
def test_both_ends_of_a_walk_are_the_reconstructions(which: str, how: How, request: pytest.FixtureRequest) -> None:
    explored: LatentSpace = request.getfixturevalue(which)
    images = explored.exhibit.images[[3, 40]]
    start, end = explored.encode(images)
    codes = interpolate(start, end, 7, how)
    assert codes.shape == (7, explored.code_size)
    assert torch.equal(codes[0], start)
    assert torch.equal(codes[-1], end)
    walked, drawn = explored.decode(codes), explored.reconstruct(images)
    assert walked[0].tobytes() == drawn[0].tobytes()
    assert walked[-1].tobytes() == drawn[1].tobytes()


def test_a_line_is_even() -> None:
    codes = interpolate(torch.tensor([0.0, 4.0]), torch.tensor([8.0, 0.0]), 5)
    assert codes.tolist() == [[0, 4], [2, 3], [4, 2], [6, 1], [8, 0]]


def test_an_arc_keeps_the_length_and_turns_evenly() -> None:
    codes = interpolate(torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 2.0, 0.0]), 7, "spherical")
    torch.testing.assert_close(codes.norm(dim=1), torch.full((7,), 2.0))
    angles = torch.atan2(codes[:, 1], codes[:, 0])
    torch.testing.assert_close(angles, torch.linspace(0, math.pi / 2, 7), atol=1e-5, rtol=0)
    growing = interpolate(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0]), 5, "spherical")
    torch.testing.assert_close(growing.norm(dim=1), torch.linspace(1, 3, 5))


@pytest.mark.parametrize("end", [[0.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [1.0, 0.0]])
def test_where_there_is_no_arc_the_line_is_walked(end: list[float]) -> None:
    start = torch.tensor([1.0, 0.0])
    assert torch.equal(interpolate(start, torch.tensor(end), 5, "spherical"), interpolate(start, torch.tensor(end), 5))


# ------------------------------------------------------------------------------------------------------------ one dimension


def test_a_traversal_takes_one_dimension_through_the_data(wide: LatentSpace) -> None:
    code = wide.exhibit.codes[5]
    codes = wide.traverse(code, 2, 9)
    ordered = wide.exhibit.codes[:, 2].sort().values.double().numpy()
    low, high = np.quantile(ordered, [0.01, 0.99])
    assert codes[:, 2].tolist() == pytest.approx(np.linspace(low, high, 9).tolist(), rel=1e-4, abs=1e-5)
    others = [d for d in range(6) if d != 2]
    assert torch.equal(codes[:, others], code[others].repeat(9, 1))
    assert torch.equal(code, wide.exhibit.codes[5])


# -------------------------------------------------------------------------------------------------------------------- plane


def test_a_map_of_two_numbers_loses_nothing(space: LatentSpace) -> None:
    assert space.plane.lost == 0
    assert torch.equal(space.plane.flat(space.exhibit.codes), space.exhibit.codes)
    assert torch.equal(space.plane.lifted(space.exhibit.codes), space.exhibit.codes)


@pytest.mark.parametrize(("count", "dimensions"), [(500, 6), (40, 16), (3, 5), (1, 4)])
def test_a_map_of_more_is_pca(count: int, dimensions: int) -> None:
    generator = torch.Generator().manual_seed(0)
    codes = 3 + torch.randn(count, dimensions, generator=generator) * torch.linspace(3, 0.5, dimensions)
    plane = Plane.of(codes)
    centred = (codes - codes.mean(0)).double()
    power = torch.linalg.svdvals(centred).square()
    expected = float(power[2:].sum() / power.sum()) if count > 1 else 0.0
    assert plane.lost == pytest.approx(expected, abs=1e-6)
    torch.testing.assert_close(plane.axes @ plane.axes.T, torch.eye(2), atol=1e-5, rtol=0)
    points = torch.randn(9, 2, generator=generator)
    torch.testing.assert_close(plane.flat(plane.lifted(points)), points, atol=1e-5, rtol=1e-5)
    shown = plane.lifted(plane.flat(codes)) - codes
    if count > 1:
        assert float(shown.square().sum() / centred.square().sum()) == pytest.approx(expected, abs=1e-5)
    again = Plane.of(codes.flip(0))
    torch.testing.assert_close(again.axes, plane.axes, atol=1e-3, rtol=0)


@pytest.mark.parametrize("dimensions", [2, 7])
def test_codes_at_one_point_have_a_map_all_the_same(dimensions: int) -> None:
    plane = Plane.of(torch.full((30, dimensions), 2.5))
    assert plane.lost == 0
    assert plane.axes.isfinite().all()
    assert plane.flat(torch.zeros(1, dimensions)).isfinite().all()


def test_a_dot_of_the_map_is_its_image_and_all_between_are_like_their_neighbours(deep: RunFolder) -> None:
    space = LatentSpace(deep)
    codes = space.exhibit.codes
    flat = space.plane.flat(codes)
    torch.testing.assert_close(space.lift(flat[:50]), codes[:50], atol=1e-3, rtol=1e-3)
    between = flat[:50].lerp(flat[50:100], 0.5)
    lifted = space.lift(between)
    torch.testing.assert_close(space.plane.flat(lifted), between, atol=1e-4, rtol=1e-4)  # it stays where it was pressed
    assert space.trust(lifted).mean() > 0.9
    assert (
        float((space.lift(between + 1e-4) - lifted).norm(dim=1).median()) < 0.01
    )  # and nothing jumps under a slow hand


def test_a_grid_covers_the_map_from_the_top(space: LatentSpace) -> None:
    codes, columns, (x0, y0, x1, y1) = space.grid(9)
    rows = len(codes) // columns
    assert codes.shape == (rows * columns, 2) and max(rows, columns) == 9
    cell = (x1 - x0) / columns
    assert (y1 - y0) / rows == pytest.approx(cell, rel=1e-4)  # square
    table = codes.reshape(rows, columns, 2)
    for row, column in ((0, 0), (rows - 1, columns - 1), (1, 2)):
        expected = torch.tensor([x0 + (column + 0.5) * cell, y1 - (row + 0.5) * cell])
        torch.testing.assert_close(table[row, column], expected, atol=1e-4, rtol=1e-4)
    inside = (space.exhibit.codes >= torch.tensor([x0, y0])) & (space.exhibit.codes <= torch.tensor([x1, y1]))
    assert inside.float().mean() > 0.98


@pytest.fixture(params=[2, 5])
def collapsed(request: pytest.FixtureRequest, trained: RunFolder) -> LatentSpace:
    """A space whose images all have one code."""
    space = LatentSpace(trained)
    codes = torch.full((len(space.exhibit.codes), request.param), -1.5)
    space.exhibit = exhibit.Exhibit(codes, space.exhibit.errors, space.exhibit.images, None)
    return space


def test_a_collapsed_model_can_still_be_looked_at(collapsed: LatentSpace) -> None:
    codes, _, extent = collapsed.grid(4)
    assert codes.isfinite().all()
    assert extent[2] - extent[0] > 0.1
    assert extent[3] - extent[1] > 0.1
    trust = collapsed.trust(torch.cat([collapsed.exhibit.codes[:5], codes]))
    assert trust.isfinite().all()
    assert (trust[:5] > 0.9).all()
    assert collapsed.traverse(collapsed.exhibit.codes[0], 1).isfinite().all()


@pytest.mark.parametrize("which", ["trained_once", "deep"])
@pytest.mark.parametrize("tree", [False, True])
def test_a_look_is_all_that_is_seen_at_a_code(
    which: str, tree: bool, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tree:
        monkeypatch.setattr("selfsup_engine.scores.TREE_POINTS", 10)  # and the points that are nearest are the same
    explored = LatentSpace(request.getfixturevalue(which))
    for code in (explored.exhibit.codes[3], explored.exhibit.codes[4] * 1.3 + 0.2):
        seen = explored.look(code)
        assert np.array_equal(seen.picture, explored.decode(code[None])[0])
        assert seen.near == explored.neighbours(code, 1)[0]
        assert seen.trust == pytest.approx(float(explored.trust(code[None])[0]), rel=1e-4)


# -------------------------------------------------------------------------------------------------------------------- trust


@pytest.mark.parametrize("which", ["space", "wide"])
def test_trust_is_high_among_data_and_low_far_from_them(which: str, request: pytest.FixtureRequest) -> None:
    explored: LatentSpace = request.getfixturevalue(which)
    held_out = explored.exhibit.codes[1::2]
    among = explored.trust(held_out)
    assert ((among >= 0) & (among <= 1)).all()
    assert among.median() > 0.9
    away = torch.randn(50, explored.code_size, generator=torch.Generator().manual_seed(0))
    reach = (explored.exhibit.codes - explored.exhibit.codes.mean(0)).norm(dim=1).max()
    far = explored.trust(explored.exhibit.codes.mean(0) + 5 * reach * away / away.norm(dim=1, keepdim=True))
    assert (far < 0.1).all()
    assert (far >= 0).all()


@pytest.mark.parametrize("count", [1, 2, 3, 8, 19])
def test_trust_needs_few_codes(count: int) -> None:
    codes = torch.randn(count, 3, generator=torch.Generator().manual_seed(0))
    trust = Trust(codes)(torch.cat([codes, codes + 1e4]))
    assert trust.isfinite().all()
    assert ((trust >= 0) & (trust <= 1)).all()
    assert (trust[count:] < 0.1).all()


# ------------------------------------------------------------------------------------------------------------------- images


def test_codes_and_drawings_are_the_models_own(space: LatentSpace, trained_once: RunFolder) -> None:
    images = space.exhibit.images[:9]
    model = load_model(trained_once)
    assert isinstance(model, Encodes)
    assert torch.equal(space.encode(images), model.encode(to_unit(images)))
    torch.testing.assert_close(space.encode(images), space.exhibit.codes[:9])
    drawn = space.decode(space.exhibit.codes[:9])
    assert drawn.shape == (9, 1, 28, 28)
    assert drawn.dtype == np.uint8
    assert space.decode(torch.full((1, 2), 1e6)).shape == (1, 1, 28, 28)


def test_any_picture_is_prepared(space: LatentSpace) -> None:
    colour = np.zeros((50, 80, 3), np.uint8)
    colour[..., 0] = 255
    prepared = space.prepared(encode(colour))
    assert prepared.shape == (1, 1, 28, 28)
    assert prepared.unique().tolist() == [76]  # the luma of red
    with pytest.raises(UserError, match=r"mine\.txt is not a picture"):
        space.prepared(b"words", "mine.txt")


def test_neighbours_are_the_nearest_codes(space: LatentSpace) -> None:
    code = torch.tensor([0.3, -0.2])
    distances = [math.dist(code.tolist(), other.tolist()) for other in space.exhibit.codes]
    found = space.neighbours(code, 6)
    assert [distances[i] for i in found] == pytest.approx(sorted(distances)[:6])
    assert space.neighbours(space.exhibit.codes[7], 1) == [7]


def test_nearest_training_images_are_images_of_the_training_set(space: LatentSpace) -> None:
    train = sources.load("digits").train
    found = space.nearest_training_images(space.encode(train[11:12])[0], 4)
    assert found.shape == (4, 1, 28, 28)
    assert torch.equal(found[0], train[11])


def test_a_training_set_that_is_not_at_hand_is_a_user_error(trained: RunFolder) -> None:
    trained.save(trained.run.model_copy(update={"source": "kmnist"}))
    with pytest.raises(UserError, match="not on this machine"):
        LatentSpace(trained).nearest_training_images(torch.zeros(2))


@pytest.mark.parametrize("which", ["space", "wide"])
def test_compression_counts_its_bytes_and_draws_from_them(which: str, request: pytest.FixtureRequest) -> None:
    explored: LatentSpace = request.getfixturevalue(which)
    image = explored.exhibit.images[12]
    stored = explored.compress(image)
    assert stored.raw_bytes == 784
    assert stored.code_bytes == explored.code_size
    assert 60 < stored.png_bytes < 784
    assert stored.image.shape == (1, 28, 28)
    naive = ((image.numpy() / 255 - stored.image / 255) ** 2).mean()
    assert stored.mse == pytest.approx(naive, rel=1e-4)
    exact = ((image.numpy() / 255 - explored.reconstruct(image[None])[0] / 255) ** 2).mean()
    assert stored.mse == pytest.approx(exact, abs=0.01)  # a byte a number is nearly enough


def test_noise_has_its_deviation_is_clipped_and_repeats() -> None:
    grey = torch.full((1, 100, 100), 128, dtype=torch.uint8)
    noisy = add_noise(grey, 0.1)
    assert noisy.dtype == torch.uint8
    assert float(noisy.float().std()) / 255 == pytest.approx(0.1, rel=0.03)
    assert torch.equal(noisy, add_noise(grey, 0.1))
    assert not torch.equal(noisy, add_noise(grey, 0.1, seed=1))
    assert torch.equal(add_noise(grey, 0.0), grey)
    loud = add_noise(grey, 1.0)
    assert loud.min() == 0
    assert loud.max() == 255


def test_a_run_without_a_model_is_a_user_error(trained: RunFolder) -> None:
    trained.file("weights.safetensors").unlink()
    with pytest.raises(UserError, match="not been trained to an end"):
        LatentSpace(trained)


def test_codes_of_another_size_are_refused(trained: RunFolder, deep: RunFolder) -> None:
    trained.file(exhibit.FILE).write_bytes(deep.file(exhibit.FILE).read_bytes())
    with pytest.raises(UserError, match="do not belong together"):
        LatentSpace(trained)
