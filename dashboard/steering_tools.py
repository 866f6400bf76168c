"""What can be done with samples besides steering one: keep and film them, vary one, walk a plane, draw a picture of one's own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache, forms, markup, own_photo, words
from dashboard.components.pad import pad
from dashboard.components.picture_grid import picture_grid
from dashboard.latent_tools import enlarged_png
from dashboard.state import remember, remembered, rerun
from dashboard.views import SHELF, Pace, SamplerView
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import Pixels, encode, enlarge, montage

if TYPE_CHECKING:
    from selfsup_engine.exploring.inversion import Inversion
    from selfsup_engine.exploring.sampling import Sampler

__all__ = [
    "enlarged_png",
    "kept",
    "more_like_this",
    "own_picture",
    "plane",
    "put_on_shelf",
    "sheet_png",
    "shelf",
    "shelf_of",
]

MOST = 24  # samples on a shelf
ALIKE = 12
SIDE = 9  # pictures along a side of the plane
FRAMES: dict[Pace, int] = {"fast": 12, "steady": 24, "slow": 48}  # from one kept sample to the next


def sheet_png(images: Pixels, columns: int) -> bytes:
    """Images (N, C, H, W) as one PNG, large enough to be looked at."""
    return encode(enlarge(montage(images, columns, gap=1), 4), "png")


def kept(view: SamplerView) -> list[Spot]:
    """The samples on the shelf, in their order."""
    return [Spot.parse(text) for text in view.shelf.split(SHELF) if text]


def put_on_shelf(view: SamplerView, spots: list[Spot]) -> None:
    """Has just these on the shelf."""
    if len(spots) > MOST:
        st.toast(f"The shelf holds {MOST}: the oldest was let go. Undo brings it back.", icon=":material/info:")
    view.shelf = shelf_of(spots)


def shelf_of(spots: list[Spot]) -> str:
    """The newest of them as a link says them."""
    return SHELF.join(map(str, spots[-MOST:]))


def go_to(view: SamplerView, spot: Spot) -> None:
    """Makes it the current sample."""
    view.at = str(spot)
    rerun(view)


def shelf(sampler: Sampler, view: SamplerView) -> None:
    """Samples that were kept, and the loop through them."""
    spots = kept(view)
    if len(spots) < 2:
        markup.show(
            markup.muted(
                "Keep samples that you like. From two on, a loop runs through them here, to be downloaded as a film."
            )
        )
        if st.button("Put four samples here", icon=":material/auto_awesome:", key="fill-shelf"):
            put_on_shelf(view, [*spots, *(Spot(view.seed, view.first + i) for i in range(4))])
            rerun(view)
    if not spots:
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        markup.show(markup.eyebrow("Kept: press one to steer it"))
        here = Spot.parse(view.at)
        pressed = picture_grid(
            cache.samples(sampler, spots),
            key="shelf-grid",
            columns=8,
            label="Kept samples",
            names=[f"kept no. {i}" for i in range(1, len(spots) + 1)],
            captions=[str(i) for i in range(1, len(spots) + 1)],
            selected=spots.index(here) if here in spots else -1,
        )
        if pressed is not None:
            go_to(view, spots[pressed])
        with st.container(horizontal=True):
            if st.button(
                "Take the current one off", icon=":material/bookmark_remove:", key="unkeep", disabled=here not in spots
            ):
                put_on_shelf(view, [spot for spot in spots if spot != here])
                rerun(view)
            if st.button("Clear", icon=":material/delete:", key="clear-shelf", help="Undo brings it back"):
                view.shelf = ""
                rerun(view)
    if len(spots) > 1:
        with right:
            loop(sampler, view, spots)


def loop(sampler: Sampler, view: SamplerView, spots: list[Spot]) -> None:
    """The loop through the kept samples, playing, and as a file."""
    markup.show(markup.eyebrow("The loop through them"))
    with st.container(horizontal=True, vertical_alignment="center"):
        paces: dict[Pace, str] = {pace: pace for pace in FRAMES}
        view.pace = forms.following(
            "gan-pace", view.pace, lambda: forms.choice("Pace", paces, view.pace, "gan-pace", hide_label=True)
        )
    frames = FRAMES[view.pace]
    film = cache.film(sampler, spots, frames, "webp", sampler.size)
    with st.container(key="loop"):
        markup.show(markup.img(film, "a loop through the kept samples", width=192))
    with st.container(horizontal=True):
        for kind in ("gif", "webp"):
            st.download_button(
                kind.upper() if kind == "gif" else "WebP",
                lambda kind=kind: cache.film(sampler, spots, frames, kind, 256),  # type: ignore[misc]
                f"{sampler.name}-loop.{kind}",
                f"image/{kind}",
                icon=":material/download:",
                key=f"loop-{kind}",
                on_click="ignore",
            )


def more_like_this(sampler: Sampler, view: SamplerView) -> None:
    """Samples around the current one."""
    view.spread = forms.following(
        "gan-spread",
        view.spread,
        lambda: st.slider("How far from it", 0.1, 1.5, view.spread, 0.1, key="gan-spread", width=320),
    )
    spots = sampler.more_like(Spot.parse(view.at), ALIKE, view.spread)
    pressed = picture_grid(
        sampler.images(spots),
        key="alike",
        columns=12,
        label="Samples like the current one",
        names=[f"variation {i + 1}" for i in range(ALIKE)],
    )
    if pressed is not None:
        go_to(view, spots[pressed])
    markup.show(markup.muted("Press one to go on from it; undo leads back."))


def plane(sampler: Sampler, view: SamplerView) -> None:
    """The plane through three samples: a place on it becomes the current sample."""
    spots = kept(view)[:3]
    spots += [Spot(view.seed, view.first + i) for i in range(3 - len(spots))]
    background = cache.plane(sampler, spots, SIDE)
    cell = 1 / SIDE
    corners = [(cell / 2, 1 - cell / 2), (1 - cell / 2, 1 - cell / 2), (cell / 2, cell / 2)]

    @st.fragment
    def live() -> None:
        left, right = st.columns([3, 2], gap="large")
        with left:
            marks = [(name, x, y) for name, (x, y) in zip("ABC", corners, strict=True)]
            stamp = SHELF.join(map(str, spots))
            place = pad(
                background, key="plane", label="The plane between three samples", marks=marks, pin=None, stamp=stamp
            )
        last: Spot | None = remembered("plane-spot")
        if place is not None:
            inner = 1 - cell
            last = sampler.on_plane(spots, (place.x - cell / 2) / inner, (1 - place.y - cell / 2) / inner)
            remember("plane-spot", last)
            if place.rest:
                go_to(view, last)
        with right:
            markup.show(
                markup.muted(
                    "A, B and C are the first three on the shelf"
                    + ("." if len(kept(view)) >= 3 else "; what is missing there is taken from the sheet.")
                    + " Press or drag: what is drawn there becomes the current sample."
                )
            )
            if last is not None and len(sampler.z(last)) == sampler.latent_size:
                markup.show(markup.img(sampler.images([last])[0], "the picture at that place", width=192))

    live()


def own_picture(sampler: Sampler, view: SamplerView) -> None:
    """Where the generator draws a picture of one's own, and how nearly."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        markup.show(markup.muted("Any photo: the point is looked for at which this generator draws it most nearly."))
        photo, crop, inverted = own_photo.choose()
    if photo is None:
        with right:
            markup.show(markup.muted("Whatever it finds becomes the current sample, with its sliders."))
        return
    try:
        wanted = sampler.prepared(photo.data, photo.name, crop)[0]
    except UserError as error:
        st.error(words.plain(error), icon=":material/image_not_supported:")
        return
    wanted = 255 - wanted if inverted else wanted
    asked = hashlib.sha256(wanted.tobytes() + view.weights.encode()).hexdigest()
    with right:
        found = found_before(asked) or look_for(sampler, wanted, asked, view)
        verdict(wanted, found)
        if str(found.spot) != view.at and st.button("Steer it again", icon=":material/tune:", key="steer-own"):
            go_to(view, found.spot)


