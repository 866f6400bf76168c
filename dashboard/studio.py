"""The colour-gradient studio: a photo, an operation with its settings, and before and after under one divider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import streamlit as st

from dashboard import (
    cache,
    explorers,
    forms,
    markup,
    opened_photo,
    studio_controls,
    studio_figures,
    studio_full,
    studio_style,
    words,
)
from dashboard.components.darkroom import ColourPoint, Hand, Touched, darkroom
from dashboard.components.picture_grid import picture_grid
from dashboard.history import History
from dashboard.opened_photo import OWN, OpenedPhoto
from dashboard.state import Beside, OperationName, PhotoTool, PhotoView, Seen, remember, remembered, rerun, save
from selfsup_engine import builtin_photos
from selfsup_engine.errors import UserError
from selfsup_engine.images import Pixels, encode
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.retouching.operations import Means, Operation

THUMBNAIL = 96
OPERATIONS: dict[OperationName, str] = {
    "enhance": "Enhance",
    "recolour": "Recolour",
    "style": "Style",
    "flatten": "Flatten",
    "segment": "Segment",
    "compose": "Compose",
}
OF_PRETEXT: dict[str, OperationName] = {"restore": "enhance", "colorize": "recolour", "style": "style"}
HANDS = {
    "look": "Look",
    "mask": "Paint a mask",
    "region": "Press a region",
    "lock": "Lock a colour",
    "points": "Put colours",
}


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

    @property
    def key(self) -> tuple[object, ...]:
        """All that the preview depends on."""
        return studio_key(self.photo, self.operation, self.folder, self.reference)


def studio(view: PhotoView) -> None:
    """Everything below the title."""
    markup.show("<p class='lead'>Take a photo, choose what shall happen to its colour gradients, and compare.</p>")
    arrive(view)
    photo = choose_photo(view)
    view.operation = forms.following(
        "photo-operation",
        view.operation,
        lambda: forms.choice("Operation", OPERATIONS, view.operation, "photo-operation", hide_label=True),
    )
    if remembered("photo-operation-before") != view.operation:  # each operation keeps its own settings
        if remembered("photo-operation-before"):
            view.settings = remembered(f"photo-settings-{view.operation}", "")
            view.model = remembered(f"photo-model-{view.operation}", "")
        remember("photo-operation-before", view.operation)
    if photo is None:
        return

    whole = [True]  # while the page is drawn, and not this fragment alone

    @st.fragment
    def work() -> None:
        workplace(photo, view, "app" if whole[0] else "fragment")

    work()
    whole[0] = False


def arrive(view: PhotoView) -> None:
    """A model that a link or the library brings decides on the operation."""
    if not view.model or view.model == remembered("photo-model"):
        return
    try:
        pretext = str(cache.library().find(view.model).run.config.get("pretext"))
    except UserError:
        return
    wanted = OF_PRETEXT.get(pretext)
    operation = studio_controls.of_view(view)
    if wanted and pretext not in operation.pretexts:
        view.operation, view.settings = wanted, '{"colours":"model"}' if wanted == "recolour" else ""
        remember("photo-operation-before", None)


def choose_photo(view: PhotoView) -> OpenedPhoto | None:
    """The photos to choose from, the person's own first where there is one."""
    names = [*builtin_photos.NAMES]
    titles = [builtin_photos.PHOTOS[name].title for name in names]
    pictures = [thumbnail(opened_photo.built_in(name).small, name) for name in names]
    if mine := opened_photo.own("photo"):
        names.insert(0, OWN)
        titles.insert(0, f"yours: {mine.title}")
        pictures.insert(0, thumbnail(mine.small, mine.fingerprint))
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
            max_upload_size=opened_photo.MAX_MB,
            key="photo-file",
        )
        if file is not None and remembered("photo-file-seen") != file.file_id:
            remember("photo-file-seen", file.file_id)
            take_photo(view, file.getvalue(), file.name)
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


