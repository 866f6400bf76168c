"""Which weights a run keeps for looking back, and where they lie: snapshots/STEP.safetensors, in half precision. Torch is not needed here."""

import re
from collections.abc import Sequence
from pathlib import Path

from selfsup_engine.runs import RunFolder

FOLDER = "snapshots"
LIGHT = (
    3_000_000  # bytes of a snapshot up to which there are two an octave: 24 of them, 72 MB at most, after 30,000 steps
)
CARRIED = 8  # snapshots at most that go along with a run: in its zip, and in the gallery
CARRIED_BYTES = 40_000_000
_NAME = re.compile(r"(\d{8})\.safetensors")


def is_due(step: int, size: int = 0) -> bool:
    """Whether the weights at a step, of `size` bytes, are kept: step 0, and from 16 on two steps an octave, 16, 24, 32, 48, 64 and so on;
    of large weights one. Much changes early, little late."""
    octave = 1 << max(step.bit_length() - 1, 0)
    return step == 0 or (step >= 16 and (step == octave or (2 * step == 3 * octave and size <= LIGHT)))


def path(folder: RunFolder, step: int) -> Path:
    """Where the snapshot of a step lies."""
    return folder.path / FOLDER / f"{step:08d}.safetensors"


def stored(folder: RunFolder) -> dict[int, Path]:
    """The snapshots that a run has, by step, in order. Nobody has looked into them yet."""
    found = ((_NAME.fullmatch(file.name), file) for file in sorted((folder.path / FOLDER).glob("*.safetensors")))
    return {int(name[1]): file for name, file in found if name and not file.is_symlink()}


def cut_after(folder: RunFolder, step: int) -> None:
    """Forgets the snapshots from beyond a step: training goes on from there and takes them anew."""
    for later, file in stored(folder).items():
        if later > step:
            file.unlink(missing_ok=True)


def thinned(steps: Sequence[int], most: int) -> list[int]:
    """At most so many of some steps (rising), as evenly as can be in their order: the first and the last are among them."""
    if len(steps) <= most:
        return list(steps)
    if most < 2:
        return list(steps[len(steps) - max(most, 0) :])
    return [steps[round(i * (len(steps) - 1) / (most - 1))] for i in range(most)]


def carried(folder: RunFolder) -> list[Path]:
    """The snapshots that go along with a run when it is passed on."""
    kept = stored(folder)
    largest = max((file.stat().st_size for file in kept.values()), default=1)
    return [kept[step] for step in thinned(list(kept), min(CARRIED, CARRIED_BYTES // max(largest, 1)))]
