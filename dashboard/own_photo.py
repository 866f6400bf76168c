"""The picture that a person brought to look at through the models: kept until it is taken away, whatever page or tool is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import allowance, forms, markup
from dashboard.state import held, remember, remembered

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.latent import LatentSpace
    from selfsup_engine.images import Crop

UPLOADER = "own-picture"
TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"]


@dataclass
class OwnPhoto:
    """Its file; the (1, C, H, W) uint8 image that the last model took it as, and the code (D,) of each model that saw it."""

    name: str
    data: bytes
    image: Tensor | None = None
    codes: dict[str, Tensor] = field(default_factory=dict)


def kept() -> OwnPhoto | None:
    photo: OwnPhoto | None = remembered("own-photo")
    return photo


def code(space: LatentSpace) -> Tensor | None:
    """The code (D,) of the picture that the person brought to this model; None without one."""
    photo = kept()
    found = photo.codes.get(space.name) if photo else None
    return found if found is not None and len(found) == space.code_size else None


def place_anew(model: str) -> None:
    """Has the picture put on a model's map again, as on the first visit."""
    if photo := kept():
        photo.codes.pop(model, None)


def choose() -> tuple[OwnPhoto | None, Crop, bool]:
    """The uploader with the photo that is kept, how it is cropped, and whether it is inverted."""
    st.file_uploader("Any picture", type=TYPES, key=UPLOADER, max_upload_size=allowance.megabytes(50), on_change=_take)
    photo = kept()
    if photo and held(UPLOADER) is None:  # the uploader forgets its file as soon as it is out of sight
        with st.container(horizontal=True, vertical_alignment="center"):
            markup.show(markup.muted(f"{photo.name}, as you left it. Upload another to replace it."))
            if st.button("Take it away", icon=":material/close:", key="forget-photo"):
                remember("own-photo", None)
                st.rerun()
    crop = forms.choice("Crop", forms.CROPS, "centre", "own-picture-crop")
    invert = st.toggle(
        "Invert",
        key="own-picture-invert",
        persist_state="session",
        help="For light things on dark, as in MNIST and Fashion-MNIST, from a photo of dark on light.",
    )
    return photo, crop, invert


def _take() -> None:
    file = held(UPLOADER)
    remember("own-photo", OwnPhoto(file.name, file.getvalue()) if file is not None else None)


def subject(space: LatentSpace, here: Tensor) -> tuple[Tensor, str]:
    """The image (C, H, W) that the tools work on: the uploaded one, else the real one nearest to the code `here`."""
    photo = kept()
    fits = (space.channels, space.size, space.size)
    if photo and photo.image is not None and tuple(photo.image.shape[1:]) == fits:
        return photo.image[0], "your image"
    return space.exhibit.images[space.neighbours(here, 1)[0]], "the real picture nearest to the point"
