"""The photo at full size: rendered behind the page's back, with its progress; downloads, and recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import streamlit as st
import torch

from dashboard import cache, forms, markup, opened_photo, studio_controls, words
from dashboard.rendering import Rendering
from dashboard.state import remember, remembered, rerun
from dashboard.views import PhotoView
from selfsup_engine import photofile
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.retouching import recipe as recipes
from selfsup_engine.exploring.retouching.recipe import Recipe

if TYPE_CHECKING:
    from dashboard.studio_canvas import Shown
    from selfsup_engine.photofile import Photo

FORMATS: dict[Literal["jpeg", "png"], str] = {"jpeg": "JPEG", "png": "PNG"}
MIME = {"jpeg": "image/jpeg", "png": "image/png"}


def recipe_of(shown: Shown) -> Recipe:
    """All by which what is on the screen was made."""
    mask = None if shown.mask is None else torch.from_numpy(shown.mask > 127)
    return Recipe(
        photo=shown.photo.fingerprint,
        operation=shown.operation,
        model=shown.folder.name if shown.folder else "",
        weights=shown.folder.run.result.weights if shown.folder and shown.folder.run.result else "",
        reference=opened_photo.packed(shown.reference) if shown.reference else "",
        mask=recipes.packed_mask(mask),
    )


def full_size(shown: Shown, view: PhotoView) -> None:
    """Render, watch, cancel, download; and the way back from a recipe."""
    recipe = recipe_of(shown)
    width, height = shown.photo.size
    kept: tuple[Recipe, Rendering[Photo]] | None = remembered("photo-rendering")
    rendering = kept[1] if kept and kept[0] == recipe else None
    if rendering is not None and rendering.active:
        watch(rendering)
    elif rendering is not None and rendering.result is not None:
        downloads(rendering.result, recipe, shown)
    else:
        if rendering is not None and rendering.error:
            st.error(words.plain(rendering.error))
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Render at full size", type="primary", icon=":material/photo_size_select_large:", key="render"
            ):
                if kept:
                    kept[1].cancel()
                photo, means = shown.photo.photo, shown.means
                work = Rendering(lambda progress: recipes.follow(photo, recipe, means, progress))
                remember("photo-rendering", (recipe, work))
                st.rerun(scope="fragment")
            size = f"{width:,} x {height:,} pixels, {width * height / 1e6:.1f} MP"
            stays = "" if shown.photo.photo.icc is None else " Its colour profile is kept."
            if shown.photo.photo.alpha is not None:
                stays += " Its transparency is kept in a PNG; a JPEG has none."
            markup.show(markup.muted(f"{size}.{stays}"))
        if shown.photo.photo.was:
            markup.show(markup.muted(f"Of the file: {', '.join(shown.photo.photo.was)}."))
    replay(view)
    if said := remembered("recipe-said"):
        remember("recipe-said", None)
        st.toast(said, icon=":material/receipt_long:")


def watch(rendering: Rendering[Photo]) -> None:
    """How far it is, how long still, and a way out."""

    @st.fragment(run_every=0.3)
    def live() -> None:
        if not rendering.active:
            st.rerun()
        left = rendering.seconds_left
        markup.show(
            markup.gauge(rendering.share, "rendering"),
            markup.muted("Rendering…" if left is None else f"Rendering…  {words.duration(left)} left"),
        )
        if st.button("Cancel", icon=":material/close:", key="cancel-render"):
            rendering.cancel()
            remember("photo-rendering", None)
            st.rerun()

    live()


def downloads(photo: Photo, recipe: Recipe, shown: Shown) -> None:
    """The files."""
    stem = f"{photo.name.rpartition('.')[0] or shown.photo.title}-{recipe.operation.operation}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        usual: Literal["jpeg", "png"] = "jpeg" if photo.alpha is None else "png"
        kind = forms.choice("File", FORMATS, usual, f"photo-format-{usual}")
        st.download_button(
            f"Download {FORMATS[kind]}",
            lambda: photofile.write(photo, kind),
            f"{stem}.{'jpg' if kind == 'jpeg' else 'png'}",
            MIME[kind],
            icon=":material/download:",
            key="download-photo",
            type="primary",
            on_click="ignore",
        )
        st.download_button(
            "Recipe",
            recipe.model_dump_json(indent=1),
            f"{stem}.json",
            "application/json",
            icon=":material/receipt_long:",
            key="download-recipe",
            on_click="ignore",
            help="What was done, as JSON. On the same photo it gives the same bytes again, here or by the command line.",
        )
    height, width = photo.pixels.shape[-2:]
    markup.show(markup.muted(f"Ready: {width:,} x {height:,} pixels."))


def replay(view: PhotoView) -> None:
    """A recipe that was downloaded is followed on the photo that is open."""
    with st.expander("Follow a recipe", icon=":material/receipt_long:"):
        file = st.file_uploader("A recipe (.json)", type=["json"], key="recipe-file", max_upload_size=5)
        if file is None or remembered("recipe-file-seen") == file.file_id:
            return
        remember("recipe-file-seen", file.file_id)
        try:
            take_up(recipes.read(file.getvalue()), view)
        except UserError as error:
            st.error(words.plain(error), icon=":material/error:")
            return
        rerun(view)


def take_up(recipe: Recipe, view: PhotoView) -> None:
    """Brings the page to where the recipe was made, or leaves it as it is.

    Raises:
        UserError: its model is not in the library or was trained on since, or a picture inside is damaged.
    """
    folder = recipes.model_of(recipe, cache.library()) if recipe.model else None
    mask = recipes.mask_of(recipe)
    if recipe.reference:
        opened_photo.unpack_reference(recipe.reference)
        view.reference = opened_photo.OWN
    view.model = folder.name if folder else ""
    view.operation, view.region = recipe.operation.operation, ""
    studio_controls.into_view(recipe.operation, view)
    remember("photo-operation-before", view.operation)
    remember("photo-model", view.model)
    photo = opened_photo.chosen("photo", view.photo)
    remember(f"photo-mask-{photo.fingerprint}", None if mask is None else mask.numpy().astype("uint8") * 255)
    same = recipe.photo in ("", photo.fingerprint)
    remember(
        "recipe-said",
        "Recipe followed." if same else "Recipe followed. It was made for another photo, so the bytes differ.",
    )
