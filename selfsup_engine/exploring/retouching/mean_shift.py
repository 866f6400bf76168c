"""Mean shift: the classical operator beside `flatten`, which paints what moves to one mode of the density of colours and places in one colour.

D. Comaniciu and P. Meer, "Mean shift: a robust approach toward feature space analysis", 2002, on superpixels instead of pixels.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from selfsup_engine.exploring.retouching.base import Progress, reduced, silent
from selfsup_engine.exploring.retouching.segment import in_mean_colors
from selfsup_engine.oklab import from_srgb

SUPERPIXELS = 600
PLACE = 0.2
"""Length of the photo's long side, in OKLab's units: how far a place counts beside a colour."""


def mean_shift(photo: Tensor, *, strength: float = 1.0, bandwidth: float = 0.08, progress: Progress = silent) -> Tensor:
    """A photo (3, H, W) uint8 in regions of one colour each: uint8 of the same size.

    The regions are found on the reduced copy: superpixels (R. Achanta et al., "SLIC superpixels", 2012) as points (L, a, b, x, y) that
    mean shift clusters.

    Args:
        strength: in [0, 1]; 0 is the photo.
        bandwidth: radius of the window that shifts, in OKLab's units, above 0: the larger, the fewer regions.
    """
    labels = _labels(reduced(photo), bandwidth)
    progress(0.3)
    height, width = photo.shape[-2:]
    whole = F.interpolate(labels[None, None].float(), size=(height, width), mode="nearest-exact")[0, 0].int()
    painted = in_mean_colors(photo, whole)
    for channel, own in zip(painted, photo, strict=True):
        channel.copy_(torch.lerp(own.float(), channel.float(), strength).round_())
    progress(1.0)
    return painted


def _labels(small: Tensor, bandwidth: float) -> Tensor:
    """The cluster (h, w) of each pixel of a photo (3, h, w) uint8: int64, from 0."""
    # Both libraries take seconds to import.
    from skimage.segmentation import slic
    from sklearn.cluster import MeanShift

    height, width = small.shape[-2:]
    lab = from_srgb(small)
    pixels = (lab / 0.1).permute(1, 2, 0).numpy()
    superpixels: np.ndarray = slic(
        pixels, n_segments=SUPERPIXELS, compactness=0.1, max_num_iter=5, convert2lab=False, start_label=0
    )
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack([x, y]) * (PLACE / max(height, width))
    features = torch.cat([lab, places]).flatten(1).numpy()
    numbers, sizes = np.unique(superpixels, return_inverse=True, return_counts=True)[1:]
    means = np.stack([np.bincount(numbers.ravel(), feature) for feature in features], axis=1) / sizes[:, None]
    clusters = MeanShift(bandwidth=bandwidth, bin_seeding=True).fit_predict(means)
    return torch.from_numpy(clusters.astype(np.int64)[numbers.reshape(height, width)])
