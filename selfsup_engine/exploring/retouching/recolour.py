"""Recolour: a photo takes the colours of another photo, of a palette or of a model's picture, and keeps its lightness.

OKLab's L stays within 1/255 of the photo's at each pixel, in the uint8 result: what lies outside sRGB loses chroma at its L and hue, and
where 8 bits are too coarse for L, in the darks, a neighbouring colour is taken. So black stays black and white stays white.

Apart from a picture's, a recolouring is a function of a pixel's colour alone: each colour of the photo is worked out once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.retouching.base import Progress, enlarged, part, reduced, silent
from selfsup_engine.exploring.retouching.chroma_transport import SAMPLE, ChromaMap, fitted, sampled
from selfsup_engine.field_statistics import slices
from selfsup_engine.oklab import from_srgb, into_gamut, lightness, to_srgb

Colour = tuple[int, int, int]
"""sRGB, each in 0..255."""

LOCKED, FREE = 0.04, 0.12
"""Distances in OKLab from a locked colour: nearer ones are kept, farther ones take all of the change."""
NEUTRAL = 0.06
"""Chroma below which `keep_neutral` holds the change back."""
REACHES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75)
_TOLERANCE = 0.98 / 255
_BAND = 500_000


@dataclass(frozen=True)
class Colours:
    """The colours a photo shall take: a distribution of them, or a picture whose colours are taken point by point."""

    sample: Tensor | None = None
    """OKLab (3, SAMPLE)."""
    picture: Tensor | None = None
    """(a, b) (2, h, w)."""

    @classmethod
    def of_photo(cls, reference: Tensor) -> "Colours":
        """The distribution of another photo (3, h, w) uint8."""
        return cls(sample=sampled(from_srgb(reduced(reference))))

    @classmethod
    def of_palette(cls, colours: Sequence[Colour], weights: Sequence[float] | None = None) -> "Colours":
        """Colours in the proportions of the weights, which are equal if left out.

        Raises:
            UserError: no colour, as many weights as colours are not given, or they do not add up to more than 0.
        """
        shares = torch.tensor([1.0] * len(colours) if weights is None else list(weights), dtype=torch.float64)
        if not len(colours):
            raise UserError("The palette is empty. Choose at least one colour.")
        if len(shares) != len(colours) or bool((shares < 0).any()) or float(shares.sum()) <= 0:
            raise UserError("Give each colour of the palette a weight of 0 or more, and at least one more than 0.")
        ends = shares.cumsum(0) / shares.sum()
        chosen = torch.searchsorted(ends, (torch.arange(SAMPLE, dtype=torch.float64) + 0.5) / SAMPLE)
        return cls(sample=from_srgb(_pixels(colours))[:, 0, chosen.clamp_max(len(colours) - 1)])

    @classmethod
    def of_picture(cls, picture: Tensor) -> "Colours":
        """The colours of a picture (3, h, w) of the same view, uint8 or floats in [0, 1], at any size."""
        return cls(picture=from_srgb(picture)[1:])


@dataclass(frozen=True)
class Plan:
    """What is worked out once for a photo and its colours; strength, locked colours and neutrals are free to change after."""

    chroma_map: ChromaMap | None
    picture: Tensor | None
    reach: float = 1.0
    """The share of the map's change that full strength takes."""


def planned(photo: Tensor, colours: Colours, progress: Progress = silent) -> Plan:
    """The plan for a photo (3, H, W) uint8, or for any other size of it."""
    if colours.sample is None:
        return Plan(None, colours.picture)
    own = sampled(reduced(photo))
    lab = from_srgb(own[:, None])[:, 0]
    chroma_map = fitted(lab, colours.sample, progress)
    return Plan(chroma_map, None, _reach(own, lab, chroma_map(lab), colours.sample))


def _reach(own: Tensor, lab: Tensor, shift: Tensor, target: Tensor) -> float:
    """The share of a shift (2, N) of colours (3, N) that brings their chromas nearest to those of others (3, N): in the darks, where few colours
    are, rounding can make all of it more than enough."""
    along = slices(16)
    wanted = (along @ target[1:]).sort(1).values

    def left(share: float) -> float:
        made = from_srgb(_rendered(own, lab, share * shift)[:, None])[1:, 0]
        return float(((along @ made).sort(1).values - wanted).abs().mean())

    return min(REACHES, key=left)


