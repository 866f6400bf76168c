"""The time machine: one slider moves through the steps of a run, on its curve, its map and its pictures together."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache, forms, markup, time_film, words
from dashboard.components.latent_map import Look, latent_map
from dashboard.components.timeline import Curve, Still, timeline
from dashboard.state import keep, save
from dashboard.views import StepView
from selfsup_engine import events
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.curve import curve as along
from selfsup_engine.exploring.moment import for_browser
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from selfsup_engine.exploring.moment import Moment
    from selfsup_engine.exploring.timeline import Timeline

PATIENCE = 0.6  # seconds of looking at snapshots before what was seen is shown
FILLING, GROWING = 0.3, 2.0  # seconds after which it looks again: while snapshots wait, and while the run goes on

FIGURES = {
    "mse": ("error", "{:.4f}", "Mean squared error on [0, 1] pixels of what is drawn from the codes of these images."),
    "alike": (
        "neighbours alike",
        "{:.0%}",
        "Images of which most of the five nearest on the whole code have the same label.",
    ),
    "spread": (
        "spread of the codes",
        "{:.2g}",
        "Nine in ten codes lie no farther from the middle. The map does not show it.",
    ),
    "psnr": ("PSNR of the photo", "{:.1f} dB", "How near to the photo before it was blurred; more is better."),
}
"""What the figures of a moment are called, how each is written, and what it says."""

PHOTO = {
    "restore": {"before": "A photo, blurred", "after": "What it makes of that"},
    "colorize": {"before": "A photo without its colours", "after": "The colours that it gives it"},
    "style": {"before": "A photo", "after": "In the colours that it learned"},
}


def show(folder: RunFolder, view: StepView) -> None:
    """Draws it for a run of any state; `view.snap` follows the cursor. Nothing before there is a first step to see."""
    active = folder.status().active
    try:
        opened = cache.timeline(folder)
    except UserError as error:
        st.error(words.plain(error))
        return
    filling = False
    with contextlib.suppress(UserError):  # said below, where it is looked again as long as the run goes on
        opened.look(PATIENCE)
        filling = bool(opened.missing)

    @st.fragment(run_every=FILLING if filling and not active else GROWING if active else None)
    def machine() -> None:
        try:
            scrub(folder, view)
        except UserError as error:
            markup.show(markup.muted(str(error)))
            return
        if filling and not active and not opened.missing:
            st.rerun()  # all was looked at: nobody need look any more

    with st.container(key="time-machine"):
        machine()
        if not filling and not active:
            time_film.offer(folder)


def scrub(folder: RunFolder, view: StepView) -> None:
    """The slider with all that it moves; nothing before the run has begun."""
    opened = cache.timeline(folder)
    happened = folder.history()
    status = events.status(happened) if happened else folder.status()
    if status.state in ("queued", "loading") and len(opened.steps) < 2:
        return
    st.subheader("Time machine", anchor=False)
    moments = opened.look(PATIENCE)
    markup.show(markup.muted(said(opened, status.state, status.active)))
    view.snap = timeline(
        view.snap,
        stills(opened, moments, happened),
        key=f"time-{words.key(folder)}",
        curve=curve(happened, moments[-1].step),
        captions=captions(opened),
        before=before(opened),
        labels=opened.given.labels.numpy() if opened.kind == "codes" and opened.given.labels is not None else None,
        classes=opened.given.classes if opened.kind == "codes" else (),
        ends=ends(moments, happened, status.active),
        helps={name: help_ for name, _, help_ in FIGURES.values()},
        waiting=f"Looking at {len(opened.steps)} snapshots… {len(moments)} seen" if opened.missing else "",
        smooth=opened.kind == "photo",
        size=moments[-1].sheet.shape[1::-1],
    )
    keep(view)
    if opened.kind == "codes":
        look_closer(folder, opened, moments, view)
    save(view)


def look_closer(folder: RunFolder, opened: Timeline, moments: Sequence[Moment], view: StepView) -> None:
    """The map of the step under the cursor as it is on the latent page: to be zoomed, pointed at and filtered. Its points glide from step to step."""
    view.closer = forms.following(
        "time-closer",
        view.closer,
        lambda: st.toggle("Look closer at this step's map", view.closer, key="time-closer", persist_state="session"),
    )
    if not view.closer:
        return
    steps = [moment.step for moment in moments]
    here = min(range(len(steps)), key=lambda i: abs(steps[i] - view.snap)) if view.snap >= 0 else -1
    labels = opened.given.labels
    told = latent_map(
        opened.maps(steps)[here],
        labels=None if labels is None else labels.numpy(),
        classes=opened.given.classes if labels is not None else (),
        look=Look.parse(view.looks),
        pictures=lambda numbers: opened.given.images[numbers].numpy(),
        glide=True,
        height=520,
        key=f"closer-{words.key(folder)}",
    )
    view.looks = str(told.look)
    keep(view)
    markup.show(markup.muted(f"Step {steps[here]:,}. Move the cursor above: every point goes where its picture went."))


def said(opened: Timeline, state: str, active: bool) -> str:
    """What was kept of this run, and how its maps are laid."""
    steps, kept = opened.steps, len(opened.steps)
    if kept == 1:
        return (
            "Its first steps are being taken: this is how it begins."
            if active
            else "Only its beginning was kept: this is the network before it learned anything."
        )
    if kept == 2:
        what = "Its beginning, and its newest step." if active else "Only its beginning and its end were kept."
    else:
        what = f"{kept} steps of this run, from its beginning to step {steps[-1]:,}; more of the early ones, where most happens."
    if state in ("paused", "failed"):
        what += " It went no further." if state == "failed" else " More will follow when it goes on."
    if opened.kind == "codes":
        what += " Each map is turned, mirrored and brought to the size of the next one (Procrustes), so that points move and do not jump."
    return what


def stills(opened: Timeline, moments: Sequence[Moment], happened: Sequence[events.Event]) -> list[Still]:
    """The moments as the browser gets them."""
    maps = opened.maps([moment.step for moment in moments]) if opened.kind == "codes" else [None] * len(moments)
    return [
        Still(moment.step, moment.file, points, figures(moment, happened))
        for moment, points in zip(moments, maps, strict=True)
    ]


def figures(moment: Moment, happened: Sequence[events.Event]) -> dict[str, str]:
    """A moment's own figures; where there is none, the first one of the look at held-out images that is nearest to its step."""
    own = {FIGURES[name][0]: FIGURES[name][1].format(value) for name, value in moment.figures.items()}
    looks = [event for event in happened if isinstance(event, events.Check) and event.losses]
    if own or not looks:
        return own
    nearest = min(looks, key=lambda look: abs(look.step - moment.step))
    name, value = next(iter(nearest.losses.items()))
    return {words.FIGURES.get(name, name): f"{value:.4g}"}


def ends(moments: Sequence[Moment], happened: Sequence[events.Event], active: bool) -> dict[str, str]:
    """What each figure came to."""
    when = "now" if active else "at the end"
    return {name: f"{when} {value}" for name, value in figures(moments[-1], happened).items()}


def curve(happened: Sequence[events.Event], last: int) -> Curve:
    """The run's first figure up to the last step that is shown: so that nothing changes between two snapshots."""
    name, train, held_out = along([event for event in happened if getattr(event, "step", 0) <= last])
    return Curve(words.FIGURES.get(name, name), train, held_out)


def captions(opened: Timeline) -> dict[str, str]:
    """What stands above the map and the pictures."""
    if opened.kind == "samples":
        return {"after": "Samples, from the same random numbers at each step"}
    if opened.kind == "photo":
        return PHOTO[opened.run.config["pretext"]]
    return {
        "map": f"The map of codes: {len(opened.given.images):,} held-out images",
        "before": "What goes in",
        "after": "What comes out again",
    }


def before(opened: Timeline) -> bytes | None:
    """What the model is shown, as a file."""
    return None if opened.shown is None else for_browser(opened.shown, photo=opened.kind == "photo")
