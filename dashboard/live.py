"""A Job as it happens: a fragment that reads the run's events twice a second, and acts on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import allowance, cache, charts, explorers, markup, words
from dashboard.state import remember, rerun
from dashboard.views import TrainView
from selfsup_engine import events
from selfsup_engine.errors import UserError
from selfsup_engine.events import Status
from selfsup_engine.runs import RunFolder


def prepare() -> None:
    """Has the browser fetch and read the script that draws curves, unseen: a second or two in which no click acts, better spent
    while the form is read than when the first losses come and Stop is pressed."""
    with st.container(key="unseen"):
        curve([], [events.Check(step=0, losses={"mse": 1.0}, findings=())], height=40, key="unseen-curve")


def watch(folder: RunFolder) -> None:
    """Shows a run: its progress while it trains, what it came to when it is over."""

    def draw(happened: Sequence[events.Event], status: Status) -> None:
        header(folder, status)
        body(folder, happened, status)

    follow(folder, draw)


def follow(folder: RunFolder, draw: Callable[[Sequence[events.Event], Status], None]) -> None:
    """Draws what is known of a run as often as that changes. A rerun of the page follows the beginning and the end of its training, and the
    end of its folder."""
    status = cache.jobs().status(folder)
    active, over = status.active, status.state == "done"

    # A run that waits for a person may be resumed in another tab: looked at now and then, it is followed here too.
    @st.fragment(run_every=0.5 if active else None if over else 3.0)
    def live() -> None:
        status = cache.jobs().status(folder)
        if active != status.active or not folder.file("run.json").exists():
            st.rerun()
        draw(folder.history(), status)

    live()


def header(folder: RunFolder, status: Status) -> None:
    """What it is, how far it is, and the buttons that fit its state."""
    run = folder.run
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        markup.show(
            markup.eyebrow(f"{words.source_title(run.source)} · {run.preset} · seed {run.seed}"),
            f"<h2 style='margin:0;padding:0'>{markup.escape(words.title(folder))} {markup.pill(words.STATES[status.state], status.state)}</h2>",
        )
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        buttons(folder, status)
    progress(folder, status)


def buttons(folder: RunFolder, status: Status) -> None:
    """Where to go on with it, and what can be done about its training."""
    finished = explorers.explorer_of(folder) is not None and not status.active
    if finished:
        explorers.button(folder, "explore", short=False, kind="primary")
    if not status.active:
        explorers.page_button(folder, "open", "All about it")
    controls(folder, status, primary=not finished)


def controls(folder: RunFolder, status: Status, primary: bool) -> None:
    """Pause, stop, finish, resume: whatever can be done now. Drawn in a fragment. `primary`: nothing else is to be done first."""
    jobs = cache.jobs()
    asked = folder.file("control").exists()
    if status.active:
        if st.button(
            "Pause", icon=":material/pause:", key="pause", disabled=asked, help="Saves its state and frees the worker."
        ):
            ask(jobs.pause, folder)
        if st.button(
            "Stop", icon=":material/stop:", key="stop", disabled=asked, help="Ends now and keeps the model as it is."
        ):
            ask(jobs.stop, folder)
    elif status.state in ("paused", "stopped", "failed"):
        wanted = None
        if (
            status.step
            and status.state != "stopped"  # that one ends where it stands already
            and st.button(
                "Finish", icon=":material/stop:", key="finish", help="Keeps the model as it is now, to be explored."
            )
        ):
            wanted = jobs.finish
        if st.button(
            "Resume" if status.state != "stopped" else "Train on",
            icon=":material/play_arrow:",
            key="resume",
            type="primary" if primary else "secondary",
        ):
            wanted = jobs.resume
        if wanted:
            try:
                wanted(folder, cache.library())
            except UserError as error:
                st.error(words.plain(error))
            else:
                st.rerun()


def ask(wish: Callable[[RunFolder], None], folder: RunFolder) -> None:
    """Tells a run in training what is wanted of it, and draws the fragment anew; or says why it cannot be told."""
    try:
        wish(folder)
    except UserError as error:
        st.error(words.plain(error))
    else:
        st.rerun(scope="fragment")


def progress(folder: RunFolder, status: Status) -> None:
    """How far, how fast, how long still; or why not."""
    if status.state == "queued":
        before = cache.jobs().before(folder)
        text = (
            f"{before} {'run' if before == 1 else 'runs'} before it in the queue."
            if before
            else "It begins in a moment."
        )
        if before and (limits := cache.library().limits):
            text += " " + allowance.turns(limits, before)
        if not cache.jobs().trains_here:
            text += " Another server of this app, on the same library, trains it."
        markup.show(markup.gauge(0, "progress"), markup.muted(text))
    elif status.state == "failed":
        st.error(words.plain(status.message), icon=":material/error:")
    elif status.state == "loading":
        markup.show(markup.gauge(0, "progress"), markup.muted(status.message))
    else:
        said = [f"step {status.step:,}", f"budget {folder.run.budget}"]
        if status.state == "running" and status.rate:
            said += [f"{status.rate:,.0f} images/s", f"{words.duration(status.eta)} left"]
        markup.show(
            markup.gauge(status.progress if status.state != "done" else 1.0, "progress"),
            markup.muted("  ·  ".join(said)),
        )
        if status.state == "stopped" and status.progress < 1 and (limits := cache.library().limits):
            markup.show(markup.muted(allowance.stopped(limits)))


def body(folder: RunFolder, happened: Sequence[events.Event], status: Status) -> None:
    """Curves beside pictures (or, where none were kept, beside each other), and the findings below."""
    checks = [event for event in happened if isinstance(event, events.Check) and event.losses]
    metrics = [event for event in happened if isinstance(event, events.Metrics)]
    left, right = st.columns([1, 1], gap="large")
    with left:
        if checks:
            first = next(iter(checks[0].losses))
            latest = checks[-1].losses.get(first, float("nan"))
            beside = {f"{name}": f"{value:.4f}" for name, value in checks[-1].baselines.items()}
            markup.show(markup.facts({f"held-out {words.FIGURES.get(first, first)}": f"{latest:.4f}"} | beside))
            curve(metrics, checks)
        else:
            with st.container(height=400, border=False):
                st.skeleton(height=380) if status.active else markup.show(markup.muted("No step was trained yet."))
    with right:
        drawn = pictures(folder, checks)
    if checks:
        with left if drawn else right:
            other_curves(metrics, checks, first)
        findings(checks[-1])


def curve(
    metrics: Sequence[events.Metrics], checks: Sequence[events.Check], height: int = 320, key: str = "curve"
) -> None:
    """The first figure over the steps, for both splits."""
    first = next(iter(checks[0].losses))
    figure = charts.loss_curve(
        [(event.step, event.losses[first]) for event in metrics if first in event.losses],
        [(event.step, event.losses[first]) for event in checks if first in event.losses],
        checks[-1].baselines,
        words.FIGURES.get(first, first),
        height,
    )
    st.plotly_chart(figure, key=key, config={"displayModeBar": False})


def other_curves(metrics: Sequence[events.Metrics], checks: Sequence[events.Check], first: str) -> None:
    """All other figures: those named "unit/which" share a chart with their unit's; while it trains where it says so, else held-out."""
    series: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for kind in (metrics, checks):
        known = {unit: set(found) for unit, found in series.items()}
        for event in kind:
            for name, value in event.losses.items():
                unit, _, which = name.partition("/")
                if name != first and which not in known.get(unit, ()):
                    series.setdefault(unit, {}).setdefault(which, []).append((event.step, value))
    for unit, found in series.items():
        figure = charts.lines(found, words.FIGURES.get(unit, unit))
        st.plotly_chart(figure, key=f"curve-{unit}", config={"displayModeBar": False})


