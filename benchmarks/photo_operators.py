"""The studio's operations on photos and the operators of OpenCV and scikit-image that do the nearest to the same job.

An operator takes a photo and a reference, both (H, W, 3) uint8 sRGB, and gives a picture; what it imports and loads comes before the clock starts.
Each is set as its documentation shows it. Torch is imported by the studio's own alone, so that the others' memory is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Work = Callable[[Picture, Picture], Any]


class Operator(NamedTuple):
    """made: loads what is needed and gives the work; simpler: what it does that is less, or other, than the studio's."""

    job: str
    made: Callable[[], Work]
    simpler: str = ""


def studio(name: str, model: str = "", **settings: Any) -> Callable[[], Work]:
    """One of the studio's operations, with a gallery model where it takes one."""

    def made() -> Work:
        import torch

        from selfsup_engine.device import pick
        from selfsup_engine.exploring.retouching.operation import Means
        from selfsup_engine.exploring.retouching.operations import OPERATIONS
        from selfsup_engine.exploring.retouching.recipe import means_of
        from selfsup_engine.runs import GALLERY, RunFolder

        pick()
        operation = OPERATIONS[name](**settings)
        means = means_of(RunFolder(GALLERY / model)) if model else Means()

        def work(photo: Picture, reference: Picture) -> Any:
            pixels, other = (torch.from_numpy(each.transpose(2, 0, 1).copy()) for each in (photo, reference))
            return operation.render(pixels, Means(means.model, means.learned, other))

        return work

    return made


def opencv(work: Callable[[Any, Picture, Picture], Any]) -> Callable[[], Work]:
    """An operator of OpenCV, which is given to it."""

    def made() -> Work:
        import cv2

        return lambda photo, reference: work(cv2, photo, reference)

    return made


def skimage(module: str, work: Callable[[Any, Picture, Picture], Any]) -> Callable[[], Work]:
    """An operator of a module of scikit-image, which is given to it."""

    def made() -> Work:
        import importlib

        found = importlib.import_module(f"skimage.{module}")
        return lambda photo, reference: work(found, photo, reference)

    return made


def all_of(photo: Picture) -> Picture:
    """A mask of a whole photo, without the border that OpenCV's cloning leaves alone."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[1:-1, 1:-1] = 255
    return mask


def reinhard(cv2: Any, photo: Picture, reference: Picture) -> Any:
    """Reinhard's colour transfer (2001), as OpenCV's tutorials write it: mean and deviation of each channel of Lab."""
    own, other = (cv2.cvtColor(each, cv2.COLOR_RGB2LAB).astype(np.float32) for each in (photo, reference))
    (mean, deviation), (wanted, width) = ([v.ravel() for v in cv2.meanStdDev(each)] for each in (own, other))
    moved = (own - mean) * (width / np.maximum(deviation, 1e-6)) + wanted
    return cv2.cvtColor(moved.clip(0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)


def clahe(cv2: Any, photo: Picture, _: Picture) -> Any:
    """Contrast limited adaptive histogram equalisation of L."""
    lab = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


OPERATORS: dict[str, Operator] = {
    "studio: enhance": Operator("enhance", studio("enhance", "restore")),
    "OpenCV detailEnhance": Operator(
        "enhance", opencv(lambda cv2, photo, _: cv2.detailEnhance(photo)), "one filter, one scale; nothing learned"
    ),
    "OpenCV illuminationChange": Operator(
        "enhance",
        opencv(lambda cv2, photo, _: cv2.illuminationChange(photo, all_of(photo))),
        "a Poisson equation as ours, for one curve of the gradients",
    ),
    "OpenCV CLAHE": Operator("enhance", opencv(clahe), "contrast alone, by histograms of 64 tiles"),
    "scikit-image unsharp_mask": Operator(
        "enhance",
        skimage("filters", lambda m, photo, _: m.unsharp_mask(photo / 255, radius=1.4, channel_axis=-1)),
        "a blur and a difference",
    ),
    "studio: recolour": Operator("recolour", studio("recolour")),
    "OpenCV, Reinhard 2001": Operator(
        "recolour", opencv(reinhard), "two moments a channel, and the light changes with them"
    ),
    "scikit-image match_histograms": Operator(
        "recolour",
        skimage("exposure", lambda m, photo, other: m.match_histograms(photo, other, channel_axis=-1)),
        "each channel for itself, and the light changes with them",
    ),
    "studio: style": Operator("style", studio("style", "style-canyon")),
    "OpenCV stylization": Operator(
        "style", opencv(lambda cv2, photo, _: cv2.stylization(photo)), "one fixed look; no style is taken from anywhere"
    ),
    "studio: flatten": Operator("flatten", studio("flatten")),
    "OpenCV bilateralFilter": Operator(
        "flatten", opencv(lambda cv2, photo, _: cv2.bilateralFilter(photo, 9, 75, 75)), "a window of nine pixels"
    ),
    "OpenCV edgePreservingFilter": Operator(
        "flatten", opencv(lambda cv2, photo, _: cv2.edgePreservingFilter(photo)), "does not tell texture from edges"
    ),
    "OpenCV pyrMeanShiftFiltering": Operator(
        "flatten", opencv(lambda cv2, photo, _: cv2.pyrMeanShiftFiltering(photo, 10, 20)), "in colour and place"
    ),
    "OpenCV textureFlattening": Operator(
        "flatten",
        opencv(lambda cv2, photo, _: cv2.textureFlattening(photo, all_of(photo))),
        "a Poisson equation as ours, edges by Canny",
    ),
    "scikit-image denoise_tv_chambolle": Operator(
        "flatten",
        skimage("restoration", lambda m, photo, _: m.denoise_tv_chambolle(photo, channel_axis=-1)),
        "does not tell texture from edges",
    ),
    "scikit-image denoise_bilateral": Operator(
        "flatten",
        skimage("restoration", lambda m, photo, _: m.denoise_bilateral(photo, channel_axis=-1)),
        "does not tell texture from edges",
    ),
    "studio: segment": Operator("segment", studio("segment")),
    "scikit-image felzenszwalb": Operator(
        "segment",
        skimage("segmentation", lambda m, photo, _: m.felzenszwalb(photo, 300, 0.8, 200)),
        "one level of detail a call; ours has all",
    ),
    "scikit-image slic": Operator(
        "segment",
        skimage("segmentation", lambda m, photo, _: m.slic(photo, 250, start_label=0)),
        "superpixels of one size, no regions",
    ),
    "scikit-image quickshift": Operator(
        "segment", skimage("segmentation", lambda m, photo, _: m.quickshift(photo)), "one level of detail a call"
    ),
}
"""By name; the first of each job is the studio's."""
