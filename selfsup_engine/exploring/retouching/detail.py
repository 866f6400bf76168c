"""What was made of a photo's small copy, carried up to the photo: the change is enlarged, and the detail that the copy lacks gets a gain."""

import torch
from torch import Tensor

from selfsup_engine.exploring.retouching.base import Progress, enlarged, silent


def carried_up(
    photo: Tensor, small: Tensor, change: Tensor, gain: Tensor, *, strength: float = 1.0, progress: Progress = silent
) -> Tensor:
    """A photo (3, H, W) uint8 with a change of its small copy: uint8 of the same size.

    Args:
        small: (3, h, w) uint8, the photo itself or a copy of it.
        change: (3, h, w), what is added to the copy, on [0, 1] pixels.
        gain: (h, w), what the photo's detail is multiplied by: what is finer than the copy.
        strength: in [0, 1], of all of it; 0 is the photo.
    """
    height, width = photo.shape[-2:]
    more = enlarged(gain[None] - 1, height, width)[0].mul_(strength)
    result = torch.empty_like(photo)
    for channel in range(len(photo)):
        progress(channel / len(photo))
        own = photo[channel].float()
        detail = own - enlarged(small[channel][None].float(), height, width)[0]
        own.addcmul_(detail, more).add_(enlarged(change[channel][None], height, width)[0], alpha=255 * strength)
        result[channel] = own.round_().clamp_(0, 255).to(torch.uint8)
    progress(1.0)
    return result