def pictures(folder: RunFolder, checks: Sequence[events.Check]) -> bool:
    """The latest previews; gives whether there are any."""
    step = checks[-1].step if checks else 0
    kept = {name: folder.picture(step, name) for name in words.PICTURES}
    for name, picture in kept.items():
        if picture.exists():
            about = words.PICTURES[name]
            markup.show(
                markup.eyebrow(f"{about} · step {step:,}"),
                markup.img(picture, about, classes="smooth" if name == "map" else "px"),
            )
    return any(picture.exists() for picture in kept.values())


def findings(check: events.Check) -> None:
    """Health in plain words; a word of peace where there is nothing to find."""
    if check.findings:
        markup.show(*map(markup.finding, check.findings))
        return
    name, figure = next(iter(check.losses.items()))
    name = words.FIGURES.get(name, name)
    above = [other for other, value in check.baselines.items() if figure > value]
    beside = (
        f"The {name} is still above that of: {' and '.join(above)}."
        if above
        else f"The {name} is below that of all that it is held against."
    )
    markup.show(f"<p class='finding good'><b>Healthy.</b> Nothing is wrong. {markup.escape(beside)}</p>")


def onward(view: TrainView) -> None:
    """Back to the form, while this run goes on."""
    if st.button("Train another", icon=":material/add:", key="train-another"):
        view.run = ""
        remember("another", True)
        rerun(view)
