"""Models beside each other that draw: samples from the same seed, and what becomes of the same photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import cache, explorers, forms, markup, opened_photo, studio_choices, words
from dashboard.components.picture_grid import picture_grid
from dashboard.state import rerun
from dashboard.views import CompareView
from selfsup_engine import builtin_photos
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import encode, montage
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from torch import Tensor

ACROSS, DOWN = 8, 3
PHOTO_PIXELS = 150_000  # of the copy that is compared


def samples(folders: list[RunFolder], view: CompareView) -> None:
    """The first samples of one seed, drawn by each model; where they take as many numbers, from the very same ones."""
    st.header("Samples of the same seed")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = forms.following(
            "compare-seed",
            view.seed,
            lambda: forms.whole_number("Seed", 0, 2**31 - 1, view.seed, "compare-seed", width=150),
        )
        view.seed = view.seed if seed is None else seed
        markup.show(markup.muted("The same place in each sheet is drawn from the same random numbers."))
    titles = explorers.titles(folders)
    spots = [Spot(view.seed, i) for i in range(ACROSS * DOWN)]
    for row in words.rows(folders, 2):
        for place, folder in zip(st.columns(2, gap="large"), row, strict=False):
            with place, st.container(key=f"samples-{words.key(folder)}"):
                sheet = encode(montage(cache.samples(cache.sampler(folder), spots), ACROSS, gap=1), "png")
                markup.show(
                    markup.eyebrow(titles[folder.name]),
                    markup.img(sheet, f"samples of {titles[folder.name]}"),
                )
                st.download_button(
                    "PNG",
                    sheet,
                    f"{folder.name}-seed-{view.seed}.png",
                    "image/png",
                    icon=":material/download:",
                    key=f"samples-png-{words.key(folder)}",
                    on_click="ignore",
                )


def photos(folders: list[RunFolder], view: CompareView) -> None:
    """One photo, and what each model makes of it."""
    st.header("The same photo")
    names = list(builtin_photos.NAMES)
    if view.photo not in names:
        view.photo = CompareView().photo
    pressed = picture_grid(
        np.stack([studio_choices.thumbnail(opened_photo.built_in(name).small, name) for name in names]),
        key="compare-photo",
        columns=len(names),
        label="Photos: press one to see it through each model",
        names=[builtin_photos.PHOTOS[name].title for name in names],
        selected=names.index(view.photo),
    )
    if pressed is not None and names[pressed] != view.photo:
        view.photo = names[pressed]
        rerun(view)
    titles = explorers.titles(folders)
    shots = [(drawn_once((view.photo,), lambda: small(view.photo)), "the photo")]
    for folder in folders:
        shots += through(folder, view.photo, titles[folder.name])
    for row in [shots[i : i + 3] for i in range(0, len(shots), 3)]:
        for place, (picture, caption) in zip(st.columns(3, gap="medium"), row, strict=False):
            with place:
                markup.show(markup.shots([(picture, caption)], classes="fill photo"))


def small(name: str) -> Tensor:
    """A built-in photo, (3, h, w) uint8."""
    from selfsup_engine.scaling import reduced

    return reduced(opened_photo.built_in(name).photo.pixels, PHOTO_PIXELS)


def drawn_once(key: tuple[object, ...], draw: Callable[[], Tensor]) -> bytes:
    """A picture (3, h, w) uint8 as a JPEG, made once for a key."""
    return cache.once(("compare-photo", *key), lambda: encode(draw().numpy().transpose(1, 2, 0), "jpeg"))


def through(folder: RunFolder, name: str, title: str) -> list[tuple[bytes, str]]:
    """What a model is shown of a photo where that is less than all, and what it makes of it: pictures with what is said below."""
    import torch

    from selfsup_engine.exploring.retouching.operations import as_pixels, restyled
    from selfsup_engine.images import from_unit, to_unit
    from selfsup_engine.models.color_gradient_networks import taken_away
    from selfsup_engine.scores import mse_per_image, psnr

    def make() -> tuple[Tensor, Tensor, list[float]]:
        model, photo = cache.model(folder), small(name)
        seen = torch.from_numpy(from_unit(taken_away(model.pretext, to_unit(photo[None])))[0])
        made = as_pixels(restyled(model, seen))
        return seen, made, [psnr(float(mse_per_image(photo[None], one[None])[0])) for one in (seen, made)]

    key = name, str(folder.path), explorers.weights_of(folder)
    seen, made, (before, after) = cache.once(("compare-through", *key), make)
    drawn = drawn_once((*key, "made"), lambda: made)
    match cache.model(folder).pretext:
        case "restore":
            shown, said, beside = "blurred", f"{before:.1f} dB", f": restored, {after:.1f} dB"
        case "colorize":
            shown, said, beside = "without colour", f"{before:.1f} dB", f": coloured, {after:.1f} dB"
        case _:
            return [(drawn, title)]
    return [(drawn_once((*key, "seen"), lambda: seen), f"{shown}, {said}"), (drawn, f"{title}{beside}")]
