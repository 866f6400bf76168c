"""Training is exact: what a run gives depends on its request alone, however often it was interrupted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from selfsup_engine import events, snapshots, sources
from selfsup_engine.errors import UserError
from selfsup_engine.events import Check, Event, Failed, Finished, Loading, Metrics, Paused, Snapshot, Started, Wish
from selfsup_engine.exhibit import read as read_exhibit
from selfsup_engine.images import to_unit
from selfsup_engine.models.autoencoder import AutoencoderTask
from selfsup_engine.models.saved import load_model, read_tensors
from selfsup_engine.models.spec import Encodes, spec
from selfsup_engine.runs import STATE, Library, Run, RunFolder
from selfsup_engine.scores import mse_per_image
from selfsup_engine.sources.base import Arrays
from selfsup_engine.training import loop
from selfsup_engine.training.loop import Batches, mix, train
from selfsup_engine.training.worker import recorded

Make = Callable[..., Run]


def weights(folder: RunFolder) -> dict[str, Tensor]:
    return load_model(folder).state_dict()


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


def done(library: Library, run: Run) -> RunFolder:
    folder = library.create(run)
    assert isinstance(list(train(folder))[-1], Finished)
    return folder


class After:
    """A control that goes for some steps, then wants something; it is asked after every step."""

    def __init__(self, steps: int, wish: Wish) -> None:
        self.left, self.wish = steps, wish

    def __call__(self) -> Wish:
        self.left -= 1
        return "go" if self.left > 0 else self.wish


@pytest.fixture
def asked_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is there at once, and a control that is asked after every step."""
    monkeypatch.setattr(loop, "WISH_EVERY", 0.0)
    loaded: dict[str, Any] = {}

    def at_once(run: Run, size: int, channels: int, control: object) -> Iterator[Any]:
        if run.source not in loaded:
            loaded[run.source] = sources.load(run.source)
        yield loaded[run.source].fitted(channels, size)

    monkeypatch.setattr(loop, "load_images", at_once)


def test_the_same_request_gives_the_same_weights_bit_for_bit(library: Library, make: Make) -> None:
    first, again, other = (done(library, make(steps=15, seed=seed)) for seed in (4, 4, 5))
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))
    assert first.run.result is not None
    assert again.run.result is not None
    assert other.run.result is not None
    assert first.run.result.weights == again.run.result.weights != other.run.result.weights
    assert first.run.result.scores == again.run.result.scores


