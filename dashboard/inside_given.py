"""The picture that goes through the network: one that the model keeps or one's own, a sample, or a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
import torch

from dashboard import cache, markup, opened_photo, own_photo, studio_choices, words
from dashboard.components.picture_grid import picture_grid
from dashboard.state import held, remember, remembered
from dashboard.views import InsideView
from selfsup_engine import builtin_photos
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import fit
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.inside import Inside
    from selfsup_engine.exploring.sampling import Sampler
    from selfsup_engine.images import Pixels

OFFERED = 24
NARROWEST = 38  # pixels of a picture to press


def choose(inside: Inside, folder: RunFolder, view: InsideView) -> Tensor:
    """The choice by pictures; gives the input: an image (C, H, W) uint8, or the numbers (L,) of a sample."""
    if inside.any_size:
        return a_photo(inside, view)
    return a_sample(cache.sampler(folder), view) if inside.numbers else an_image(inside, view)


def an_image(inside: Inside, view: InsideView) -> Tensor:
    """One of the images that the model keeps, or the person's own."""
    images = inside.exhibit.images
    mine = own(inside, view)
    if view.image >= len(images):
        view.image = 0
    if view.image < 0 and mine is None:
        st.warning("A picture of one's own does not travel with a link: here is one that the model keeps.")
        view.image = 0
    shift = remembered("inside-shift", 0)
    step = max(1, len(images) // OFFERED)
    numbers = sorted({(i * step + shift) % len(images) for i in range(OFFERED)})
    if view.image >= 0 and view.image not in numbers:
        numbers[0] = view.image
    pictures: Pixels = images[numbers].numpy()
    labels, classes = inside.exhibit.labels, inside.run.result.classes if inside.run.result else ()
    known = [int(labels[i]) if labels is not None else -1 for i in numbers]
    names = [
        f"no. {i}" + (f", {classes[label]}" if 0 <= label < len(classes) else "")
        for i, label in zip(numbers, known, strict=True)
    ]
    if mine is not None:
        numbers, names = [-1, *numbers[:-1]], ["yours", *names[:-1]]
        pictures = np.concatenate([mine[None].numpy(), pictures[:-1]])
    pressed = picture_grid(
        pictures,
        key=f"inside-images-{inside.name}",
        narrowest=NARROWEST,
        label="Pictures: press one to send it through the network",
        names=names,
        selected=numbers.index(view.image),
    )
    if pressed is not None:
        view.image = numbers[pressed]
    return mine if view.image < 0 and mine is not None else images[view.image]


def own(inside: Inside, view: InsideView) -> Tensor | None:
    """The person's own picture as this model takes it, with the ways to bring one and to see other pictures."""
    with st.container(horizontal=True, vertical_alignment="center"):
        markup.show(markup.muted("Press a picture to send it through the network."))
        if st.button("Others", icon=":material/casino:", key="inside-others", type="tertiary"):
            remember("inside-shift", remembered("inside-shift", 0) + 1)
        with st.popover("Your own", icon=":material/add_photo_alternate:"):
            photo, crop, invert = own_photo.choose()
    if photo is None:
        return None
    try:
        image = inside.prepared(photo.data, photo.name, crop)
    except UserError as error:
        st.error(words.plain(error), icon=":material/image_not_supported:")
        return None
    if held(own_photo.UPLOADER) is not None and remembered("inside-own") is not photo:  # brought here, just now
        remember("inside-own", photo)
        view.image = -1
    return 255 - image if invert else image


def a_sample(sampler: Sampler, view: InsideView) -> Tensor:
    """A sample of a generator: one of a sheet, or whatever the link says."""
    try:
        spot = Spot.parse(view.at) if view.at else sampler.opening
        sampler.z(spot)
    except UserError as error:
        st.warning(words.plain(error))
        spot = sampler.opening
    with st.container(horizontal=True, vertical_alignment="center"):
        markup.show(markup.muted("Press a sample to see it come into being, and what the discriminator makes of it."))
        if st.button("Others", icon=":material/casino:", key="inside-others", type="tertiary"):
            remember("inside-shift", remembered("inside-shift", 0) + 1)
    first = remembered("inside-shift", 0) * OFFERED
    spots = [Spot(0, first + i) for i in range(OFFERED)]
    if spot not in spots:
        spots = [spot, *spots[:-1]]
    pressed = picture_grid(
        cache.samples(sampler, spots),
        key=f"inside-samples-{sampler.name}",
        narrowest=NARROWEST,
        label="Samples: press one to send it through the network",
        names=["a point of its own" if one.code else f"no. {one.index} of seed {one.seed}" for one in spots],
        selected=spots.index(spot),
    )
    view.at = str(spots[pressed] if pressed is not None else spot)
    return sampler.z(Spot.parse(view.at))


def a_photo(inside: Inside, view: InsideView) -> Tensor:
    """The middle of a photo: one of those that are built in, or the person's own of the colour-gradient page."""
    names = [*builtin_photos.NAMES]
    titles = [builtin_photos.PHOTOS[name].title for name in names]
    if mine := opened_photo.own("photo"):
        names, titles = [opened_photo.OWN, *names], [f"yours: {mine.title}", *titles]
    if view.photo not in names:
        st.warning("That photo is not at hand: here is another.")
        view.photo = InsideView().photo
    opened = {name: opened_photo.chosen("photo", name) for name in names}
    markup.show(
        markup.muted("Press a photo: its middle goes through the network, small, and as it was shown in training.")
    )
    pressed = picture_grid(
        np.stack([studio_choices.thumbnail(photo.small, photo.fingerprint, photo.own) for photo in opened.values()]),
        key="inside-photos",
        narrowest=56,
        label="Photos: press one to send it through the network",
        names=titles,
        selected=names.index(view.photo),
    )
    if pressed is not None:
        view.photo = names[pressed]
    photo = opened[view.photo]
    middle = torch.from_numpy(studio_choices.thumbnail(photo.small, photo.fingerprint, photo.own))
    return inside.as_in_training(fit(middle[None], 3, inside.shape[1]))[0]
