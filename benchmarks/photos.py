"""Photos: seconds and memory a megapixel of the studio's operations, beside operators of OpenCV and scikit-image that do the nearest to the same job.

    python -m benchmarks.photos [--photos FOLDER] [--rounds 3] [--limit 8] [--only enhance] [--write]

Each operator is a process of its own in each round, in turns; a round is one photo, brought to one megapixel, and in the last round to 2, 4, 8 and 16 as well, for
as long as the next size is expected to stay below the limit. The clock runs for the operation alone, with what it prepares; memory is the most that the
process has meanwhile, and beside it what that is more than it had before, the photo included. Linux alone tells so.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.photo_operators import OPERATORS, Picture
from benchmarks.processes import Told, forget_peak, in_process, needed, peak_memory, versions
from benchmarks.reporting import machine, ratio, spread, table, write
from selfsup_engine.runs import ROOT

SIZES = (1, 2, 4, 8, 16)  # megapixels
SMALL = 0.05
REFERENCE = 0.25  # megapixels of the photo whose colours are taken
BESIDE = ROOT.parent / "shared" / "data" / "photos_hires"


def at_size(photo: Path, megapixels: float) -> Picture:
    """A photo (H, W, 3) uint8 brought to so many megapixels."""
    with Image.open(photo) as image:
        share = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
        size = round(image.width * share), round(image.height * share)
        return np.array(image.convert("RGB").resize(size, Image.Resampling.BICUBIC))


def prepare(folder: Path, photo: Path, reference: Path, sizes: Sequence[float]) -> None:
    """A photo at each size and the reference as arrays, so that no operator's memory is that of reading a JPEG."""
    folder.mkdir()
    np.save(folder / "reference.npy", at_size(reference, REFERENCE))
    for size in (SMALL, *sizes):
        np.save(folder / f"{size:g}.npy", at_size(photo, size))


def once(name: str, folder: Path, limit: float) -> list[Told]:
    """What an operator takes at each size that was prepared, up to the limit in seconds."""
    work, other = OPERATORS[name].made(), np.load(folder / "reference.npy")
    work(np.load(folder / f"{SMALL:g}.npy"), other)  # what is set up at the first call only is no part of it
    found: list[Told] = []
    for size in sorted(float(file.stem) for file in folder.glob("[0-9]*.npy") if float(file.stem) > SMALL):
        if found and found[-1]["seconds"] * size / found[-1]["mp"] > limit:
            break
        pixels = np.load(folder / f"{size:g}.npy")
        before = forget_peak()
        began, cpu = time.perf_counter(), time.process_time()
        work(pixels, other)
        took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        found.append({"mp": size, **took, "peak": peak_memory(), "mb": peak_memory() - before})
    return found


def report(job: str, found: dict[str, list[list[Told]]]) -> str:
    """The table of a job: medians over the rounds at one megapixel, then what the largest photo took."""
    ours = next(iter(found))
    rows = []
    for name, rounds in found.items():
        first = [each[0] for each in rounds]
        last, base = rounds[-1][-1], [each[0] for each in found[ours]]
        cells = [name, spread([each["seconds"] for each in first], 2)]
        for clock in ("seconds", "cpu"):
            same = ratio([each[clock] for each in first], [each[clock] for each in base])
            cells.append("1" if name == ours else same)
        cells += [f"{last['mp']:g}", f"{last['seconds']:.1f}", f"{last['seconds'] / last['mp']:.2f}"]
        cells += [f"{last['mb'] / last['mp']:,.0f}", f"{last['peak']:,.0f}", OPERATORS[name].simpler]
        rows.append(cells)
    head = [job, "seconds at 1 MP", "times ours, wall", "times ours, CPU", "largest, MP", "seconds"]
    return table([*head, "seconds a MP", "MB a MP", "peak MB", "what it does less, or otherwise"], rows)


def pictures(folder: Path) -> list[Path]:
    """The photos of a folder.

    Raises:
        SystemExit: there are fewer than two.
    """
    found = sorted(each for each in folder.glob("*") if each.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if len(found) < 2:
        sys.exit(f"{folder} has no two photos. Name a folder of large ones: --photos FOLDER")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=BESIDE, help="a folder of large photos")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=8, help="seconds that a larger photo may take")
    parser.add_argument("--only", action="append", choices={each.job for each in OPERATORS.values()})
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.once:
        print(json.dumps(once(wanted.once[0], Path(wanted.once[1]), wanted.limit)))
        return
    rivals, photos = needed("opencv-python-headless", "scikit-image"), pictures(wanted.photos)
    packages = versions("opencv-python-headless", "scikit-image")
    parts = [", ".join([machine(), *(f"{name} {version}" for name, version in packages.items())])]
    parts[0] += f"; {wanted.rounds} rounds, each with another photo; limit {wanted.limit:g} s"
    with tempfile.TemporaryDirectory() as place:
        for number in range(wanted.rounds):
            given = [photos[(number + i) % len(photos)] for i in (0, 1)]
            prepare(Path(place, str(number)), *given, SIZES if number == wanted.rounds - 1 else SIZES[:1])
        for job in wanted.only or dict.fromkeys(each.job for each in OPERATORS.values()):
            names = [name for name, each in OPERATORS.items() if each.job == job]
            found: dict[str, list[list[Told]]] = {name: [] for name in names}
            for number in range(wanted.rounds):
                for name in names[:: -1 if number % 2 else 1]:
                    python = sys.executable if name == names[0] else rivals
                    asked = "--once", name, str(Path(place, str(number))), "--limit", str(wanted.limit)
                    told = in_process(python, "benchmarks.photos", *asked)
                    found[name].append(told)
                    print(f"  round {number + 1}, {name}: {told}", file=sys.stderr, flush=True)
            parts.append(report(job, found))
            print(parts[-1], flush=True)
    if wanted.write:
        write("photos", "\n\n".join(parts))


if __name__ == "__main__":
    main()
