"""A model applied to a photo of any size: in tiles, each with the halo that its pixels depend on.

Tiles begin at multiples of the model's fold, and their halos are cut at the photo's true border, where the model pads as it does for
the whole: so that the tiles' results are the whole's, within float error, without a seam.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selfsup_engine.device import one_thread, pick
from selfsup_engine.exploring.retouching.base import Progress, enlarged, part, reduced, silent
from selfsup_engine.images import to_unit
from selfsup_engine.models.color_gradient_networks import blurred
from selfsup_engine.models.spec import Restyles

TILE = 512
"""Pixels a side: memory for its widest maps is tens of megabytes; 256 loses a tenth of the time to halos, 1024 gains nothing."""
AFFORDABLE = 1.5e12
"""Multiplications for one photo: some 20 s on two cores. A model that needs more is applied at a smaller size."""


SOFT, SHARP = 0.2, 0.6  # see `softness`
GENTLE = 0.25


class Restyler(Restyles, Protocol):
    """A loaded model that restyles: a module, too."""

    def modules(self) -> Iterator[nn.Module]: ...


def macs_per_pixel(model: Restyler) -> float:
    """Multiplications that a model needs for each pixel of a photo."""
    weights = sum(layer.weight.numel() for layer in model.modules() if isinstance(layer, nn.Conv2d))
    return weights / model.fold**2


def tiles(height: int, width: int, halo: int, side: int) -> Iterator[tuple[slice, slice, slice, slice]]:
    """For each tile: rows and columns to read, and those of what was read that are kept."""
    for top in range(0, height, side):
        for left in range(0, width, side):
            bottom, right = min(top + side, height), min(left + side, width)
            above, before = min(halo, top), min(halo, left)
            rows = slice(top - above, min(bottom + halo, height))
            columns = slice(left - before, min(right + halo, width))
            yield rows, columns, slice(above, above + bottom - top), slice(before, before + right - left)


def difference(model: Restyler, photo: Tensor, progress: Progress = silent, tile: int = TILE) -> Tensor:
    """What a model would change of a photo (3, H, W) uint8: float16 (3, H, W), on [0, 1] pixels.

    Half precision is a twentieth of an 8-bit step at worst, and a photo of 24 MP keeps to 144 MB. On CPUs each core has a tile of its
    own, on one thread: faster than all on one, and the same bits whatever the number of cores.
    """
    device = pick()
    height, width = photo.shape[-2:]
    side = max(tile // model.fold, 1) * model.fold
    changed = torch.empty(photo.shape, dtype=torch.float16)
    places = list(tiles(height, width, -(-model.halo // model.fold) * model.fold, side))

    @torch.inference_mode()
    def work(place: tuple[slice, slice, slice, slice]) -> None:
        rows, columns, kept_rows, kept_columns = place
        seen = to_unit(photo[:, rows, columns][None]).to(device.torch, memory_format=torch.channels_last)
        with device.autocast():
            made = model.restyle(seen)
        change = (made.float() - seen)[0, :, kept_rows, kept_columns] / 2
        top, left = rows.start + kept_rows.start, columns.start + kept_columns.start
        changed[:, top : top + change.shape[1], left : left + change.shape[2]] = change.half().cpu()

    with one_thread(), ThreadPoolExecutor(device.threads if device.torch.type == "cpu" else 1) as pool:
        try:
            for done, _ in enumerate(pool.map(work, places)):
                progress(done / len(places))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    progress(1.0)
    return changed


def carried(model: Restyler, photo: Tensor, pixels: int, progress: Progress = silent) -> Tensor:
    """The same, found on a copy of so many pixels at most, and enlarged: the photo's own gradients keep its edges."""
    small = reduced(photo, pixels)
    change = difference(model, small, progress)
    if small is photo:
        return change
    height, width = photo.shape[-2:]
    return torch.stack([enlarged(channel[None].float(), height, width)[0].half() for channel in change])


def limited(change: Tensor, photo: Tensor, reach: int = 2, margin: float = 0.02) -> Tensor:
    """A change (3, H, W) without the rings that sharpening leaves around edges which were sharp before: photo and change together keep to the
    range of the photo's neighbourhood of `reach` pixels, and to `margin` beyond it, both on [0, 1] pixels."""
    kept = torch.empty_like(change)
    for channel, values in enumerate(photo):
        own = values.float() / 255
        high = F.max_pool2d(own[None, None], 2 * reach + 1, 1, reach)[0, 0]
        low = -F.max_pool2d(-own[None, None], 2 * reach + 1, 1, reach)[0, 0]
        wanted = (own + change[channel].float()).clamp(low - margin, high + margin)
        kept[channel] = (wanted - own).half()
    return kept


def softness(photo: Tensor) -> float:
    """How much of a model's change a photo (3, H, W) uint8 can bear, in [`GENTLE`, 1]: all where it is soft, little where it is sharp already.

    Of what a binomial filter takes away, the filter takes the more away again the finer it is: 0.56 to 0.80 of it in sharp photos, 0.17 to
    0.29 after one blur, 0.09 to 0.16 after two. Measured on the photo's middle, two megapixels at most.
    """
    height, width = (min(side, 1414) for side in photo.shape[-2:])
    top, left = (photo.shape[-2] - height) // 2, (photo.shape[-1] - width) // 2
    grey = to_unit(photo[None, :, top : top + height, left : left + width]).mean(1, keepdim=True)
    fine = grey - blurred(grey)
    finer = fine - blurred(fine)
    share = float(finer.square().mean() / fine.square().mean().clamp_min(1e-9))
    return min(1.0, max(GENTLE, (SHARP - share) / (SHARP - SOFT)))


def levels(model: Restyler, photo: Tensor, base: int, progress: Progress = silent) -> list[Tensor]:
    """What a model changes at each scale of a photo, the coarsest first, as far as it is soft there, and `limited`: on copies of `base` pixels, of four times as many, and so
    on up to the photo itself, or to what is affordable."""
    height, width = photo.shape[-2:]
    most = min(height * width, AFFORDABLE / macs_per_pixel(model))
    counts = [base]
    while counts[-1] * 4 <= most / 2:  # one that is nearly the last would cost as much, and add nothing
        counts.append(counts[-1] * 4)
    if counts[-1] < most:
        counts.append(int(most))
    ends = [sum(counts[:i]) / sum(counts) for i in range(len(counts) + 1)]
    found = []
    for count, (start, end) in zip(counts, pairwise(ends), strict=True):
        copy = reduced(photo, count)
        found.append(limited(softness(copy) * difference(model, copy, part(progress, start, end)), copy))
    return found