def found_before(asked: str) -> Inversion | None:
    """What was found for this very picture and model."""
    last: tuple[str, Inversion] | None = remembered("inversion")
    return last[1] if last and last[0] == asked else None


def look_for(sampler: Sampler, wanted: Pixels, asked: str, view: SamplerView) -> Inversion:
    """Finds it, with progress; whatever else is clicked meanwhile ends the search."""
    from selfsup_engine.exploring.inversion import invert

    said = "Looking for the point that draws it…"
    bar = st.progress(0.0, said)

    def progress(share: float) -> None:
        bar.progress(min(1.0, share), said)

    found = invert(sampler, wanted, progress)
    bar.empty()
    remember("inversion", (asked, found))
    go_to(view, found.spot)
    return found


def verdict(wanted: Pixels, found: Inversion) -> None:
    """The picture beside what is drawn, and whether the generator can draw such pictures at all."""
    shots = [(wanted, "your picture, as the model takes it"), (found.image, "drawn at the nearest point")]
    markup.show(markup.shots(shots, width=144))
    markup.show(
        markup.eyebrow(f"{max(0.0, found.fidelity):.0%} of its variance is drawn · PSNR {found.psnr:.1f} dB"),
        markup.gauge(found.fidelity, "fidelity", found.usual),
    )
    usual = f"For nine in ten of the pictures it learned from it is at least {found.usual:.0%}."
    if found.representable:
        markup.show(f"<p class='finding good'><b>It can draw that.</b> {usual}</p>")
    else:
        markup.show(
            "<p class='finding'><b>This generator cannot draw that.</b> What you see is the nearest it can do. "
            f"{usual}<span>It draws only the kind of pictures that it learned from; bring one of these, or train it on yours.</span></p>"
        )
