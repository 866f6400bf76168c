"""The picture under the divider, what a hand does on it, and where the operation acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import streamlit as st

from dashboard import forms, markup, opened_photo, studio_choices, studio_controls
from dashboard.components.darkroom import ColourPoint, Hand, Touched, darkroom
from dashboard.opened_photo import OpenedPhoto
from dashboard.state import remember, remembered, rerun
from dashboard.views import Beside, PhotoView, Seen
from selfsup_engine.images import Pixels, encode
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.retouching.operation import Means, Operation

HANDS = {
    "look": "Look",
    "mask": "Paint a mask",
    "region": "Press a region",
    "lock": "Lock a colour",
    "points": "Put colours",
}
REGION_DETAIL = 0.5


@dataclass(frozen=True, eq=False)
class Shown:
    """What is on the screen: the operation, what it was given, and the preview (3, h, w) uint8 that it made."""

    photo: OpenedPhoto
    operation: Operation
    means: Means
    folder: RunFolder | None
    reference: OpenedPhoto | None
    mask: Pixels | None
    changed: Tensor
    classical: Tensor | None
    compares: bool
    """Whether there is a classical operator to compare with; it has worked only if that is asked for."""
    lacks: bool
    """Whether the operation lacks a model or a reference, so that nothing was done."""

    key: tuple[object, ...]
    """All that the preview depends on, but for the mask."""


def mask_of(photo: OpenedPhoto, view: PhotoView) -> Pixels | None:
    """Where the operation acts (h, w), 255 inside: the link's region where it is new, else what stands on this photo."""
    if view.region and remembered("photo-region") != (photo.fingerprint, view.region):
        x, y, detail = map(float, view.region.split(","))
        return region(photo, x, y, detail)
    standing: Pixels | None = remembered(f"photo-mask-{photo.fingerprint}")
    return standing


def hierarchy(photo: OpenedPhoto) -> Any:
    """All segmentations of a photo."""
    from selfsup_engine.exploring.retouching.segment import hierarchy as find

    return opened_photo.once(("hierarchy", photo.fingerprint), lambda: find(photo.small), photo)


def region(photo: OpenedPhoto, x: float, y: float, detail: float) -> Pixels:
    """The region at a place, as a mask (h, w): 255 inside."""
    from selfsup_engine.exploring.retouching.segment import region_at

    labels = opened_photo.once(("labels", photo.fingerprint, detail), lambda: hierarchy(photo).at(detail), photo)
    height, width = labels.shape
    inside = region_at(labels, min(int(x * width), width - 1), min(int(y * height), height - 1))
    mask: Pixels = inside.numpy().astype(np.uint8) * 255
    return mask


def canvas(shown: Shown, view: PhotoView) -> tuple[Touched, str]:
    """The picture under the divider, and what the hand does on it."""
    hands = (
        ["look", "mask", "region"]
        + ["lock"] * (view.operation == "recolour")
        + ["points"] * (view.operation == "compose")
    )
    with st.container(horizontal=True, vertical_alignment="center", key="photo-hands"):
        hand = forms.choice(
            "Hand",
            {name: HANDS[name] for name in hands},
            "points" if view.operation == "compose" else "look",
            f"photo-hand-{view.operation}",
            hide_label=True,
        )
        seen: dict[Seen, str] = {"picture": "Picture", "gradients": "Gradients"}
        view.seen = forms.following(
            "photo-seen", view.seen, lambda: forms.choice("Seen", seen, view.seen, "photo-seen", hide_label=True)
        )
        if shown.compares:
            beside: dict[Beside, str] = {"photo": "Photo", "classical": type(shown.operation).classical_title}
            view.beside = forms.following(
                "photo-beside",
                view.beside,
                lambda: forms.choice("On the left", beside, view.beside, "photo-beside", hide_label=True),
            )
    before = shown.classical if view.beside == "classical" and shown.classical is not None else shown.photo.small
    pictures = [picture_file(image, view.seen) for image in (before, shown.changed)]
    modes: dict[str, Hand] = {"look": "look", "mask": "mask", "points": "points"}
    points = getattr(shown.operation, "points", ())
    touched = darkroom(
        *pictures,
        key="photo-canvas",
        size=shown.photo.size,
        hand=modes.get(hand, "pick"),
        mask=shown.mask,
        points=[ColourPoint(point.x, point.y, point.colour) for point in points],
        overlay=lines(shown.photo) if hand == "region" else None,
        label=f"{shown.photo.title}: {shown.operation.title}",
        names=("before" if before is shown.photo.small else type(shown.operation).classical_title, "after"),
    )
    return touched, hand


