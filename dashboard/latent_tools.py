"""What can be done in a latent space besides standing in it: one function a tool, each given the space, the view and the code here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
import torch

from dashboard import cache, forms, markup, own_photo, words
from dashboard.state import rerun
from dashboard.views import LatentView, Way
from selfsup_engine.errors import UserError
from selfsup_engine.exploring import latent
from selfsup_engine.images import Pixels, encode, enlarge, montage
from selfsup_engine.pictures import heat, side_by_side
from selfsup_engine.scores import mse_per_image

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.latent import LatentSpace

STEPS = 11
ROWS = 16
UNLIKE = 4  # times the usual error, beyond which a picture is none of those that the model knows


def enlarged_png(image_chw: Pixels) -> bytes:
    """An image (C, H, W) as a PNG of at least 256 pixels a side, with hard pixels."""
    return encode(enlarge(image_chw.transpose(1, 2, 0), -(-256 // image_chw.shape[-1])), "png")


def download(images: Sequence[Pixels], columns: int, name: str, key: str) -> None:
    """A button that gives some images (C, H, W), grey beside coloured ones too, as one PNG, made on the click."""

    def png() -> bytes:
        channels = max(len(image) for image in images)
        alike = np.stack([np.broadcast_to(image, (channels, *image.shape[1:])) for image in images])
        return encode(enlarge(montage(alike, columns, gap=1), 4), "png")

    st.download_button("PNG", png, f"{name}.png", "image/png", icon=":material/download:", key=key, on_click="ignore")


def interpolate(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """The way from image A to image B, both ends being what the model makes of them."""
    count = len(space.exhibit.images)
    with st.container(horizontal=True, vertical_alignment="center"):
        markup.show(markup.muted("From A to B. Choose a point on the map, then “Nearest one as A” or “… as B”."))
        ways: dict[Way, str] = {"linear": "straight", "spherical": "along the arc"}
        view.how = forms.following(
            "latent-how", view.how, lambda: forms.choice("Way", ways, view.how, "latent-how", hide_label=True)
        )
        if st.button("Swap", icon=":material/swap_horiz:", key="swap"):
            view.a, view.b = view.b, view.a
            rerun(view, "fragment")
        if st.button("Two others", icon=":material/casino:", key="others"):
            view.a, view.b = np.random.default_rng().choice(count, 2, replace=False).tolist()
            rerun(view, "fragment")
    ends = space.encode(space.exhibit.images[[view.a, view.b]])
    way = space.decode(latent.interpolate(ends[0], ends[1], STEPS, view.how))
    strip = [(image, f"{i / (STEPS - 1):.1f}") for i, image in enumerate(way)]
    real = space.exhibit.images
    markup.show(
        markup.shots(
            [(real[view.a].numpy(), "A, real"), *strip, (real[view.b].numpy(), "B, real")], classes="fill many"
        )
    )
    whole = [real[view.a].numpy(), *way, real[view.b].numpy()]
    download(whole, len(whole), f"{space.name}-interpolation", "way-png")


def are_ends(space: LatentSpace, view: LatentView) -> bool:
    """Whether the view names two images that this model has."""
    return all(0 <= end < len(space.exhibit.images) for end in (view.a, view.b))


def contrasting_pair(space: LatentSpace) -> tuple[int, int]:
    """Two images that differ, and neither far out: the first, and of the others one at three quarters of the distances."""
    distances = (space.exhibit.codes[:101] - space.exhibit.codes[0]).norm(dim=1)
    return 0, int(distances.argsort()[3 * len(distances) // 4])


def traverse(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """Every dimension of the code here, taken through the data's 1 % to 99 % quantile, the widest first."""
    spread = space.exhibit.codes.std(0)
    order = spread.argsort(descending=True).tolist()
    if len(order) > ROWS:
        view.every = forms.following(
            "every", view.every, lambda: st.toggle(f"All {len(order)} dimensions", view.every, key="every")
        )
    shown = order if view.every else order[:ROWS]
    markup.show(markup.muted("Each row changes one number of the code at the chosen point and keeps the others."))
    rows: list[Pixels] = []
    for d in shown:
        low, high = space.quantiles[:, d].tolist()
        images = space.decode(space.traverse(code, d, STEPS))
        rows.extend(images)
        strip = encode(side_by_side([images]), "png")
        markup.show(
            f"<div style='display:grid;grid-template-columns:7.2rem 1fr;gap:.8rem;align-items:center'>"
            f"<p class='muted'><b>number {d + 1}</b><br>{low:.2f} to {high:.2f}</p>{markup.img(strip, f'traversal of number {d + 1}')}</div>"
        )
    download(rows, STEPS, f"{space.name}-dimensions", "dimensions-png")


