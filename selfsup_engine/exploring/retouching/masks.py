"""Masks: where an operation acts. Outside, a photo keeps its pixels byte for byte; inside, the change grows from the border on.

A mask is a bool tensor (h, w) of any size; it is laid over the whole photo.
"""

import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from selfsup_engine.exploring.retouching.base import enlarged

WORKED = 500_000
"""Pixels of the copy on which distances are measured."""


def weights(mask: Tensor, height: int, width: int, feather: float = 0.01) -> Tensor:
    """How much of a change shows (height, width), in [0, 1]: 0 outside, and inside a smooth step over a border of `feather`, a share of
    the photo's long side, so that no seam is seen."""
    share = min(1.0, (WORKED / (height * width)) ** 0.5)
    size = max(1, round(height * share)), max(1, round(width * share))
    small = F.interpolate(mask[None, None].float(), size=size, mode="nearest-exact")[0, 0] > 0.5
    if not small.any():
        return torch.zeros(height, width)
    reach = feather * max(size)
    if reach < 0.5 or small.all():
        depth = small.float()
    else:
        # Half a pixel off: the border lies between an inner and an outer pixel. What leaves the photo has no border there.
        inside = torch.from_numpy(distance_transform_edt(small.numpy())).float() - 0.5
        depth = (inside / reach).clamp(0, 1)
    smooth = depth * depth * (3 - 2 * depth)
    hard = F.interpolate(mask[None, None].float(), size=(height, width), mode="nearest-exact")[0, 0] > 0.5
    return torch.where(hard, enlarged(smooth[None], height, width)[0], 0.0)


def within(photo: Tensor, changed: Tensor, mask: Tensor, feather: float = 0.01) -> Tensor:
    """A photo (3, H, W) uint8 that is changed inside a mask alone."""
    height, width = photo.shape[-2:]
    weight = weights(mask, height, width, feather)
    result = torch.empty_like(photo)
    for channel in range(len(photo)):
        mixed = torch.lerp(photo[channel].float(), changed[channel].float(), weight)
        result[channel] = mixed.round_().to(torch.uint8)
    return result
