"""Teach it a style: half a minute of training on one photo, live, and then it is applied."""

from __future__ import annotations

import streamlit as st

from dashboard import allowance, cache, live, markup, opened_photo, words
from dashboard.opened_photo import OWN
from dashboard.state import remember, remembered, rerun
from dashboard.views import PhotoView
from selfsup_engine import builtin_photos
from selfsup_engine.errors import UserError
from selfsup_engine.events import Check
from selfsup_engine.runs import Budget, Run, RunFolder

SECONDS = 30
SIDES = (480, 640)  # pixels of the long side at which it is cut: those at which a style is applied


def teach(view: PhotoView) -> None:
    """The photo to learn from, or the training that goes on."""
    name: str | None = remembered("style-run")
    if name:
        try:
            return watch(cache.library().find(name), view)
        except UserError:
            remember("style-run", None)
    markup.show(
        markup.muted(
            f"A small model learns in {SECONDS} seconds which colours a photo has where. It is then in your library, and works on every photo."
        )
    )
    options = {name: photo.title for name, photo in builtin_photos.PHOTOS.items()}
    mine = opened_photo.own("style")
    if mine:
        options = {OWN: f"yours: {mine.title}"} | options
    file = st.file_uploader(
        "A photo in the style that you like", key="style-file", max_upload_size=allowance.megabytes(opened_photo.MAX_MB)
    )
    if file is not None and remembered("style-file-seen") != file.file_id:
        remember("style-file-seen", file.file_id)
        try:
            opened_photo.take("style", file.getvalue(), file.name)
        except UserError as error:
            st.error(words.plain(error), icon=":material/image_not_supported:")
        else:
            st.rerun(scope="fragment")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "or one of these", options, format_func=options.__getitem__, key=f"style-photo-{bool(mine)}"
        )
        if st.button("Teach it", type="primary", icon=":material/school:", key="teach"):
            try:
                remember("style-run", start(opened_photo.chosen("style", chosen)).name)
            except UserError as error:
                st.error(words.plain(error))
            else:
                st.rerun(scope="fragment")


def start(photo: opened_photo.OpenedPhoto) -> RunFolder:
    """Cuts the photo into patches and starts to train on them.

    Raises:
        UserError: it is too small, or nothing can be written.
    """
    from PIL import Image

    from selfsup_engine.models.spec import preset_config
    from selfsup_engine.sources import own, patches

    pixels = photo.photo.pixels.permute(1, 2, 0).numpy()
    source = own.keep(patches.cut([Image.fromarray(pixels)], sides=SIDES), photo.title, cache.library())
    preset, config = preset_config("color_gradient", "style", {})
    run = Run(
        family="color_gradient",
        preset=preset,
        source=source,
        config=config.model_dump(mode="json"),
        budget=Budget(seconds=SECONDS),
        title=f"Style of {photo.title}"[:80],
    )
    return cache.jobs().start(run, cache.library())


def watch(folder: RunFolder, view: PhotoView) -> None:
    """The training, and what becomes of it."""
    active = folder.status().active

    @st.fragment(run_every=0.5 if active else None)
    def training() -> None:
        status = folder.status()
        if active and not status.active:
            st.rerun()
        markup.show(
            f"<b>{markup.escape(words.title(folder))}</b> {markup.pill(words.STATES[status.state], status.state)}"
        )
        live.progress(folder, status)
        live.pictures(folder, [event for event in folder.history() if isinstance(event, Check) and event.losses])
        if status.active and st.button("Stop", icon=":material/stop:", key="style-stop"):
            live.ask(cache.jobs().stop, folder)

    training()
    if active:
        return
    with st.container(horizontal=True):
        if folder.usable and st.button("Apply it", type="primary", icon=":material/gradient:", key="style-apply"):
            remember("style-run", None)
            view.operation, view.model, view.settings = "style", folder.name, ""
            remember("photo-operation-before", "style")
            remember("photo-model", folder.name)
            rerun(view)
        if st.button("Teach another", key="style-another"):
            remember("style-run", None)
            st.rerun(scope="fragment")