def about_mask(shown: Shown, view: PhotoView, scope: Literal["app", "fragment"]) -> None:
    """What the mask keeps in, that a painted one travels with no link, and the way to be rid of it."""
    if shown.mask is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Everywhere again", icon=":material/deselect:", key="photo-no-mask"):
            view.region = ""
            remember(f"photo-mask-{shown.photo.fingerprint}", None)
            rerun(view, scope)
        kept = "a region" if view.region else "the painted mask, which is part of the recipe and not of the link"
        markup.show(markup.muted(f"Only inside {kept}."))


def picture_file(image: Tensor, seen: str) -> bytes:
    """A preview (3, h, w) uint8, or its gradients, as the bytes that travel."""
    from selfsup_engine.exploring.retouching.field_picture import field_picture

    if seen == "gradients":
        image = field_picture(image)
    return encode(image.permute(1, 2, 0).numpy(), "jpeg", quality=92)


def lines(photo: OpenedPhoto) -> bytes:
    """The borders of a photo's regions, as a transparent picture."""

    def make() -> bytes:
        labels = hierarchy(photo).at(REGION_DETAIL).numpy()
        apart = np.zeros(labels.shape, bool)
        apart[:, 1:] |= labels[:, 1:] != labels[:, :-1]
        apart[1:] |= labels[1:] != labels[:-1]
        drawn = np.full((*labels.shape, 4), 255, np.uint8)
        drawn[..., 3] = apart * 200
        return encode(drawn)

    return opened_photo.once(("lines", photo.fingerprint), make, photo)


def acted(shown: Shown, view: PhotoView, touched: Touched, hand: str) -> bool:
    """Takes up what was done on the picture; whether that asks for another preview."""
    if touched.dropped:
        studio_choices.take_photo(view, touched.dropped[1], touched.dropped[0])
        return False
    width, height = shown.photo.size
    if touched.picked and hand == "region":
        x, y = (round((place + 0.5) / side, 4) for place, side in zip(touched.picked, (width, height), strict=True))
        view.region = f"{x:g},{y:g},{REGION_DETAIL:g}"
        return True
    if touched.picked and hand == "lock":
        x, y = touched.picked
        colour = "#" + bytes(shown.photo.photo.pixels[:, y, x].tolist()).hex()
        locked = getattr(shown.operation, "locked", ())
        if colour not in locked and len(locked) < studio_controls.MOST_COLOURS:
            studio_controls.into_view(shown.operation.model_copy(update={"locked": (*locked, colour)}), view)
            return True
    key, here = f"photo-mask-{shown.photo.fingerprint}", (shown.photo.fingerprint, view.region)
    if view.region and remembered("photo-region") != here:  # it has just been put onto the picture
        remember("photo-region", here)
        remember(key, touched.mask)
    elif not _same(touched.mask, remembered(key)):
        view.region = ""
        remember(key, touched.mask)
        return True
    points = getattr(shown.operation, "points", None)
    if points is not None:
        from selfsup_engine.exploring.retouching.operations import ColourAt

        now = tuple(ColourAt(x=round(p.x, 4), y=round(p.y, 4), colour=p.colour) for p in touched.points)
        if now != points and now:
            studio_controls.into_view(shown.operation.model_copy(update={"points": now}), view)
            return True
    return False


def _same(one: Pixels | None, other: Pixels | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))
