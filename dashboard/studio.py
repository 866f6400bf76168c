"""The colour-gradient studio: a photo, an operation with its settings, and before and after under one divider."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

import streamlit as st

from dashboard import (
    cache,
    forms,
    markup,
    opened_photo,
    studio_canvas,
    studio_choices,
    studio_controls,
    studio_figures,
    studio_full,
    studio_style,
    words,
)
from dashboard.history import History
from dashboard.opened_photo import OpenedPhoto
from dashboard.state import remember, remembered, rerun, save
from dashboard.studio_canvas import Shown
from dashboard.views import OperationName, PhotoTool, PhotoView
from selfsup_engine.errors import UserError
from selfsup_engine.images import Pixels
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from selfsup_engine.exploring.retouching.operation import Operation

T = TypeVar("T")
OPERATIONS: dict[OperationName, str] = {
    "enhance": "Enhance",
    "recolour": "Recolour",
    "style": "Style",
    "flatten": "Flatten",
    "segment": "Segment",
    "compose": "Compose",
}
OF_PRETEXT: dict[str, OperationName] = {"restore": "enhance", "colorize": "recolour", "style": "style"}


def studio(view: PhotoView) -> None:
    """Everything below the title."""
    markup.show("<p class='lead'>Take a photo, choose what shall happen to its colour gradients, and compare.</p>")
    arrive(view)
    photo = studio_choices.choose_photo(view)
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


def workplace(photo: OpenedPhoto, view: PhotoView, scope: Literal["app", "fragment"]) -> None:
    """The picture with its controls, and the tools below. A fragment: a slider reruns this and nothing else."""
    operation = studio_controls.of_view(view)
    past = History(f"photo-{view.operation}")
    left, right = st.columns([7, 4], gap="large")
    with right:
        markup.show(markup.muted(operation.lead))
        above = st.container()  # which models there are depends on the settings below
        operation = studio_controls.controls(operation)
        with above:
            folder = studio_choices.choose_model(view, operation)
        reference = studio_choices.choose_reference(view, operation, scope)
        if view.operation == "recolour":
            kept = studio_controls.swatches(
                getattr(operation, "locked", ()), "photo-locked", "Locked: they stay as they are"
            )
            operation = operation.model_copy(update={"locked": kept})
        studio_controls.into_view(operation, view)
        operation = with_colours(operation, photo)
        past.note((view.settings, view.model, view.reference))
        steps(view, past)
    remember(f"photo-settings-{view.operation}", view.settings)
    remember(f"photo-model-{view.operation}", view.model)
    remember("photo-model", view.model)
    with left:
        compared = forms.standing("photo-beside", view.beside) == "classical"
        compared = compared or forms.standing("photo-tool", view.tool) == "Figures"
        shown = previewed(photo, operation, folder, reference, studio_canvas.mask_of(photo, view), compared)
        touched, hand = studio_canvas.canvas(shown, view)
    if studio_canvas.acted(shown, view, touched, hand):
        rerun(view, scope)
    with left:
        if compared:
            studio_figures.verdict(shown)
        studio_canvas.about_mask(shown, view, scope)
    save(view)
    tools: dict[PhotoTool, str] = {name: name for name in ("Full size", "Figures", "Teach a style")}
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


def with_colours(operation: Operation, photo: OpenedPhoto) -> Operation:
    """Compose with the photo's own colours where none was put down: to be seen and moved, and the same at full size."""
    from selfsup_engine.exploring.retouching import compose
    from selfsup_engine.exploring.retouching.operations import ColourAt, Compose

    if not isinstance(operation, Compose) or operation.points:
        return operation
    count = operation.own
    found = opened_photo.once(
        ("colours", photo.fingerprint, count), lambda: compose.points_of(photo.small, count), photo
    )
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
    compared: bool,
) -> Shown:
    """The operation on the small copy, and the classical one if they are compared; where it lacks something that is said, and the photo
    stays as it is."""
    import torch

    from selfsup_engine.exploring.retouching.masks import within
    from selfsup_engine.exploring.retouching.operations import mixed
    from selfsup_engine.exploring.retouching.recipe import means_of

    key = studio_key(photo, operation, folder, reference)
    packed = opened_photo.packed(reference) if reference else ""

    def once(key: tuple[object, ...], make: Callable[[], T]) -> T:
        return opened_photo.once(key, make, photo, reference)

    means = once(("means", *key[2:]), lambda: means_of(folder, packed))
    by = {name: getattr(operation, name) for name in operation.prepared_by}
    lasting = photo.fingerprint, type(operation).__name__, str(by), *key[2:]  # what does not change with a slider
    try:
        prepared = once(("prepared", *lasting), lambda: operation.prepare(photo.small, means))
        changed = once(("preview", *key), lambda: operation.apply(photo.small, prepared))
        lacks = False
    except UserError as error:
        st.warning(words.plain(error))
        changed, lacks = photo.small, True
    classical = None
    compares = operation.compares(means) and not lacks
    if compared and compares:
        full = once(("classical", *lasting), lambda: operation.classical(photo.small, means))
        classical = None if full is None else mixed(photo.small, full, operation.strength)
    if mask is not None:
        changed = within(photo.small, changed, torch.from_numpy(mask > 127))
    return Shown(photo, operation, means, folder, reference, mask, changed, classical, compares, lacks, key)