def thumbnail(small: Tensor, key: str) -> Pixels:
    """The middle of a photo as (3, S, S) uint8."""

    def make() -> Pixels:
        from selfsup_engine.images import fit

        side = min(small.shape[-2:])
        top, left = (small.shape[-2] - side) // 2, (small.shape[-1] - side) // 2
        thumb: Pixels = fit(small[None, :, top : top + side, left : left + side], 3, THUMBNAIL)[0].numpy()
        return thumb

    return cache.once(("thumbnail", key), make)


def workplace(photo: OpenedPhoto, view: PhotoView, scope: Literal["app", "fragment"]) -> None:
    """The picture with its controls, and the tools below. A fragment: a slider reruns this and nothing else."""
    operation = studio_controls.of_view(view)
    past = History(f"photo-{view.operation}")
    left, right = st.columns([7, 4], gap="large")
    with right:
        markup.show(markup.muted(operation.lead))
        folder = choose_model(view, operation)
        operation = studio_controls.controls(operation)
        reference = choose_reference(view, operation, scope)
        if view.operation == "recolour":
            kept = studio_controls.swatches(
                getattr(operation, "locked", ()), "photo-locked", "Locked: they stay as they are"
            )
            operation = operation.model_copy(update={"locked": kept})
        studio_controls.into_view(operation, view)
        operation = with_colours(operation, photo)
        steps(view, past)
    with left:
        shown = previewed(photo, operation, folder, reference, mask_of(photo, view))
        touched, hand = canvas(shown, view)
        studio_figures.verdict(shown)
    past.note((view.settings, view.model, view.reference))
    remember(f"photo-settings-{view.operation}", view.settings)
    remember(f"photo-model-{view.operation}", view.model)
    remember("photo-model", view.model)
    if acted(shown, view, touched, hand):
        rerun(view, scope)
    save(view)
    tools: dict[PhotoTool, str] = {name: name for name in ("Figures", "Full size", "Teach a style")}
    view.tool = forms.following(
        "photo-tool", view.tool, lambda: forms.choice("Tool", tools, view.tool, "photo-tool", hide_label=True)
    )
    with st.container(border=True, key="tool"):
        match view.tool:
            case "Figures":
                studio_figures.figures(shown)
            case "Full size":
                studio_full.full_size(shown, view)
            case "Teach a style":
                studio_style.teach(view)
    save(view)


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
    if view.model and view.model not in names and view.model != remembered("photo-model"):
        st.warning(
            f"The link asks for the model “{words.plain(view.model)}”, which is not in this library. Ask whoever sent it for the file, and upload it there."
        )
    optional = view.operation == "style"
    options = ["", *names] if optional else names
    if not options:
        st.info("There is no model for this yet. Train one on photos.", icon=":material/info:")
        return None
    titles = {folder.name: words.title(folder) for folder in able} | {"": "no model: the reference photo's gradients"}
    current = view.model if view.model in options else names[0] if names else ""
    key = f"photo-model-{'-'.join(operation.pretexts)}"
    view.model = forms.following(
        key,
        current,
        lambda: st.selectbox("Model", options, options.index(current), format_func=titles.__getitem__, key=key),
    )
    folder = next((folder for folder in able if folder.name == view.model), None)
    view.weights = folder.run.result.weights if folder and folder.run.result else ""
    return folder


