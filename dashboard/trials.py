"""The pieces of work that the self-test does. Each is given a `Bench`, and says in a sentence what went well, with a picture where there is one;
what does not work is a UserError that says what to do.

Torch is imported by what needs it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from selfsup_engine import builtin_photos, host, readiness, sources
from selfsup_engine.errors import UserError
from selfsup_engine.images import Pixels, encode, montage
from selfsup_engine.runs import Budget, Library, Run, RunFolder
from selfsup_engine.training.jobs import Jobs
from selfsup_engine.training.launcher import LocalLauncher

if TYPE_CHECKING:
    import torch

STEPS = 20
PATIENCE = 120.0  # seconds for a worker to load torch and train so many steps
PHOTO_SIDE = 160  # pixels


class NotTried(Exception):  # noqa: N818 - no error: it says why something was left out
    """This host cannot be asked for it now."""


class Shown(NamedTuple):
    """What went well, in a sentence, and a picture of it (PNG)."""

    said: str
    picture: bytes | None = None


class Bench(NamedTuple):
    """The library of the server, to be read, and a temporary one, to be worked in."""

    library: Library
    temporary: Library


class Trial(NamedTuple):
    """A piece of work: its name, what it tries, and what does it."""

    name: str
    about: str
    work: Callable[[Bench], Shown]


class OneWorker(LocalLauncher):
    """Starts one worker and warms no second: on a small host both would not fit into memory."""

    def warm(self) -> None:
        if not self._busy:
            super().warm()

    def dismiss(self) -> None:
        """Makes sure that it is gone."""
        for handle in list(self._busy):
            self.end(handle)


def folders(bench: Bench) -> Shown:
    """Everything that a supervisor asks for."""
    problems = [check.problem for check in readiness.checks(bench.library, sources.data_root()) if check.problem]
    if problems:
        raise UserError(" ".join(problems))
    disk, memory = host.disk_free(bench.library.root), host.memory()
    return Shown(
        f"Both can be written; {disk / 1e9:.1f} GB of disk and {memory.free / 1e9:.1f} of {memory.total / 1e9:.1f} GB of memory are free."
    )


def device(bench: Bench) -> Shown:
    """A product of two matrices on the device that trains, held against the same by NumPy."""
    import torch

    from selfsup_engine.device import pick

    chosen = pick()
    a, b = np.random.default_rng(0).normal(size=(2, 96, 96)).astype("float32")
    product = (torch.from_numpy(a).to(chosen.torch) @ torch.from_numpy(b).to(chosen.torch)).cpu().numpy()
    if not np.allclose(product, a @ b, atol=0.1):
        raise UserError(f"{chosen.label} computes wrongly. Start the server with SELFSUP_DEVICE=cpu.")
    threads = f"{chosen.threads} {'thread' if chosen.threads == 1 else 'threads'}"
    precision = "bfloat16 where it pays" if chosen.autocast_dtype else "float32"
    beside = "" if chosen.torch.type != "cpu" else " There is no graphics card, and models of this size need none."
    return Shown(f"{chosen.label}: {threads}, {precision}; it computes what it should.{beside}")


def of_family(family: str) -> Callable[[Bench], Shown]:
    """Opens the smallest model of a family in the gallery, and has it draw."""

    def work(bench: Bench) -> Shown:
        models = [folder for folder in bench.library.shown() if folder.run.family == family and folder.usable]
        if not models:
            raise NotTried("The gallery has no model of this kind.")
        folder = min(models, key=lambda one: one.file("weights.safetensors").stat().st_size)
        said, pictures = drawn(folder)
        if pictures[-1].min() == pictures[-1].max():
            raise UserError(f"{folder.name} draws nothing but one colour. Fetch the project again.")
        return Shown(
            f"{folder.run.title or folder.name} opens. {said}", encode(montage(pictures, min(6, len(pictures))), "png")
        )

    return work


def drawn(folder: RunFolder) -> tuple[str, Pixels]:
    """What a model did, whatever it can do, and pictures (N, C, H, W) of that."""
    from selfsup_engine.exploring.latent import LatentSpace
    from selfsup_engine.exploring.sampling import Sampler

    can = folder.run.result.capabilities if folder.run.result else ()
    if "samples" in can:
        return "It drew twelve samples.", Sampler(folder).sample(12, seed=7)
    if "restyles" in can:
        return "It was applied to a photo.", restyled(folder)
    space = LatentSpace(folder)
    seen = space.exhibit.images[:6]
    return "It redrew six pictures from their codes.", np.concatenate([seen.numpy(), space.reconstruct(seen)])


def restyled(folder: RunFolder) -> Pixels:
    """A photo before and after all that a model would change of it, (2, 3, S, S)."""
    import torch

    from selfsup_engine.exploring.photo import Restyler, difference
    from selfsup_engine.models.saved import load_model

    before = photo()
    change = difference(cast(Restyler, load_model(folder)), before)
    after = (before / 255 + change).clamp(0, 1).mul(255).round().to(torch.uint8)
    return torch.stack([before, after]).numpy()


def photo() -> torch.Tensor:
    """The middle of a built-in photo, (3, S, S) uint8."""
    from selfsup_engine import photofile

    pixels = photofile.read(builtin_photos.read("chelsea")).pixels
    top, left = (pixels.shape[1] - PHOTO_SIDE) // 2, (pixels.shape[2] - PHOTO_SIDE) // 2
    return pixels[:, top : top + PHOTO_SIDE, left : left + PHOTO_SIDE].clone()


def retouch(bench: Bench) -> Shown:
    """One operation that needs no model."""
    import torch

    from selfsup_engine.exploring.retouching.operation import Means
    from selfsup_engine.exploring.retouching.operations import Flatten

    before = photo()
    after = Flatten(strength=0.8).render(before, Means())
    if after.shape != before.shape or torch.equal(after, before):
        raise UserError("A photo was not changed. Install the packages again.")
    both = montage(torch.stack([before, after]).numpy(), 2)
    return Shown("The texture of a photo was taken out, and its edges kept.", encode(both, "png"))


def training(bench: Bench) -> Shown:
    """A few steps in a process of its own, from the queue to the score."""
    if host.memory().free < readiness.LEAST_MEMORY:
        raise NotTried(
            f"It would need about {readiness.LEAST_MEMORY / 1e6:.0f} MB of memory, and fewer are free. Close something, then try again."
        )
    from selfsup_engine.models.spec import preset_config

    _, config = preset_config("autoencoder", "mlp", {"widths": (64, 32), "batch": 64})
    launcher = OneWorker(bench.temporary.root / ".worker.log")
    jobs = Jobs(bench.temporary, launcher)
    try:
        folder = jobs.start(
            Run(
                family="autoencoder",
                preset="mlp",
                source="shapes:size=28,channels=1,count=240",
                config=config.model_dump(mode="json"),
                budget=Budget(steps=STEPS),
                title="Self-test",
            )
        )
        began = time.monotonic()
        while (status := jobs.status(folder)).active:
            if time.monotonic() - began > PATIENCE:
                raise UserError(f"It was not done after {PATIENCE:.0f} s: this host has too little of a processor.")
            time.sleep(0.1)
            jobs.tick()
    finally:
        jobs.close()
        launcher.dismiss()
    run = folder.run
    if status.state != "done" or run.result is None:
        raise UserError(f"It broke off: {status.message or status.state}")
    said = f"{run.result.steps} steps in a process of their own, from the queue to the score. After so few its pictures are noise still."
    return Shown(said, folder.file("cover.png").read_bytes())


def archive(bench: Bench) -> Shown:
    """A run as a zip, and the zip as a run again."""
    from selfsup_engine import archive as zips

    folder = next(iter([*bench.temporary.runs(), *bench.library.shown()]), None)
    if folder is None:
        raise NotTried("There is no run to take along.")
    data = zips.export(folder)
    back = zips.take_in(data, bench.temporary)
    before, after = folder.run.result, back.run.result
    if before is None or after is None or before.weights != after.weights:
        raise UserError("A run came back from its zip as another one. Install the packages again.")
    return Shown(f"A run went into a zip of {len(data) / 1e3:,.0f} kB and came back with the same weights.")


def trials() -> tuple[Trial, ...]:
    """All of them, in their order. Which families there are is told by their files."""
    from selfsup_engine.models.spec import families

    return (
        Trial("Folders, disk and memory", "Writes into the folders of runs and of data.", folders),
        Trial("Processor", "Computes on the device that trains.", device),
        *(
            Trial(spec.config.title, "Opens a model of the gallery and has it draw.", of_family(name))
            for name, spec in families().items()
        ),
        Trial("Photo", "Retouches a photo.", retouch),
        Trial("Training", f"Trains {STEPS} steps in a process of its own.", training),
        Trial("Archive", "Takes a run out as a zip and in again.", archive),
    )
