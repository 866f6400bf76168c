"""What the studio works with: the photo, a model, and a reference photo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import streamlit as st

from dashboard import allowance, cache, explorers, forms, markup, opened_photo, sharing, words
from dashboard.components.picture_grid import picture_grid
from dashboard.opened_photo import OWN, OpenedPhoto
from dashboard.state import remember, remembered, rerun
from dashboard.views import PhotoView
from selfsup_engine import builtin_photos
from selfsup_engine.errors import UserError
from selfsup_engine.images import Pixels
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.retouching.operation import Operation

THUMBNAIL = 96


def choose_photo(view: PhotoView) -> OpenedPhoto | None:
    """The photos to choose from, the person's own first where there is one."""
    names = [*builtin_photos.NAMES]
    titles = [builtin_photos.PHOTOS[name].title for name in names]
    pictures = [thumbnail(opened_photo.built_in(name).small, name) for name in names]
    if mine := opened_photo.own("photo"):
        names.insert(0, OWN)
        titles.insert(0, f"yours: {mine.title}")
        pictures.insert(0, thumbnail(mine.small, mine.fingerprint, own=True))
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        pressed = picture_grid(
            np.stack(pictures),
            key="photo-choice",
            columns=len(names),
            label="Photos: press one to work on it",
            names=titles,
            selected=names.index(view.photo) if view.photo in names else -1,
        )
    if pressed is not None and names[pressed] != view.photo:
        view.photo, view.region = names[pressed], ""
        rerun(view)
    with right:
        file = st.file_uploader(
            "Your own: press, or drop it here or on the picture",
            type=["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"],
            max_upload_size=allowance.megabytes(opened_photo.MAX_MB),
            key="photo-file",
            on_change=lambda: remember("photo-file-changed", True),  # it forgets its file as soon as it is out of sight
        )
        if remembered("photo-file-changed"):
            remember("photo-file-changed", None)
            if file is not None:
                take_photo(view, file.getvalue(), file.name)
            elif opened_photo.own("photo"):
                remember("own-photo", None)
                view.photo = PhotoView().photo if view.photo == OWN else view.photo
                rerun(view)
    try:
        return opened_photo.chosen("photo", view.photo)
    except UserError as error:
        st.warning(words.plain(error) + " Choose a photo, or bring one of yours.")
        return None


def take_photo(view: PhotoView, data: bytes, name: str) -> None:
    """The person's own photo, or why not: then the one before stays."""
    try:
        opened_photo.take("photo", data, name)
    except UserError as error:
        st.error(words.plain(error), icon=":material/image_not_supported:")
        return
    view.photo, view.region = OWN, ""
    rerun(view)


def thumbnail(small: Tensor, key: str, own: bool = False) -> Pixels:
    """The middle of a photo as (3, S, S) uint8."""

    def make() -> Pixels:
        from selfsup_engine.images import fit

        side = min(small.shape[-2:])
        top, left = (small.shape[-2] - side) // 2, (small.shape[-1] - side) // 2
        thumb: Pixels = fit(small[None, :, top : top + side, left : left + side], 3, THUMBNAIL)[0].numpy()
        return thumb

    return cache.once(("thumbnail", key), make, own)


def choose_model(view: PhotoView, operation: Operation) -> RunFolder | None:
    """Which model, among those of the operation's pretexts; None where it takes none."""
    if not operation.pretexts:
        return None
    library = cache.library()
    able = [
        folder
        for folder in [*library.shown(), *library.runs()]
        if explorers.PHOTO.shows(folder) and folder.run.config.get("pretext") in operation.pretexts
    ]
    names = [folder.name for folder in able]
    asked = view.wanted() if view.model != remembered("photo-model") else ()
    for found in sharing.looked_up(asked, able, "gradients"):
        view.model = found.name if found else view.model
    options = ["", *names] if operation.no_model else names
    if not options:
        st.info("There is no model for this yet: train one on photos, or teach a style below.", icon=":material/info:")
        return None
    titles = explorers.titles(able) | {"": operation.no_model}
    current = view.model if view.model in options else options[0]
    key = f"photo-model-{view.operation}"
    view.model = forms.following(
        key,
        current,
        lambda: st.selectbox("Model", options, options.index(current), format_func=titles.__getitem__, key=key),
    )
    folder = next((folder for folder in able if folder.name == view.model), None)
    view.weights = folder.run.result.weights if folder and folder.run.result else ""
    if folder:
        explorers.look_inside(folder, photo=view.photo)
    return folder


def choose_reference(view: PhotoView, operation: Operation, scope: Literal["app", "fragment"]) -> OpenedPhoto | None:
    """The photo whose colours or gradients are taken; None where the operation takes none."""
    if not operation.wants_reference or (operation.no_model and view.model):
        return None
    markup.show(markup.eyebrow("Reference photo"))
    if view.reference == view.photo != OWN:  # a photo has its own colours already
        view.reference = next(name for name in ("flower", "china") if name != view.photo)
    names = [name for name in builtin_photos.NAMES if name != view.photo]
    mine = opened_photo.own("reference")
    if mine:
        names.insert(0, OWN)
    pictures = [
        thumbnail(mine.small, mine.fingerprint, own=True)
        if name == OWN and mine
        else thumbnail(opened_photo.built_in(name).small, name)
        for name in names
    ]
    pressed = picture_grid(
        np.stack(pictures),
        key="reference-choice",
        columns=len(names),
        label="Reference photos: press one to take its colours",
        names=["yours" if name == OWN else builtin_photos.PHOTOS[name].title for name in names],
        selected=names.index(view.reference) if view.reference in names else -1,
    )
    if pressed is not None and names[pressed] != view.reference:
        view.reference = names[pressed]
        rerun(view, scope)
    file = st.file_uploader(
        "Your own reference", key="reference-file", max_upload_size=allowance.megabytes(opened_photo.MAX_MB)
    )
    if file is not None and remembered("reference-file-seen") != file.file_id:
        remember("reference-file-seen", file.file_id)
        try:
            opened_photo.take("reference", file.getvalue(), file.name)
        except UserError as error:
            st.error(words.plain(error), icon=":material/image_not_supported:")
        else:
            view.reference = OWN
            rerun(view, scope)
    try:
        return opened_photo.chosen("reference", view.reference)
    except UserError as error:
        st.warning(words.plain(error) + " Choose another.")
        return None