def recolour(
    photo: Tensor,
    colours: Colours | Plan,
    *,
    strength: float = 1.0,
    locked: Sequence[Colour] = (),
    keep_neutral: float = 0.0,
    progress: Progress = silent,
) -> Tensor:
    """A photo (3, H, W) uint8 in other colours: uint8 of the same size.

    Args:
        colours: which ones, or the plan for them.
        strength: in [0, 1], the share of the way to them; 0 is the photo.
        locked: pixels of about these colours stay as they are, byte for byte.
        keep_neutral: in [0, 1], how far greys stay grey.
    """
    plan = colours if isinstance(colours, Plan) else planned(photo, colours, part(progress, 0, 0.3))
    progress = progress if isinstance(colours, Plan) else part(progress, 0.3, 1)
    height, width = photo.shape[-2:]
    result = torch.empty_like(photo)
    if plan.chroma_map is None:
        assert plan.picture is not None
        chroma = enlarged(plan.picture, height, width)
        rows = max(1, _BAND // width)
        for top in range(0, height, rows):
            progress(top / height)
            band = slice(top, top + rows)
            own = photo[:, band].flatten(1)
            lab = from_srgb(own[:, None])[:, 0]
            shift = (chroma[:, band].flatten(1) - lab[1:]) * (strength * _weights(lab, locked, keep_neutral))
            result[:, band] = _rendered(own, lab, shift).view(3, -1, width)
        progress(1.0)
        return result
    keys = _keys(photo)
    seen = torch.zeros(1 << 24, dtype=torch.bool)
    seen[keys] = True
    known = seen.nonzero().squeeze(1)
    table = torch.empty(1 << 24, dtype=torch.int32)
    for start in range(0, len(known), _BAND):
        progress(start / len(known))
        some = known[start : start + _BAND]
        own = _colours(some)
        lab = from_srgb(own[:, None])[:, 0]
        shift = plan.chroma_map(lab) * (strength * plan.reach * _weights(lab, locked, keep_neutral))
        table[some] = _keys(_rendered(own, lab, shift))
    result = _colours(table[keys])
    progress(1.0)
    return result


def _keys(colours: Tensor) -> Tensor:
    """One number, int32, for each colour (3, ...) uint8."""
    red, green, blue = colours.int()
    keys: Tensor = red << 16 | green << 8 | blue
    return keys


def _colours(keys: Tensor) -> Tensor:
    """The colours (3, ...) uint8 of such numbers (...)."""
    return torch.stack([(keys >> shift & 255).to(torch.uint8) for shift in (16, 8, 0)])


def _pixels(colours: Sequence[Colour]) -> Tensor:
    return torch.tensor(list(colours), dtype=torch.uint8).T[:, None]


def _weights(lab: Tensor, locked: Sequence[Colour], keep_neutral: float) -> Tensor:
    """How much of the change colours (3, N) take, (N,) in [0, 1]."""
    weights = torch.ones(lab.shape[1])
    if keep_neutral > 0:
        weights *= _step(torch.hypot(lab[1], lab[2]) / (NEUTRAL * keep_neutral))
    for lock in locked:
        apart = (lab - from_srgb(_pixels([lock]))[:, 0]).norm(dim=0)
        weights *= _step((apart - LOCKED) / (FREE - LOCKED))
    return weights


def _step(values: Tensor) -> Tensor:
    """From 0 at 0 to 1 at 1, smooth."""
    values = values.clamp(0, 1)
    return values * values * (3 - 2 * values)


def _rendered(own: Tensor, lab: Tensor, shift: Tensor) -> Tensor:
    """Pixels (3, N) uint8 with (a, b) moved by a shift (2, N), at their lightness."""
    wanted = torch.cat([lab[:1], lab[1:] + shift])
    fitting = into_gamut(wanted[:, None])
    result = (to_srgb(fitting)[:, 0] * 255).round_().clamp_(0, 255).to(torch.uint8)
    off = (from_srgb(result[:, None])[0, 0] - lab[0]).abs() > _TOLERANCE
    if bool(off.any()):
        pairs, which = torch.unique(_keys(own[:, off]).long() << 24 | _keys(result[:, off]), return_inverse=True)
        result[:, off] = torch.cat([_nearest(some >> 24, some) for some in pairs.split(4096)], dim=1)[:, which]
    still = (shift == 0).all(0)
    result[:, still] = own[:, still]
    return result


def _nearest(own: Tensor, wanted: Tensor) -> Tensor:
    """Of the colours up to 2 steps from wanted ones and the photo's own, the nearest in chroma with the own one's lightness, by key (N,)."""
    steps = torch.cartesian_prod(*[torch.arange(-2, 3)] * 3).T[:, :, None]
    own, wanted = _colours(own), _colours(wanted)
    candidates = torch.cat([(wanted[:, None].int() + steps).clamp(0, 255).to(torch.uint8), own[:, None]], dim=1)
    lab = from_srgb(candidates)
    error = (lab[1:] - from_srgb(wanted[:, None])[1:]).square().sum(0)
    error += ((lab[0] - lightness(own[:, None])[0]).abs() > _TOLERANCE) * 9.0
    best = error.argmin(0)
    return candidates.gather(1, best.expand(3, 1, -1))[:, 0]
