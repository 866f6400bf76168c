"""The one training loop, for every family: a generator of events that works in a run's folder.

Exactness: a batch depends on (seed, step) alone, and so does everything random inside a step. The saved state holds every tensor
that learns. So a run that is resumed at step k ends where the uninterrupted run ends.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Literal

import torch
from torch import Tensor

from selfsup_engine import events, exhibit, memory, snapshots, sources
from selfsup_engine.device import make_deterministic, pick
from selfsup_engine.errors import UserError
from selfsup_engine.events import Event, Wish
from selfsup_engine.files import write
from selfsup_engine.images import encode, to_unit
from selfsup_engine.models.saved import WEIGHTS, read_tensors, tensor_file, write_tensors
from selfsup_engine.models.spec import Config, Task, capabilities, check_config, spec
from selfsup_engine.runs import STATE, Result, Run, RunFolder
from selfsup_engine.sources import ImageSet

Control = Callable[[], Wish]

METRICS_EVERY = 0.25  # seconds: reading losses from a GPU at each step would halve its speed
SAVE_EVERY = 5.0  # seconds: what a kill can cost at most
WISH_EVERY = 0.05  # seconds


def mix(seed: int, step: int) -> int:
    """A seed for one step: distinct for distinct (seed, step)."""
    return (seed * 0x9E3779B1 + step) % 2**63


class Batches:
    """Which images a step sees: every epoch a fresh shuffle, the rest that fills no batch left out."""

    def __init__(self, count: int, batch: int, seed: int, device: torch.device) -> None:
        self.count, self.batch, self.seed, self.device = count, min(batch, count), seed, device
        self.per_epoch = count // self.batch
        self._epoch, self._order = -1, torch.empty(0)

    def __getitem__(self, step: int) -> Tensor:
        epoch, position = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            order = torch.randperm(
                self.count, generator=torch.Generator().manual_seed(mix(self.seed, -1 - epoch) % 2**63)
            )
            self._epoch, self._order = epoch, order.to(self.device)
        return self._order[position * self.batch : (position + 1) * self.batch]


def load_images(run: Run, size: int, channels: int, control: Control) -> Iterator[Event | ImageSet | Wish]:
    """Progress events while a source is fetched, then its ImageSet; or the wish that ended the wait."""
    said: list[tuple[float, str]] = []
    over = False

    def progress(share: float, text: str) -> None:
        said.append((share, text))
        if over:
            raise CancelledError  # ends the download: nobody waits for it any more

    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(lambda: sources.load(run.source, progress))
        shown = 0.0
        try:
            while not loading.done():
                time.sleep(WISH_EVERY)
                if said and time.monotonic() - shown > METRICS_EVERY:
                    shown = time.monotonic()
                    yield events.Loading(fraction=said[-1][0], message=said[-1][1])
                if (wish := control()) != "go":
                    yield wish
                    return
        finally:
            over = True
    yield loading.result().fitted(channels, size)


def train(folder: RunFolder, control: Control = lambda: "go") -> Iterator[Event]:
    """Trains a run from where it stands, and saves as it goes.

    Raises:
        UserError: the source cannot be had, or the loss stopped being a number.
    """
    run = folder.run
    config = check_config(run.family, run.config)
    images: ImageSet | None = None
    begun = folder.file(STATE).exists()

    def while_loading() -> Wish:
        wish = control()
        return (
            "go" if begun and wish == "stop" else wish
        )  # there is something to keep: it ends properly, once it is loaded

    for said in load_images(run, config.size, config.channels, while_loading):
        if isinstance(said, ImageSet):
            images = said
        elif isinstance(said, str):
            yield events.Paused(step=folder.status().step)
            return
        else:
            yield said
    assert images is not None
    if len(images.train) < 2 or not len(images.test):
        raise UserError(
            f"{sources.called(run.source)} has too few images: it takes two to train on and one to test on. Add more."
        )
    yield from Training(folder, config, images, control).events()


class Training:
    """One stretch of training: from the last saved state to the budget's end, a pause or a stop."""

    def __init__(self, folder: RunFolder, config: Config, images: ImageSet, control: Control) -> None:
        self.folder, self.run, self.control = folder, folder.run, control
        self.device = pick()
        torch.manual_seed(self.run.seed)
        self.task: Task = spec(self.run.family).task(config, self.device)
        make_deterministic(self.device, self.task.threads)
        memory.keep_heap()
        self.images = images.to(self.device.torch)
        self.batches = Batches(len(images.train), config.batch, self.run.seed, self.device.torch)
        self.step, self.elapsed = 0, 0.0
        for name in ("previews", snapshots.FOLDER):
            (folder.path / name).mkdir(exist_ok=True)
        if folder.file(STATE).exists():
            state = read_tensors(folder.file(STATE))
            self.step, self.elapsed = int(state.pop("loop.step")), float(state.pop("loop.elapsed"))
            self.task.load_state({name: tensor.to(self.device.torch) for name, tensor in state.items()})
            events.cut_after(folder.file("events.jsonl"), self.step)
            snapshots.cut_after(folder, self.step)
        self.weight = sum(2 * tensor.numel() for tensor in self.task.model.state_dict().values())

    def batch(self) -> Tensor:
        """The images of the next step. Nobody keeps them after it, so that the next ones take their place in the processor's cache."""
        return to_unit(self.images.train.index_select(0, self.batches[self.step]))

    def save_state(self) -> None:
        """Everything needed to go on from here."""
        at = {"loop.step": torch.tensor(self.step), "loop.elapsed": torch.tensor(self.elapsed, dtype=torch.float64)}
        write_tensors(self.folder.file(STATE), self.task.state() | at, make=False)

    def snapshot(self) -> Event:
        """Keeps the weights for looking back: in half precision, which no picture shows."""
        halves = {n: t.half() if t.is_floating_point() else t for n, t in self.task.model.state_dict().items()}
        write_tensors(snapshots.path(self.folder, self.step), halves, make=False)
        return events.Snapshot(step=self.step)

    def refuse_nonsense(self, losses: dict[str, float]) -> None:
        if not all(map(math.isfinite, losses.values())):
            raise UserError(
                f"At step {self.step} the loss stopped being a number. Start again with a tenth of the learning rate."
            )

    def check(self, progress: float) -> Event:
        """Held-out figures, health and pictures."""
        losses = self.task.evaluate(self.images.test)
        self.refuse_nonsense(losses)
        pictures = self.task.preview(self.images)
        for name, picture in pictures.items():
            write(self.folder.picture(self.step, name), encode(picture, "png"), make=False)
        return events.Check(
            step=self.step,
            losses=losses,
            baselines=self.task.baselines(self.images),
            findings=tuple(self.task.health(self.images, losses, progress)),
            pictures=pictures,
        )

    def events(self) -> Iterator[Event]:
        parameters = sum(parameter.numel() for parameter in self.task.model.parameters())
        yield events.Started(
            step=self.step, device=self.device.label, threads=torch.get_num_threads(), parameters=parameters
        )
        if not self.folder.file(STATE).exists():
            yield self.snapshot()
            self.save_state()
        yield self.check(self.run.budget.progress(self.step, self.elapsed))
        clock = time.monotonic
        began = clock() - self.elapsed
        said = saved = asked = checked = clock()
        checked_after = 1.0
        since: dict[str, Tensor] = {}
        steps_since = 0
        wish: Wish = "go"
        while (progress := self.run.budget.progress(self.step, self.elapsed)) < 1:
            for name, value in self.task.step(self.batch(), mix(self.run.seed, self.step), progress).items():
                since[name] = since[name] + value if name in since else value
            self.step, steps_since = self.step + 1, steps_since + 1
            now = clock()
            self.elapsed = now - began
            if now - said >= METRICS_EVERY:
                yield self.metrics(since, steps_since, now - said)
                since, steps_since, said = {}, 0, now
            if snapshots.is_due(self.step, self.weight):
                yield self.snapshot()
            if now - saved >= SAVE_EVERY:
                self.save_state()
                saved = clock()
            if now - checked >= checked_after:
                yield self.check(progress)
                checked = clock()
                checked_after = max(
                    1.0, self.elapsed / 15, 20 * (checked - now)
                )  # ever rarer, and a twentieth of the time at most
            if now - asked >= WISH_EVERY:
                asked = now
                if (wish := self.control()) != "go":
                    break
        if steps_since:
            yield self.metrics(since, steps_since, max(clock() - said, 1e-6))
        self.save_state()
        if wish == "pause":
            yield events.Paused(step=self.step)
            return
        yield from self.finish("stopped" if wish == "stop" else "done", parameters)

    def metrics(self, sums: dict[str, Tensor], steps: int, seconds: float) -> Event:
        """The mean figures of some steps."""
        losses = {name: float(total) / steps for name, total in sums.items()}
        self.refuse_nonsense(losses)
        progress = self.run.budget.progress(self.step, self.elapsed)
        return events.Metrics(
            step=self.step,
            progress=progress,
            elapsed=self.elapsed,
            eta=self.elapsed * (1 - progress) / progress if progress else 0.0,
            rate=steps * self.batches.batch / seconds,
            losses=losses,
        )

    def finish(self, reason: Literal["done", "stopped"], parameters: int) -> Iterator[Event]:
        """Saves the model with all that explores it, then says that it is there."""
        yield events.Finishing(step=self.step)
        yield self.snapshot()
        yield self.check(self.run.budget.progress(self.step, self.elapsed))
        report = self.task.report(self.images)
        content, weights = tensor_file(self.task.model.state_dict())
        result = Result(
            scores=report.scores,
            steps=self.step,
            seconds=round(self.elapsed, 2),
            device=self.device.label,
            parameters=parameters,
            capabilities=capabilities(self.task.model),
            weights=weights,
            classes=self.images.classes,
            licence=self.images.licence,
        )
        cover = encode(report.cover, "png")
        model = {exhibit.FILE: exhibit.content(report.exhibit), "cover.png": cover, WEIGHTS: content}
        self.folder.change(model, result=result)  # at once: codes never lie beside the weights of another training
        yield events.Finished(step=self.step, reason=reason)