KINDS: list[dict[str, Any]] = [
    {"objective": "plain", "preset": "reference"},
    {"objective": "variational", "norm": True},
    {"objective": "denoising", "noise": "patches"},
    {"objective": "denoising", "network": "conv", "norm": True},
    {"objective": "variational", "network": "conv", "norm": True, "size": 33},
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
@pytest.mark.usefixtures("asked_always")
def test_a_run_that_was_paused_ends_where_the_uninterrupted_one_does(
    library: Library, make: Make, kind: dict[str, Any]
) -> None:
    run = make(steps=12, source="shapes:size=28,count=300,channels=1", batch=32, **kind)
    whole = done(library, run)
    paused = library.create(run)
    for stretch in (1, 4):
        last = list(recorded(paused, train(paused, After(stretch, "pause"))))[-1]
        assert isinstance(last, Paused)
        assert not paused.usable
    assert (paused.status().state, paused.status().step) == ("paused", 5)
    assert isinstance(list(recorded(paused, train(paused)))[-1], Finished)
    assert same(weights(paused), weights(whole))
    assert same(read_tensors(paused.file("exhibit.safetensors")), read_tensors(whole.file("exhibit.safetensors")))
    ends, again = read_tensors(paused.file(STATE)), read_tensors(whole.file(STATE))
    assert same(
        {n: t for n, t in ends.items() if n != "loop.elapsed"}, {n: again[n] for n in ends if n != "loop.elapsed"}
    )


@pytest.mark.usefixtures("asked_always")
def test_a_run_that_was_killed_goes_on_from_its_last_state(
    library: Library, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = done(library, make(steps=40))
    monkeypatch.setattr(loop, "METRICS_EVERY", 0.0)
    killed = library.create(make(steps=40))
    saves = itertools.count()
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(loop.Training, "save_state", _only_some(loop.Training.save_state, saves))
    for event in recorded(killed, train(killed)):
        if isinstance(event, Metrics) and event.step == 30:
            break
    saved = int(read_tensors(killed.file(STATE))["loop.step"])
    assert 0 < saved < 30
    beyond = snapshots.path(killed, 29)  # taken after the state was saved, by a run that went on another way
    beyond.write_bytes(b"of another future")
    assert killed.status().state == "running"
    assert killed.status().step == 30
    happening = recorded(killed, train(killed))
    assert next(event for event in happening if isinstance(event, Started)).step == saved
    assert max(snapshots.stored(killed)) <= saved
    assert killed.status().step == saved
    assert isinstance(list(happening)[-1], Finished)
    assert same(weights(killed), weights(whole))
    steps = [event.step for event in killed.history() if isinstance(event, Metrics)]
    assert steps == sorted(set(steps))


def _only_some(save: Callable[[loop.Training], None], count: Iterator[int]) -> Callable[[loop.Training], None]:
    """Saves every tenth time, as a slower clock would."""

    def sometimes(training: loop.Training) -> None:
        if next(count) % 10 == 0:
            save(training)

    return sometimes


@pytest.mark.usefixtures("asked_always")
def test_a_run_dropped_at_its_very_first_event_begins_again(library: Library, make: Make) -> None:
    whole = done(library, make(steps=5))
    for events_seen in (1, 2, 3):
        folder = library.create(make(steps=5))
        happening = train(folder)
        for _ in range(events_seen):
            next(happening)
        happening.close()  # type: ignore[attr-defined]
        assert isinstance(list(train(folder))[-1], Finished)
        assert same(weights(folder), weights(whole))


def test_snapshots_are_kept_at_the_start_two_an_octave_and_at_the_end(library: Library, make: Make) -> None:
    folder = library.create(make(steps=40))
    said = [event.step for event in train(folder) if isinstance(event, Snapshot)]
    assert said == [0, 16, 24, 32, 40]
    kept = snapshots.stored(folder)
    assert list(kept) == said
    assert not same(load_model(folder, kept[0]).state_dict(), load_model(folder, kept[40]).state_dict())


def test_a_budget_of_steps_is_kept_to_the_step(library: Library, make: Make) -> None:
    folder = done(library, make(steps=7))
    assert folder.run.result is not None
    assert folder.run.result.steps == 7


def test_a_budget_of_seconds_ends(library: Library, make: Make) -> None:
    folder = library.create(make(steps=None, seconds=0.4))
    happened = list(train(folder))
    assert isinstance(happened[-1], Finished)
    assert happened[-1].reason == "done"
    result = folder.run.result
    assert result is not None
    assert result.seconds >= 0.4
    assert result.steps > 1


def test_events_come_in_order_and_their_numbers_make_sense(
    library: Library, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "METRICS_EVERY", 0.01)
    folder = library.create(make(steps=120))
    happened = list(recorded(folder, train(folder)))
    kinds = [event.kind for event in happened if not isinstance(event, Loading)]
    assert kinds[:3] == ["started", "snapshot", "check"]
    assert (
        next(kind for kind in kinds[3:] if kind != "snapshot") == "metrics"
    )  # a step may be quicker than those are apart
    assert kinds[-3:] == ["snapshot", "check", "finished"]
    metrics = [event for event in happened if isinstance(event, Metrics)]
    assert len(metrics) > 2
    assert metrics[-1].step == 120
    assert metrics[-1].progress == 1
    assert metrics[-1].eta == 0
    for before, after in itertools.pairwise(metrics):
        assert 0 < before.progress < after.progress <= 1
        assert before.step < after.step
        assert before.elapsed <= after.elapsed
        assert before.progress == pytest.approx(before.step / 120)
        assert before.eta == pytest.approx(before.elapsed * (1 - before.progress) / before.progress)
    assert all(event.rate > 0 and event.losses["mse"] > 0 for event in metrics)
    assert all(a.at <= b.at for a, b in itertools.pairwise(happened))
    for event in happened:
        if isinstance(event, Check):
            for name, picture in event.pictures.items():
                assert folder.picture(event.step, name).exists(), picture.shape
    assert [_plain(event) for event in events.read(folder.file("events.jsonl"))] == [_plain(e) for e in happened]


def _plain(event: Event) -> dict[str, Any]:
    return event.model_dump()


@pytest.mark.usefixtures("asked_always")
def test_a_stop_keeps_a_model_that_can_be_used_and_can_go_on(library: Library, make: Make) -> None:
    folder = library.create(make(steps=20))
    last = list(recorded(folder, train(folder, After(6, "stop"))))[-1]
    assert isinstance(last, Finished)
    assert (last.step, last.reason) == (6, "stopped")
    assert folder.usable
    result = folder.run.result
    assert result is not None
    assert result.steps == 6
    assert result.capabilities == ("encodes", "decodes")
    assert folder.file("cover.png").exists()
    assert folder.resumable
    assert isinstance(list(recorded(folder, train(folder)))[-1], Finished)
    assert same(weights(folder), weights(done(library, make(steps=20))))
    assert folder.status().state == "done"


@pytest.mark.usefixtures("asked_always")
def test_a_paused_run_can_be_ended_where_it_stands(library: Library, make: Make) -> None:
    folder = library.create(make(steps=20))
    list(recorded(folder, train(folder, After(6, "pause"))))
    assert not folder.usable
    last = list(recorded(folder, train(folder, lambda: "stop")))[-1]
    assert isinstance(last, Finished) and last.reason == "stopped"
    assert folder.usable and last.step < 20


def test_a_run_that_is_done_stays_what_it_is(trained: RunFolder) -> None:
    before = weights(trained)
    assert isinstance(list(train(trained))[-1], Finished)
    assert same(weights(trained), before)


def test_the_result_belongs_to_the_weights(trained: RunFolder) -> None:
    result, kept, model = trained.run.result, read_exhibit(trained.path), load_model(trained)
    assert result is not None
    images = sources.load("digits")
    assert torch.equal(kept.images, images.test)
    assert kept.labels is not None
    assert images.test_labels is not None
    assert torch.equal(kept.labels, images.test_labels)
    assert isinstance(model, Encodes)
    drawn = model(to_unit(images.test)).detach()
    assert result.scores["mse"] == pytest.approx(float(mse_per_image(drawn, images.test).mean()), rel=1e-5)
    torch.testing.assert_close(kept.errors, mse_per_image(drawn, images.test))
    torch.testing.assert_close(kept.codes, model.encode(to_unit(images.test)).detach())
    assert result.scores["mse"] < result.scores["mean_mse"]
    assert result.classes == tuple("0123456789")
    assert result.parameters == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("seconds", [0.0, 1000.0])
def test_a_loss_that_is_no_number_ends_the_run_with_advice(
    library: Library, make: Make, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(
        loop, "METRICS_EVERY", seconds
    )  # seen by the figures of training, or by the look at held-out images
    folder = library.create(make(steps=300, learning_rate=1.0, activation="relu", weight_decay=1.0))
    monkeypatch.setattr(loop, "spec", _with_broken_step(spec))
    last = list(recorded(folder, train(folder)))[-1]
    assert isinstance(last, Failed)
    assert "tenth of the learning rate" in last.reason
    assert folder.status().state == "failed"
    assert not folder.usable
    with pytest.raises(UserError, match="stopped being a number"):
        list(train(folder))


def _with_broken_step(families: Callable[[str], Any]) -> Callable[[str], Any]:
    """The family, whose weights overflow at the tenth step as they do with far too high a learning rate."""

    def broken(family: str) -> Any:
        from dataclasses import replace

        found = families(family)

        def task(config: Any, device: Any) -> Any:
            made = found.task(config, device)
            step, count = made.step, itertools.count(1)

            def overflow(images: Tensor, seed: int, progress: float) -> dict[str, Tensor]:
                figures: dict[str, Tensor] = step(images, seed, progress)
                if next(count) >= 10:
                    with torch.no_grad():
                        for parameter in made.model.parameters():
                            parameter.mul_(torch.inf)
                return figures

            made.step = overflow
            return made

        return replace(found, task=task)

    return broken


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.usefixtures("asked_always")
def test_fewer_images_than_a_batch_are_enough(
    library: Library, make: Make, monkeypatch: pytest.MonkeyPatch, count: int, noise: Callable[..., Tensor]
) -> None:
    pixels = noise(count + 1).numpy()
    monkeypatch.setattr(sources, "load", lambda source: Arrays(pixels[:count], pixels[count:]).to_image_set(source, ""))
    for network in ("mlp", "conv"):
        folder = done(library, make(steps=3, norm=True, network=network, code=3))
        assert folder.run.result is not None
        assert "knn5" not in folder.run.result.scores  # nobody knows the labels


@pytest.mark.usefixtures("asked_always")
def test_a_single_image_is_too_few(
    library: Library, make: Make, monkeypatch: pytest.MonkeyPatch, noise: Callable[..., Tensor]
) -> None:
    pixels = noise(2).numpy()
    monkeypatch.setattr(sources, "load", lambda source: Arrays(pixels[:1], pixels[1:]).to_image_set(source, ""))
    with pytest.raises(UserError, match="too few images"):
        list(train(library.create(make())))


def test_an_epoch_shows_every_image_once_in_another_order_each_time() -> None:
    batches = Batches(103, 20, seed=1, device=torch.device("cpu"))
    epochs = [torch.cat([batches[5 * epoch + i] for i in range(5)]) for epoch in range(3)]
    for seen in epochs:
        assert len(seen.unique()) == 100  # the rest fills no batch
        assert seen.max() < 103
    assert not torch.equal(epochs[0], epochs[1])
    assert torch.equal(batches[3], Batches(103, 20, seed=1, device=torch.device("cpu"))[3])
    assert not torch.equal(batches[3], Batches(103, 20, seed=2, device=torch.device("cpu"))[3])
    assert len(Batches(7, 20, seed=0, device=torch.device("cpu"))[5]) == 7


def test_every_step_of_every_seed_has_a_seed_of_its_own() -> None:
    seeds = [mix(seed, step) % 2**32 for seed in range(20) for step in range(-100, 1000)]  # torch keeps 32 bits
    assert len(set(seeds)) == len(seeds)
    assert 0 <= mix(2**31 - 1, -1 - 10**6) < 2**63


def test_a_step_is_told_its_seed_and_how_far_it_is(
    library: Library, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, float]] = []
    step = AutoencoderTask.step

    def listen(task: AutoencoderTask, images: Tensor, seed: int, progress: float) -> dict[str, Tensor]:
        told.append((seed, progress))
        return step(task, images, seed, progress)

    monkeypatch.setattr(AutoencoderTask, "step", listen)
    done(library, make(steps=8, seed=2))
    assert told == [(mix(2, taken), taken / 8) for taken in range(8)]


@pytest.mark.parametrize("wish", ["pause", "stop"])
def test_a_wish_ends_a_download(library: Library, make: Make, monkeypatch: pytest.MonkeyPatch, wish: Wish) -> None:
    ended: list[BaseException] = []

    def endless(source: str, progress: Callable[[float, str], None]) -> None:
        try:
            while True:
                progress(0.5, "Downloading")
        except BaseException as error:
            ended.append(error)
            raise

    monkeypatch.setattr(sources, "load", endless)
    monkeypatch.setattr(loop, "WISH_EVERY", 0.001)
    folder = library.create(make())
    happened = list(train(folder, After(3, wish)))
    assert isinstance(happened[0], Loading)
    assert happened[0].message == "Downloading"
    assert isinstance(happened[-1], Paused)
    assert happened[-1].step == 0
    assert ended


def test_a_source_that_cannot_be_had_is_a_user_error(library: Library, make: Make, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder"):
        list(train(library.create(make(source=f"folder:{tmp_path / 'none'}"))))
