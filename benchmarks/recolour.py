"""How much nearer recolouring brings one photo's chromas to another's, beside Reinhard's colour transfer.

    python -m benchmarks.recolour FOLDER_OF_PHOTOS
    python -m benchmarks.recolour FOLDER_OF_PHOTOS --pixels 250000

Over all ordered pairs: by what share the sliced Wasserstein distance of the chromas (field_statistics) falls, measured on the uint8
result, and the largest change of OKLab's L anywhere, in 1/255. "Reachable" is by how much it could fall if each pixel took any chroma
that sRGB has at its lightness: dark and very light photos cannot take strong colours.
"""

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from selfsup_engine.exploring.retouching.base import reduced
from selfsup_engine.exploring.retouching.chroma_transport import sampled
from selfsup_engine.exploring.retouching.recolour import Colours, planned, recolour
from selfsup_engine.exploring.retouching.reinhard import reinhard
from selfsup_engine.field_statistics import FieldStatistics, distance, slices
from selfsup_engine.oklab import from_srgb, into_gamut, lightness

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


def loaded(path: Path, pixels: int) -> Tensor:
    with Image.open(path) as image:
        image.draft("RGB", (1600, 1600))
        array = np.array(image.convert("RGB"))
    return reduced(torch.from_numpy(array).permute(2, 0, 1).contiguous(), pixels)


def measured(photo: Tensor, aim: FieldStatistics, operation: Callable[[float], Tensor]) -> tuple[list[float], float]:
    """Distances to the aim at each strength, and the largest change of L in 1/255."""
    results = [operation(strength) for strength in STRENGTHS]
    change = max(float((lightness(each) - lightness(photo)).abs().max()) for each in results)
    return [distance(FieldStatistics.of(each), aim).chroma for each in results], change * 255


def reachable(photo: Tensor, aim: FieldStatistics) -> float:
    """About the least distance that any change of chroma within sRGB leaves, each pixel for itself and L kept: found by descent."""
    lab = sampled(from_srgb(reduced(photo)), 4096)
    along, wanted = slices(len(aim.chroma)), aim.chroma.repeat_interleave(4096 // aim.chroma.shape[1], 1)
    apart = 1e-5 * torch.rand(4096, generator=torch.Generator().manual_seed(0))
    least = float("inf")
    for _ in range(100):
        seen = along @ lab[1:] + apart
        order = torch.from_numpy(seen.numpy().argsort(1))
        missing = torch.empty_like(seen).scatter_(1, order, wanted) - seen
        least = min(least, float(missing.abs().mean()))
        lab = into_gamut(torch.cat([lab[:1], lab[1:] + along.T @ missing * (2 / len(along))])[:, None])[:, 0]
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pixels", type=int, default=100_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    photos = {path.stem: loaded(path, options.pixels) for path in sorted(options.folder.glob("*.jpg"))}
    statistics = {name: FieldStatistics.of(photo) for name, photo in photos.items()}
    rows: dict[str, list[tuple[float, bool, float, float]]] = {"ours": [], "Reinhard": []}
    for one, other in itertools.permutations(photos, 2):
        photo, start = photos[one], time.perf_counter()
        plan = planned(photo, Colours.of_photo(photos[other]))
        spent = time.perf_counter() - start
        methods: dict[str, Callable[[float], Tensor]] = {
            "ours": lambda s, photo=photo, plan=plan: recolour(photo, plan, strength=s),  # type: ignore[misc]
            "Reinhard": lambda s, photo=photo, other=other: reinhard(photo, photos[other], strength=s),  # type: ignore[misc]
        }
        within = reachable(photo, statistics[other])
        for method, operation in methods.items():
            found, change = measured(photo, statistics[other], operation)
            falls = [100 * (1 - each / found[0]) for each in found]
            monotone = all(a > b for a, b in itertools.pairwise(found))
            rows[method].append((falls[-1], monotone, change, 100 * (1 - within / found[0])))
            steps = " ".join(f"{fall:6.1f}" for fall in falls[1:])
            print(f"{one[:14]:14} {other[:14]:14} {method:8} {found[0]:.4f} {steps} %  L {change:6.2f}", end="  ")
            print(
                f"{'' if monotone else 'not monotone'} reachable {100 * (1 - within / found[0]):.1f} % {spent:.1f} s",
                flush=True,
            )
    for method, each in rows.items():
        last = torch.tensor([row[0] for row in each])
        print(
            f"{method:8} {len(each)} pairs: fall at strength 1 min {last.min():.1f}, median {last.median():.1f} %, "
            f"{int((last >= 70).sum())} of at least 70 % (reachable in {sum(row[3] >= 70 for row in each)}); monotone {sum(row[1] for row in each)}; "
            f"largest change of L {max(row[2] for row in each):.2f}/255"
        )


if __name__ == "__main__":
    main()