def choose_reference(view: PhotoView, operation: Operation, scope: Literal["app", "fragment"]) -> OpenedPhoto | None:
    """The photo whose colours or gradients are taken; None where the operation takes none."""
    if not operation.wants_reference or (view.operation == "style" and view.model):
        return None
    markup.show(markup.eyebrow("Reference photo"))
    names = [*builtin_photos.NAMES]
    mine = opened_photo.own("reference")
    if mine:
        names.insert(0, OWN)
    pictures = [
        thumbnail(mine.small, mine.fingerprint)
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
    file = st.file_uploader("Your own reference", key="reference-file", max_upload_size=opened_photo.MAX_MB)
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


def with_colours(operation: Operation, photo: OpenedPhoto) -> Operation:
    """Compose with the photo's own colours where none was put down: to be seen and moved, and the same at full size."""
    from selfsup_engine.exploring.retouching import compose
    from selfsup_engine.exploring.retouching.operations import ColourAt, Compose

    if not isinstance(operation, Compose) or operation.points:
        return operation
    count = operation.own
    found = cache.once(("colours", photo.fingerprint, count), lambda: compose.points_of(photo.small, count))
    points = [
        ColourAt(x=round(point.x, 4), y=round(point.y, 4), colour="#" + bytes(point.colour).hex()) for point in found
    ]
    return operation.model_copy(update={"points": tuple(points)})


def steps(view: PhotoView, past: History) -> None:
    """Undo, redo, and back to the usual settings."""
    with st.container(horizontal=True):
        back = st.button("Undo", icon=":material/undo:", key="photo-undo", disabled=not past.can_undo)
        again = st.button("Redo", icon=":material/redo:", key="photo-redo", disabled=not past.can_redo)
        if back or again:
            view.settings, view.model, view.reference = past.undo() if back else past.redo()
            rerun(view, "fragment")
        if st.button("Reset", icon=":material/restart_alt:", key="photo-reset", disabled=not view.settings):
            view.settings = ""
            rerun(view, "fragment")


def studio_key(
    photo: OpenedPhoto, operation: Operation, folder: RunFolder | None, reference: OpenedPhoto | None
) -> tuple[object, ...]:
    weights = folder.run.result.weights if folder and folder.run.result else ""
    return photo.fingerprint, operation.model_dump_json(), weights, reference.fingerprint if reference else ""


def previewed(
    photo: OpenedPhoto,
    operation: Operation,
    folder: RunFolder | None,
    reference: OpenedPhoto | None,
    mask: Pixels | None,
) -> Shown:
    """The operation on the small copy; where it lacks something that is said, and the photo stays as it is."""
    import torch

    from selfsup_engine.exploring.retouching.masks import within
    from selfsup_engine.exploring.retouching.recipe import means_of

    key = studio_key(photo, operation, folder, reference)
    packed = opened_photo.packed(reference) if reference else ""
    means = cache.once(("means", *key[2:]), lambda: means_of(folder, packed))
    by = {name: getattr(operation, name) for name in operation.prepared_by}
    try:
        prepared = cache.once(
            ("prepared", photo.fingerprint, view_name(operation), str(by), *key[2:]),
            lambda: operation.prepare(photo.small, means),
        )
        changed = cache.once(("preview", *key), lambda: operation.apply(photo.small, prepared))
        classical = cache.once(("classical", *key), lambda: operation.classical(photo.small, means))
    except UserError as error:
        st.warning(words.plain(error))
        changed, classical = photo.small, None
    if mask is not None:
        changed = within(photo.small, changed, torch.from_numpy(mask > 127))
    return Shown(photo, operation, means, folder, reference, mask, changed, classical)


def view_name(operation: Operation) -> str:
    return type(operation).__name__


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

    return cache.once(("hierarchy", photo.fingerprint), lambda: find(photo.small))


REGION_DETAIL = 0.5


def region(photo: OpenedPhoto, x: float, y: float, detail: float) -> Pixels:
    """The region at a place, as a mask (h, w): 255 inside."""
    from selfsup_engine.exploring.retouching.segment import region_at

    labels = cache.once(("labels", photo.fingerprint, detail), lambda: hierarchy(photo).at(detail))
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
        if shown.classical is not None:
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
    )
    return touched, hand


def picture_file(image: Tensor, seen: str) -> bytes:
    """A preview (3, h, w) uint8, or its gradients, as the bytes that travel."""
    if seen == "gradients":
        image = studio_figures.field_picture(image)
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

    return cache.once(("lines", photo.fingerprint), make)


def acted(shown: Shown, view: PhotoView, touched: Touched, hand: str) -> bool:
    """Takes up what was done on the picture; whether that asks for another preview."""
    if touched.dropped:
        take_photo(view, touched.dropped[1], touched.dropped[0])
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
