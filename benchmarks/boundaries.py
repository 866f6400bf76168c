"""Boundaries of segmentations against those that people drew, as the Berkeley benchmark scores them.

    python -m benchmarks.boundaries PATH_OF_bsds500_trainval
    python -m benchmarks.boundaries PATH_OF_bsds500_trainval --split train --images 25 --only regions --all

Martin, Fowlkes and Malik (2004), Arbelaez et al. (2011): human and found boundaries are thinned to lines; a found pixel counts if
it is matched one to one to a human one within 0.0075 of the picture's diagonal. Recall is the matched share of all annotators'
pixels, precision the share of found pixels that at least one annotator's matched. ODS is F at the one setting that is best for
all pictures together, OIS with the best setting of each picture; both from counts summed over pictures.

The matching is the one of least total distance in which a pixel without a partner costs 100 tolerances, solved exactly. The original
solves that problem with the partnerless wired to a few stand-ins at random, so that its counts can be a trifle lower.

Each method is given the setting that is best on the split that is scored, out of the twelve that its sweep lists. Canny's and
Felzenszwalb's twelve are the best ones on pictures of the train split, of 28 and 33: sigma 1.5 to 4 and high 0.1 to 0.5 for the one,
scale 300 to 800, sigma 0.5 to 1.2 and at least 50 to 400 pixels for the other. Our regions have one setting, the detail; their scales,
bins, smoothing and exponents are constants that were chosen on pictures of the train split.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from skimage.color import rgb2gray
from skimage.feature import canny
from skimage.morphology import thin
from skimage.segmentation import felzenszwalb

from selfsup_engine.device import host_facts
from selfsup_engine.exploring.retouching import segment

TOLERANCE = 0.0075  # of the diagonal
CANNY = ((2, 0.2), (2, 0.25), (2.5, 0.15), (3, 0.1), (3, 0.15), (3, 0.2), (3, 0.25), (3.5, 0.1), (3.5, 0.15), (3.5, 0.2), (4, 0.1), (4, 0.15))  # fmt: skip
"""Standard deviation of the smoothing, and the gradient from which a line starts; it goes on down to 0.4 of that."""
FELZENSZWALB = (
    (400, 0.8, 200), (400, 1.0, 100), (400, 1.0, 200), (400, 1.0, 400), (400, 1.2, 100), (400, 1.2, 200),
    (600, 0.8, 200), (600, 1.0, 100), (600, 1.0, 200), (600, 1.2, 100), (600, 1.2, 200), (800, 1.2, 50),
)  # fmt: skip
"""Scale, sigma, and the fewest pixels of a region."""
DETAILS = np.linspace(0.40, 0.62, 12)

Lines = NDArray[np.bool_]
Method = Callable[[NDArray[np.uint8]], Iterable[tuple[str, Lines]]]
"""A picture (H, W, 3) -> for each of its settings, the same ones for each picture, the setting's name and thin lines (H, W)."""
Strength = Callable[[torch.Tensor], torch.Tensor]
"""A photo (3, H, W) uint8 -> how strong its gradient is, (h, w)."""


