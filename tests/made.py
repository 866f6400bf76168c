"""What the tests bring: pictures, zips, what a run says."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from PIL import Image

from selfsup_engine import images
from selfsup_engine.events import Check, Event, Failed, Metrics, Queued, Started
from selfsup_engine.health import Finding


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def noise(*shape: int, seed: int = 0) -> images.Pixels:
    """Random bytes."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def chw(image: Image.Image) -> images.Pixels:
    """A picture as the engine has it, (3, H, W) uint8."""
    return np.asarray(image.convert("RGB")).transpose(2, 0, 1)


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip of files by their names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return file.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    """The files of a zip by their names."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def failure_called(text: str) -> tuple[Event, ...]:
    """What a run says that failed, and in which everything that has a name is called so."""
    finding = Finding(level="problem", name=text, message=text, number=1, advice=text)
    figures = {text: 0.1, f"mse/{text}": 0.2}
    return (
        Queued(),
        Started(step=0, device=text, threads=1, parameters=1),
        Metrics(step=1, progress=0.5, elapsed=1, eta=1, rate=1, losses=figures),
        Check(step=1, losses=figures, findings=(finding,), baselines={text: 0.3}),
        Failed(reason=text),
    )
