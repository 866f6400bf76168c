from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

from selfsup_engine import device
from selfsup_engine.models.spec import preset_config
from selfsup_engine.runs import Budget, Library, Run, RunFolder
from selfsup_engine.training.loop import train

Make = Callable[..., Run]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SMALL = {"widths": (32, 16), "batch": 64}
"""A network that trains hundreds of steps a second."""


@pytest.fixture(scope="session")
def among_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the processes which share the tests have in common, for what is slow to make."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def _own_places(tmp_path_factory: pytest.TempPathFactory, among_all: Path) -> Iterator[None]:
    """Data and runs of the tests alone, on one thread; `digits` is prepared once, and so are the networks that generators are judged by."""
    data, judges = tmp_path_factory.mktemp("data"), among_all / "features"
    judges.mkdir(exist_ok=True)
    (data / "features").symlink_to(judges, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SELFSUP_DATA", str(data))
        patch.setenv("SELFSUP_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setenv("SELFSUP_DEVICE", "cpu")
        patch.setenv("SELFSUP_NICENESS", "0")  # a test that waits for a run must not wait for all other tests
        patch.setattr(device, "cores", lambda: 1)  # tests run side by side: threads would only wait for each other
        device.pick.cache_clear()
        torch.set_num_threads(1)
        yield


@pytest.fixture(autouse=True)
def _small_numbers() -> Iterator[None]:
    """A training has numbers below 1.2e-38 be 0 in its thread, for good: here that is the thread of the tests that come after, too."""
    yield
    torch.set_flush_denormal(False)


def build_run(
    steps: int | None = 20,
    seconds: float | None = None,
    source: str = "digits",
    seed: int = 0,
    preset: str = "mlp",
    **changes: Any,
) -> Run:
    """A run of a small autoencoder on a built-in source."""
    network = SMALL if changes.get("network", "mlp") == "mlp" else {"widths": (8, 8), "batch": 64}
    config = preset_config("autoencoder", preset, network | changes)[1]
    return Run(
        family="autoencoder",
        preset=preset,
        source=source,
        config=config.model_dump(mode="json"),
        budget=Budget(steps=steps, seconds=seconds),
        seed=seed,
    )


@pytest.fixture(scope="session")
def make() -> Make:
    return build_run


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the project, which only developers have."""
    if not SHARED.is_dir():
        pytest.skip(f"there is no {SHARED}")
    return SHARED


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "runs").mkdir()
    (tmp_path / "gallery").mkdir()
    return Library(tmp_path / "runs", tmp_path / "gallery")


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """A disk that takes no more: `disk(errno.ENOSPC)` is full, `disk(errno.EROFS)` is read-only, `disk(0)` is well again. It reaches as far
    as `tmp_path`."""
    state = {"number": 0}

    def refuse(path: object) -> None:
        if state["number"] and isinstance(path, str | os.PathLike) and Path(path).is_relative_to(tmp_path):
            raise OSError(state["number"], os.strerror(state["number"]), os.fspath(path))

    def guard(module: Any, name: str, writes: Callable[..., bool] = lambda *_, **__: True) -> None:
        real = getattr(module, name)

        def guarded(path: Any, *args: Any, **options: Any) -> Any:
            if writes(*args, **options):
                refuse(path)
            return real(path, *args, **options)

        monkeypatch.setattr(module, name, guarded)

    guard(io, "open", lambda mode="r", *_, **__: mode.strip("bt") != "r")
    guard(os, "open", lambda flags, *_, **__: bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)))
    guard(os, "mkdir")
    for name in ("rename", "replace", "unlink", "utime"):
        guard(os, name, lambda *_, **__: state["number"] == errno.EROFS)
    yield lambda number: state.update(number=number)
    state["number"] = 0


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A model of the digits with a 2-D code. Nobody may write into it; `trained` is a copy."""
    folder = Library(tmp_path_factory.mktemp("trained")).create(build_run(steps=300, learning_rate=5e-3))
    for _ in train(folder):
        pass
    return folder


@pytest.fixture(scope="session")
def deep(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A variational model of the digits with 6 numbers an image. Nobody may write into it."""
    run = build_run(steps=300, code=6, learning_rate=5e-3, objective="variational", beta=0.1)
    folder = Library(tmp_path_factory.mktemp("deep")).create(run)
    for _ in train(folder):
        pass
    return folder


@pytest.fixture
def trained(trained_once: RunFolder, library: Library) -> RunFolder:
    """A finished run in `library`."""
    return RunFolder(Path(shutil.copytree(trained_once.path, library.root / trained_once.name)))


@pytest.fixture
def noise() -> Callable[..., torch.Tensor]:
    """uint8 images (N, C, S, S) of random pixels."""

    def draw(count: int, channels: int = 1, size: int = 28, seed: int = 0) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return torch.randint(0, 256, (count, channels, size, size), dtype=torch.uint8, generator=generator)

    return draw


@pytest.fixture(scope="session")
def gan_once(among_all: Path) -> RunFolder:
    """A small GAN of the digits at 32 px. Nobody may write into it; `gan` is a copy."""
    small = {"width": 8, "batch": 32, "size": 32, "latent": 100, "learning_rate": 2e-3}
    config = preset_config("dcgan", None, small)[1].model_dump(mode="json")
    run = Run(family="dcgan", preset="default", source="digits", config=config, budget=Budget(steps=120), seed=0)
    library = Library(among_all / "gan")
    with FileLock(among_all / "gan.lock"):
        folder = next(iter(library.runs()), None) or library.create(run)
        if not folder.usable:
            for _ in train(folder):
                pass
    return folder


@pytest.fixture
def gan(library: Library, gan_once: RunFolder) -> RunFolder:
    """A GAN in the library, to do anything to."""
    return RunFolder(Path(shutil.copytree(gan_once.path, library.root / gan_once.name)))


def train_restyler(place: Path, pretext: str) -> RunFolder:
    """A small colour-gradient model of drawn shapes."""
    small = {"widths": (8, 8), "fold": 2, "size": 32, "learning_rate": 3e-3}
    config = preset_config("color_gradient", pretext, small)[1].model_dump(mode="json")
    source = "shapes:size=32,count=200"
    run = Run(family="color_gradient", preset=pretext, source=source, config=config, budget=Budget(steps=40), seed=0)
    folder = Library(place).create(run)
    for _ in train(folder):
        pass
    return folder


@pytest.fixture(scope="session")
def restyler_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RunFolder]:
    """A small model of each pretext, trained once. Nobody may write into it; `restyler` is a copy."""
    made: dict[str, RunFolder] = {}

    def get(pretext: str) -> RunFolder:
        if pretext not in made:
            made[pretext] = train_restyler(tmp_path_factory.mktemp(pretext), pretext)
        return made[pretext]

    return get


@pytest.fixture
def restyler(library: Library, restyler_once: Callable[[str], RunFolder]) -> Callable[[str], RunFolder]:
    """A small model of a pretext in the library, to do anything to."""

    def get(pretext: str) -> RunFolder:
        once = restyler_once(pretext)
        return RunFolder(Path(shutil.copytree(once.path, library.root / pretext)))

    return get