def lines_between(labels: NDArray[np.integer]) -> Lines:
    """Thin lines (H, W) between the regions of labels (H, W): pixels that differ from the right, the lower or the diagonal one."""
    lines = np.zeros(labels.shape, bool)
    lines[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    lines[:-1] |= labels[1:] != labels[:-1]
    lines[:-1, :-1] |= labels[1:, 1:] != labels[:-1, :-1]
    return np.asarray(thin(lines))  # type: ignore[no-untyped-call]


def match(human: Lines, found: Lines) -> tuple[int, Lines]:
    """How many human pixels have a partner, and which found pixels (H, W) are one."""
    radius = TOLERANCE * np.hypot(*human.shape)
    pad = int(radius)
    dy, dx = np.mgrid[-pad : pad + 1, -pad : pad + 1]
    near = np.hypot(dy, dx) <= radius
    dy, dx = dy[near], dx[near]
    number = np.full(np.add(found.shape, 2 * pad), -1)
    number[pad : pad + found.shape[0], pad : pad + found.shape[1]][found] = np.arange(found.sum())
    y, x = np.nonzero(human)
    partners = number[y[:, None] + dy + pad, x[:, None] + dx + pad]
    if not (partners >= 0).any():
        return 0, np.zeros_like(found)
    # Every human pixel may also stay alone, with a column of its own behind those of the found ones.
    partners = np.column_stack([partners, np.arange(len(y)) + found.sum()])
    costs = np.append(np.hypot(dy, dx) + 1e-3, 100 * radius)  # a stored 0 would be no edge
    edges = partners >= 0
    starts = np.append(0, np.cumsum(edges.sum(1)))
    weights = np.broadcast_to(costs, edges.shape)[edges]
    graph = csr_matrix((weights, partners[edges], starts), (len(y), found.sum() + len(y)))
    columns = min_weight_full_bipartite_matching(graph)[1]
    columns = columns[columns < found.sum()]
    used = np.zeros(found.sum(), bool)
    used[columns] = True
    matched = np.zeros_like(found)
    matched[found] = used
    return len(columns), matched


def counts(humans: Iterable[Lines], found: Lines) -> NDArray[np.int64]:
    """Human pixels matched and in all, over annotators; found pixels matched by any and in all."""
    recalled, wanted, right = 0, 0, np.zeros_like(found)
    for human in humans:
        partnered, matched = match(human, found)
        recalled, wanted, right = recalled + partnered, wanted + human.sum(), right | matched
    return np.array([recalled, wanted, right.sum(), found.sum()])


def scores(sums: NDArray[np.int64]) -> NDArray[np.float64]:
    """F, precision and recall (..., 3) of counts (..., 4)."""
    recall = sums[..., 0] / np.maximum(sums[..., 1], 1)
    precision = sums[..., 2] / np.maximum(sums[..., 3], 1)
    return np.stack([2 * precision * recall / np.maximum(precision + recall, 1e-9), precision, recall], -1)


def pictures(place: Path, split: str, count: int) -> Iterator[tuple[NDArray[np.uint8], list[Lines]]]:
    """Up to so many pictures (H, W, 3), evenly spread over the split, each with the lines of its annotators."""
    with np.load(place / f"segmentations_{split}.npz", allow_pickle=False) as segmentations:
        names = sorted(segmentations.files)
        for name in names[:: -(-len(names) // count)]:
            image = np.asarray(Image.open(place / "images" / split / f"{name}.jpg").convert("RGB"))
            yield image, [lines_between(labels) for labels in segmentations[name]]


def canny_sweep(image: NDArray[np.uint8]) -> Iterator[tuple[str, Lines]]:
    grey = rgb2gray(image)
    for sigma, high in CANNY:
        lines = thin(canny(grey, sigma, 0.4 * high, high))  # type: ignore[no-untyped-call]
        yield f"sigma {sigma}, high {high}", lines


def felzenszwalb_sweep(image: NDArray[np.uint8]) -> Iterator[tuple[str, Lines]]:
    for scale, sigma, least in FELZENSZWALB:
        labels = felzenszwalb(image, scale, sigma, least)
        yield f"scale {scale}, sigma {sigma}, at least {least} px", lines_between(labels)


def regions_sweep(image: NDArray[np.uint8], learned: Strength | None = None) -> Iterator[tuple[str, Lines]]:
    """Our regions, of the photo's own colour gradient or, with `partial(regions_sweep, learned=...)`, of a learned one."""
    photo = torch.from_numpy(image.transpose(2, 0, 1).copy())
    hierarchy = segment.hierarchy(photo, strength=learned(photo) if learned else None)
    for detail in DETAILS:
        yield f"detail {detail:.2f}", lines_between(hierarchy.at(detail).numpy())


METHODS: Mapping[str, Method] = {
    "Canny": canny_sweep,
    "Felzenszwalb": felzenszwalb_sweep,
    "regions": regions_sweep,
}


Outcome = dict[str, tuple[list[str], NDArray[np.int64], float]]
"""By method: its settings' names, the counts (settings, 4) of a picture, the seconds that its boundaries took."""


def outcome(picture: tuple[NDArray[np.uint8], list[Lines]], names: list[str]) -> Outcome:
    torch.set_num_threads(1)
    image, humans = picture
    found: Outcome = {}
    for name in names:
        began = time.perf_counter()
        settings, lines = zip(*METHODS[name](image), strict=True)
        seconds = time.perf_counter() - began
        found[name] = list(settings), np.stack([counts(humans, each) for each in lines]), seconds / len(settings)
    return found


def report(name: str, outcomes: list[Outcome], every: bool) -> None:
    settings = outcomes[0][name][0]
    sums = np.stack([each[name][1] for each in outcomes])  # (pictures, settings, 4)
    overall = scores(sums.sum(0))
    best = overall[:, 0].argmax()
    chosen = scores(sums)[..., 0].argmax(1)
    own = scores(sums[np.arange(len(sums)), chosen].sum(0))[0]
    f, precision, recall = overall[best]
    seconds = np.mean([each[name][2] for each in outcomes])
    print(
        f"| {name} | {len(settings)} | {settings[best]} | {f:.3f} | {precision:.3f} | {recall:.3f} | {own:.3f} | {seconds:.2f} |"
    )
    for setting, (f, precision, recall) in zip(settings, overall, strict=True) if every else ():
        print(f"|  | | {setting} | {f:.3f} | {precision:.3f} | {recall:.3f} | | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path, help="folder with images/ and segmentations_*.npz")
    parser.add_argument("--split", choices=("train", "val"), default="val")
    parser.add_argument("--images", type=int, default=1000, help="no more than so many, evenly spread")
    parser.add_argument("--only", nargs="+", choices=tuple(METHODS), default=list(METHODS))
    parser.add_argument("--all", action="store_true", help="print every setting, not only the best")
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    began = time.perf_counter()
    print(", ".join(f"{name} {value}" for name, value in host_facts().items()))
    with ProcessPoolExecutor(wanted.processes) as pool:
        work = pool.map(partial(outcome, names=wanted.only), pictures(wanted.place, wanted.split, wanted.images))
        outcomes = list(work)
    print(f"BSDS500 {wanted.split}, {len(outcomes)} pictures, tolerance {TOLERANCE} of the diagonal, ", end="")
    print(f"{time.perf_counter() - began:.0f} s on {wanted.processes} processes\n")
    print(
        "| method | settings | best setting | ODS F | precision | recall | OIS F | s a setting |\n" + "|---" * 8 + "|"
    )
    for name in wanted.only:
        report(name, outcomes, wanted.all)


if __name__ == "__main__":
    main()