def grid(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """What the model draws at even distances all over the map."""
    picture, extent = cache.decoded_grid(space)
    what = "the map" if space.code_size == 2 else "the map of the two strongest principal components"
    markup.show(
        markup.muted(
            f"Decoded at even distances across {what}: {extent[0]:.1f} to {extent[2]:.1f} sideways, {extent[1]:.1f} to {extent[3]:.1f} upwards."
        ),
        f"<div style='max-width:720px'>{markup.img(picture, 'grid of decodes')}</div>",
    )
    st.download_button(
        "PNG",
        picture,
        f"{space.name}-grid.png",
        "image/png",
        icon=":material/download:",
        key="grid-png",
        on_click="ignore",
    )


def own_image(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """Any photo, upright and cropped: what the model makes of it, and where it falls."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        photo, crop, invert = own_photo.choose()
    with right:
        if photo is None:
            markup.show(
                markup.muted(
                    "A photo of a shoe, a drawn digit, anything: it is turned upright, cropped to a square and scaled to what the model takes, and shown where it falls on the map."
                )
            )
            return
        try:
            image = space.prepared(photo.data, photo.name, crop)
        except UserError as error:
            st.error(words.plain(error), icon=":material/image_not_supported:")
            return
        image = 255 - image if invert else image
        found = space.encode(image)[0]
        known = own_photo.code(space)
        photo.image = image
        if known is None or not torch.equal(known, found):
            photo.codes[space.name] = found
            view.x, view.y = space.plane.flat(found[None])[0].tolist()
            rerun(view)
        show_own(space, image, found, invert)


def show_own(space: LatentSpace, image: Tensor, found: Tensor, inverted: bool) -> None:
    """One's own picture beside what the model draws of it, with the error and the trust in words."""
    drawn = space.decode(found[None])[0]
    off, trust = float(mse_per_image(image, torch.from_numpy(drawn)[None])[0]), float(space.trust(found[None])[0])
    usual = float(space.exhibit.errors.median())
    strange = "It cannot draw this: your picture is unlike those that it learned from."
    if not inverted and dark(space.exhibit.images) and not dark(image):
        strange += " They are light things on dark; try Invert."
    markup.show(
        markup.shots([(image[0].numpy(), "as the model sees it"), (drawn, "as it draws it again")], width=168),
        "<br>",
        markup.facts(
            {
                "error": (f"{off:.4f}", f"half of its test pictures: under {usual:.4f}"),
                "trust of its place": (f"{trust:.0%}", "100%: other pictures lie there"),
            }
        ),
        markup.muted(strange) if off > UNLIKE * usual else "",
        markup.muted("Your picture stays with you: a link to this page brings its place on the map, not the picture."),
    )
    download([image[0].numpy(), drawn], 2, f"{space.name}-yours", "own-png")


def dark(images: Tensor) -> bool:
    """Whether uint8 images are dark on the whole, as light things on a dark ground are."""
    return float(images.float().mean()) < 112


def error_map(a: Pixels, b: Pixels) -> Pixels:
    """Where two images (C, H, W) differ, as a picture: black is equal, white is half the range."""
    return heat(np.abs(a.astype(np.float64) - b).mean(0) / 255, 0.5)


def denoise(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """Noise in, through the code, and what is left of it."""
    image, what = own_photo.subject(space, code)
    label = "Noise (standard deviation; the whole range of a pixel is 1)"
    view.sigma = forms.following("sigma", view.sigma, lambda: st.slider(label, 0.0, 0.6, view.sigma, 0.05, key="sigma"))
    noisy = latent.add_noise(image, view.sigma)
    clean = space.reconstruct(noisy[None])[0]
    before = float(mse_per_image(noisy[None], image[None])[0])
    after = float(mse_per_image(torch.from_numpy(clean)[None], image[None])[0])
    pictures = [
        (image.numpy(), what),
        (noisy.numpy(), "with noise"),
        (clean, "through the code"),
        (error_map(clean, image.numpy()), "what still differs"),
    ]
    markup.show(
        markup.shots(pictures, width=150),
        "<br>",
        markup.facts(
            {
                "error with noise": f"{before:.4f}",
                "error after": (
                    f"{after:.4f}",
                    f"{before / after:.1f} times less"
                    if after < before
                    else "more than before: this model blurs more than the noise hides",
                ),
            }
        ),
    )
    if space.run.config.get("objective") != "denoising":
        markup.show(
            markup.muted(
                "This model was not trained to remove noise; one with the objective “denoising” does it better."
            )
        )
    download([pixels for pixels, _ in pictures], 4, f"{space.name}-denoised", "denoise-png")


def compress(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """The image as its code, one byte a number: how small, and what it costs."""
    image, what = own_photo.subject(space, code)
    small = space.compress(image)
    pictures = [
        (image.numpy(), what),
        (small.image, f"from {small.code_bytes} bytes"),
        (error_map(small.image, image.numpy()), "what differs"),
    ]
    markup.show(
        markup.shots(pictures, width=150),
        "<br>",
        markup.facts(
            {
                "pixels": words.size(small.raw_bytes),
                "as PNG": (words.size(small.png_bytes), "without loss"),
                "as code": (
                    words.size(small.code_bytes),
                    f"{small.raw_bytes / small.code_bytes:.0f} times smaller than the pixels",
                ),
                "error": f"{small.mse:.4f}",
            }
        ),
        markup.muted(
            f"The model that turns the code back into a picture has {words.number(space.run.result.parameters if space.run.result else 0)} numbers of its own, which are not counted here."
        ),
    )
    download([pixels for pixels, _ in pictures], 3, f"{space.name}-compressed", "compress-png")
