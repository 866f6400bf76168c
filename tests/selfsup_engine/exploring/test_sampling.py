"""What a generator draws, and from where."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.sampling import Sampler, drawn_from, on_plane, truncated, walk
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import encode
from selfsup_engine.kept_directions import Kept, name_and_vector
from selfsup_engine.runs import RunFolder


@pytest.fixture(scope="module")
def sampler(gan_once: RunFolder) -> Sampler:
    return Sampler(gan_once)


def test_a_sample_is_the_same_bytes_whoever_draws_it_beside_whatever(sampler: Sampler, gan_once: RunFolder) -> None:
    sheet = sampler.sample(12, seed=3)
    assert sheet.shape == (12, 1, 32, 32) and sheet.dtype == np.uint8
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        assert np.array_equal(sampler.images([Spot(3, 7)])[0], sheet[7])
        assert np.array_equal(Sampler(gan_once).sample(5, seed=3, first=4), sheet[4:9])
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert len({image.tobytes() for image in sheet}) == 12
    assert not np.array_equal(sampler.sample(1, seed=4)[0], sheet[0])


def test_a_look_is_all_that_is_seen_at_a_point(sampler: Sampler) -> None:
    for spot in (Spot(3, 7), Spot(1, 2).within(1).moved({"g0": 1.5})):
        seen, images = sampler.look(sampler.z(spot)), sampler.images([spot])
        opinion = sampler.opinion(images)
        assert opinion is not None and seen.opinion == float(opinion[0])
        assert np.array_equal(seen.picture, images[0]) and seen.near == sampler.nearest(images)[0][0]


def test_the_numbers_of_a_sample_are_its_own_and_standard_normal() -> None:
    many = torch.stack([drawn_from(5, index, 100) for index in range(400)])
    assert torch.equal(many[7], drawn_from(5, 7, 100))
    assert abs(float(many.mean())) < 0.02 and abs(float(many.std()) - 1) < 0.02
    assert len(torch.unique(many[:, 0])) == 400


def test_truncation_keeps_ranks_within_the_limit_and_zero_changes_nothing() -> None:
    z = torch.randn(4000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(truncated(z, 0), z)
    assert float((truncated(z, 8.0) - z).abs().max()) < 1e-3
    for limit in (0.3, 1.0, 2.5):
        kept = truncated(z, limit)
        assert float(kept.abs().max()) <= limit
        assert torch.equal(kept.argsort(), z.argsort())
    # the standard deviation of a standard normal variable that is cut off at +-1
    density = math.exp(-0.5) / math.sqrt(2 * math.pi)
    assert float(truncated(z, 1.0).std()) == pytest.approx(
        math.sqrt(1 - 2 * density / math.erf(1 / math.sqrt(2))), rel=0.03
    )
    assert bool(truncated(torch.tensor([40.0, -40.0]), 1.0).isfinite().all())


def test_a_spot_is_its_sample_truncated_and_moved(sampler: Sampler) -> None:
    base = drawn_from(1, 2, sampler.latent_size)
    assert torch.equal(sampler.z(Spot(1, 2)), base)
    axis = sampler.axis("g0")
    assert float(axis.norm()) == pytest.approx(1, abs=1e-5)
    moved = sampler.z(Spot(1, 2).within(1).moved({"g0": 1.5, "z3": -1}))
    expected = truncated(base, 1) + 1.5 * axis
    expected[3] -= 1
    assert torch.allclose(moved, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["g99", "s10", "z100", "q1"])
def test_a_direction_that_is_not_there_is_refused(sampler: Sampler, name: str) -> None:
    with pytest.raises(UserError, match=f"no direction {name}"):
        sampler.z(Spot().moved({name: 1}))


def test_a_sample_of_another_model_is_refused(sampler: Sampler) -> None:
    with pytest.raises(UserError, match="has 7 numbers"):
        sampler.z(Spot.of(np.zeros(7, np.float32)))


def test_a_walk_passes_through_its_stops_evenly_and_closes() -> None:
    stops = [drawn_from(seed, 0, 64) for seed in (1, 2, 3)]
    loop, line = walk(stops, 10), walk(stops, 10, loop=False)
    assert len(loop) == 30 and len(line) == 21
    for i, stop in enumerate(stops):
        assert torch.equal(loop[10 * i], stop) and torch.equal(line[10 * i], stop)
    steps = (loop.roll(-1, 0) - loop).norm(dim=1)
    assert float(steps.max() / steps.min()) < 1.3
    assert float(loop.norm(dim=1).min()) > 0.95 * min(
        float(stop.norm()) for stop in stops
    )  # on the shell, not across it
    assert len(walk(stops[:1], 10)) == 1


def test_a_plane_has_its_corners_where_they_are_said_to_be(sampler: Sampler) -> None:
    corners = [drawn_from(seed, 0, 64) for seed in (1, 2, 3)]
    for corner, (u, v) in zip(corners, [(0, 0), (1, 0), (0, 1)], strict=True):
        assert torch.allclose(on_plane(corners, u, v), corner, atol=1e-5)
    assert float(on_plane(corners, 0.5, 0).norm()) == pytest.approx(
        float(corners[0].norm() + corners[1].norm()) / 2, rel=1e-4
    )
    spot = sampler.on_plane([Spot(1), Spot(2), Spot(3)], 0.2, 0.3)
    assert sampler.images([spot]).shape == (1, 1, 32, 32)


def test_more_like_this_is_near_and_differs(sampler: Sampler) -> None:
    here = Spot(3, 1)
    z = sampler.z(here)
    for spread in (0.2, 0.8):
        found = [sampler.z(spot) for spot in sampler.more_like(here, 5, spread)]
        for other in found:
            assert float(torch.arccos(z @ other / z.norm() / other.norm())) == pytest.approx(spread, abs=0.01)
            assert float(other.norm()) == pytest.approx(float(z.norm()), rel=1e-3)
        assert len({tuple(other.tolist()) for other in found}) == 5
    assert sampler.more_like(here, 5, 0.2) == sampler.more_like(here, 5, 0.2)


def test_the_nearest_training_image_of_one_is_itself(sampler: Sampler) -> None:
    images = sampler.exhibit.images[[3, 50]].numpy()
    assert [found[0] for found in sampler.nearest(images, 4)] == [3, 50]
    one = sampler.nearest(images[:1], 4)[0]
    distances = (sampler.exhibit.images.float() - torch.from_numpy(images[0]).float()).square().flatten(1).sum(1)
    assert one == distances.topk(4, largest=False).indices.tolist()


def test_the_opinion_is_of_each_image_and_in_bounds(sampler: Sampler) -> None:
    opinion = sampler.opinion(sampler.sample(4))
    assert opinion is not None and opinion.shape == (4,)
    assert 0 <= opinion.min() <= opinion.max() <= 1


def test_the_opening_is_one_of_the_first_samples(sampler: Sampler) -> None:
    assert sampler.opening.seed == 0 and 0 <= sampler.opening.index < 36


def test_a_picture_is_prepared_as_the_model_draws(sampler: Sampler) -> None:
    photo = encode(np.full((80, 60, 3), 200, np.uint8))
    assert sampler.prepared(photo, "photo.png").shape == (1, 1, 32, 32)
    with pytest.raises(UserError, match=r"nothing\.txt is not a picture"):
        sampler.prepared(b"nothing", "nothing.txt")


def test_a_model_without_samples_and_a_damaged_one_are_refused(
    trained: RunFolder, gan_once: RunFolder, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    with pytest.raises(UserError, match="draws no samples"):
        Sampler(trained)
    broken = RunFolder(Path(shutil.copytree(gan_once.path, tmp_path / "broken")))
    damage(broken.file("exhibit.safetensors"))
    with pytest.raises(UserError, match="cannot be read"):
        Sampler(broken)


@pytest.fixture
def damage() -> Callable[[Path], None]:
    return lambda path: path.write_bytes(path.read_bytes()[:100]) and None


def test_a_kept_direction_moves_a_sample_as_its_own_do_and_without_it_a_sentence_says_so(gan_once: RunFolder) -> None:
    axis = torch.nn.functional.normalize(drawn_from(9, 9, 100), dim=0)
    fields = name_and_vector("mine", axis.numpy())
    kept = Kept(**fields, effect=1, chance=0.1, share=1, sizes=(5, 5), groups=("l0", "l1"))  # type: ignore[arg-type]
    spot = Spot.parse(f"3.7~g0_1~{kept.id}_2")
    sampler = Sampler(gan_once, [kept])
    expected = drawn_from(3, 7, 100) + sampler.directions["activations"][0].axis + 2 * torch.from_numpy(kept.numbers)
    assert torch.allclose(sampler.z(spot), expected)
    assert np.array_equal(sampler.images([spot]), Sampler(gan_once, [kept]).images([spot]))
    assert sampler.knows(kept.id) and not sampler.knows("d00000000")
    with pytest.raises(UserError, match=r"not kept here.*bring it back under Directions"):
        Sampler(gan_once).z(spot)
