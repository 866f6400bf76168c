"""A run over its steps: step 0 always, what was kept, the end; also while it goes on, and with damaged files."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch

from selfsup_engine import snapshots
from selfsup_engine.errors import UserError
from selfsup_engine.events import Check, Metrics
from selfsup_engine.exploring.alignment import movement
from selfsup_engine.exploring.curve import MOST, curve, place
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.timeline import DRAWN, SHOWN, Timeline
from selfsup_engine.models.saved import initial_model, read_tensors
from selfsup_engine.runs import Library, Run, RunFolder
from selfsup_engine.training.loop import train

Make = Callable[..., Run]
STEPS = (0, 16, 24, 32, 48, 64, 96, 128, 192, 256, 300)


def begins_as_it_began(folder: RunFolder) -> None:
    """What a model of the gallery, which has no snapshot 0, is shown to begin with is what it began with."""
    kept = read_tensors(snapshots.path(folder, 0))
    made = {n: t.half() if t.is_floating_point() else t for n, t in initial_model(folder.run).state_dict().items()}
    assert made.keys() == kept.keys()
    assert all(torch.equal(made[name], kept[name]) for name in kept)
    again = initial_model(folder.run.model_copy(update={"seed": 1})).state_dict()
    assert any(not torch.equal(made[name].float(), again[name].float()) for name in made)


def test_the_beginning_follows_from_seed_and_config(trained_once: RunFolder) -> None:
    begins_as_it_began(trained_once)


@pytest.mark.slow
def test_so_it_does_in_the_other_families(gan_once: RunFolder, restyler_once: Callable[[str], RunFolder]) -> None:
    for folder in (gan_once, *map(restyler_once, ("restore", "colorize", "style"))):
        begins_as_it_began(folder)


def test_an_encoder_over_its_steps(trained_once: RunFolder) -> None:
    timeline = Timeline(trained_once)
    assert timeline.steps == STEPS
    moments = timeline.look()
    assert [moment.step for moment in moments] == list(STEPS)
    assert not timeline.missing
    first, last = moments[0], moments[-1]
    assert first.pictures is not None and last.pictures is not None
    assert last.pictures.shape == (SHOWN, 1, 28, 28)
    assert last.figures["mse"] < first.figures["mse"] / 2
    assert last.figures["alike"] > first.figures["alike"]
    space = LatentSpace(trained_once)
    np.testing.assert_allclose(last.codes, space.exhibit.codes, atol=1e-4)
    assert last.figures["mse"] == pytest.approx(float(space.exhibit.errors.mean()), rel=1e-3)
    assert timeline.moment(16) is timeline.moment(16)


def test_maps_move_and_do_not_jump(trained_once: RunFolder, deep: RunFolder) -> None:
    for folder in (trained_once, deep):
        timeline = Timeline(folder)
        moments = timeline.look()
        maps = timeline.maps(timeline.steps)
        space = LatentSpace(folder)
        np.testing.assert_allclose(maps[-1], space.plane.flat(space.exhibit.codes), atol=1e-4)  # as on the latent page
        raw = [space.plane.flat(torch.from_numpy(moment.codes).float()).double().numpy() for moment in moments]

        def unit(points: np.ndarray) -> np.ndarray:
            return (points - np.median(points, 0)) / np.linalg.norm(points - np.median(points, 0), axis=1).mean()

        assert movement([unit(points) for points in maps]) < movement([unit(points) for points in raw])
        assert all(np.abs(a - b).max() > 0 for a, b in pairwise(maps))


@pytest.mark.slow
def test_a_generator_draws_from_the_same_numbers_with_statistics_that_fit(gan_once: RunFolder) -> None:
    timeline = Timeline(gan_once)
    moments = timeline.look()
    assert len({moment.sheet.tobytes() for moment in moments}) == len(moments)
    last = moments[-1].pictures
    assert last is not None and len(last) == DRAWN
    assert np.abs(last.astype(int) - Sampler(gan_once).sample(DRAWN, seed=0)).max() <= 1
    path = snapshots.path(gan_once, gan_once.run.result.steps)  # type: ignore[union-attr]
    halves = RunFolder(gan_once.path)
    settled = Timeline(halves)
    settled._files[120] = (path, 0)  # the last step as it was kept in the midst of training
    drawn = settled.moment(120).pictures
    assert drawn is not None
    assert np.abs(drawn.astype(int) - last).mean() < 1
    assert not np.array_equal(
        read_tensors(path)["generator.1.running_mean"], settled.model(120).generator[1].running_mean
    )  # type: ignore[index, union-attr]


@pytest.mark.slow
def test_a_restyler_is_shown_one_photo_as_its_pretext_wants(restyler_once: Callable[[str], RunFolder]) -> None:
    for pretext in ("restore", "colorize", "style"):
        timeline = Timeline(restyler_once(pretext))
        seen, photo = timeline.photo
        first, *_, last = timeline.look()
        assert first.photo is not None and last.photo is not None
        assert first.photo.shape == photo.shape == seen.shape
        assert np.array_equal(seen, photo) == (pretext == "style")
        assert not np.array_equal(first.photo, last.photo)
        if pretext == "restore":
            assert np.abs(first.photo.astype(int) - seen).max() <= 1  # it starts as good as its input
            assert last.figures["psnr"] > first.figures["psnr"]
        else:
            assert np.ptp(first.photo.astype(int), axis=0).max() <= 1  # grey in, grey out


def test_damaged_and_half_written_snapshots_are_left_out(trained: RunFolder, trained_once: RunFolder) -> None:
    whole = snapshots.path(trained, 16).read_bytes()
    snapshots.path(trained, 16).write_bytes(whole[:5000])
    snapshots.path(trained, 24).write_bytes(b"")
    (trained.path / "snapshots" / ".00000032.safetensors.ab12").write_bytes(whole)
    snapshots.path(trained, 48).write_bytes(trained.file("exhibit.safetensors").read_bytes())
    snapshots.path(trained, 0).unlink()
    timeline = Timeline(trained)
    assert timeline.steps == (0, 32, 64, 96, 128, 192, 256, 300)
    np.testing.assert_array_equal(timeline.moment(0).codes, Timeline(trained_once).moment(0).codes)
    with pytest.raises(UserError):
        timeline.moment(16)


def test_a_run_in_progress_is_looked_at_from_its_folder(library: Library, make: Make) -> None:
    folder = library.create(make(steps=60))
    timeline = Timeline(folder)
    assert timeline.steps == (0,)
    happening = train(folder)
    for event in happening:
        if event.kind == "snapshot" and event.step == 24:
            break
    assert timeline.refresh() == (0, 16, 24)
    assert not folder.usable
    before = timeline.look()
    for _ in happening:
        pass
    assert timeline.refresh() == (0, 16, 24, 32, 48, 60)
    assert timeline.missing[0] == 60  # the newest first
    after = timeline.look()
    assert after[:3] == before  # what was looked at is kept,
    np.testing.assert_allclose(after[-1].codes, LatentSpace(folder).exhibit.codes, atol=1e-4)  # and of the same images


def test_both_ends_are_looked_at_first(trained_once: RunFolder) -> None:
    timeline = Timeline(trained_once)
    assert timeline.missing[:3] == [300, 0, 64]
    assert sorted(timeline.missing) == list(STEPS)
    assert timeline.look(seconds=0) == []


def test_without_images_there_is_nothing_to_show(library: Library, make: Make) -> None:
    with pytest.raises(UserError, match="not on this machine"):
        Timeline(library.create(make(source="kmnist"))).look()


def test_a_curve_is_thinned_evenly_along_its_axis() -> None:
    metrics = [
        Metrics(step=step, progress=0, elapsed=0, eta=0, rate=0, losses={"mse": 1 / step}) for step in range(1, 9001, 3)
    ]
    name, train_points, held_out = curve([*metrics, Check(step=0, losses={"mse": 2.0}, findings=())])
    assert (name, held_out) == ("mse", [(0, 2.0)])
    assert 100 < len(train_points) <= MOST + 1
    assert train_points[0] == (1, 1.0)
    assert [place(0), place(16), place(48)] == [0, 1, 2]
    assert curve([]) == ("", [], [])
