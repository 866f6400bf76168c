"""The page of the self-test: what the host offers, and what came of small real pieces of work on it."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, hosting, markup, words
from dashboard.checkup import VERDICTS, Checkup
from dashboard.trials import Trial, trials
from dashboard.warming import Warm

KINDS = {True: "good", False: "problem", None: ""}


def show() -> None:
    """All of it. While a self-test goes on, whoever started it, it is followed."""
    st.title("Self-test")
    markup.show(
        "<p class='lead'>What this host offers, and small real pieces of work that show whether everything runs on it. "
        "It takes some seconds, and nothing of it is kept.</p>"
    )
    checkup, warm = cache.checkup(), cache.warm_up()
    follows = moves(checkup, warm)

    @st.fragment(run_every=0.5 if follows else None)
    def live() -> None:
        if follows != moves(checkup, warm):
            st.rerun()
        markup.show(markup.facts(hosting.figures(warm)), f"<br>{markup.muted(hosting.data_sets())}")
        if not (warm.device or warm.problem):
            st.skeleton(height=400)
            return
        known = trials()
        controls(checkup, known)
        markup.show(markup.checklist(rows(checkup, known)))

    live()


def moves(checkup: Checkup, warm: Warm) -> bool:
    """Something on the page changes by itself: a self-test goes on, or the host is still being measured."""
    return checkup.running or not (warm.usual or warm.problem)


def controls(checkup: Checkup, known: tuple[Trial, ...]) -> None:
    """The button, how far it is, and what it came to."""
    with st.container(key="self-test-controls", horizontal=True, vertical_alignment="center"):
        st.button(
            "At work" if checkup.running else "Run it again" if checkup.began else "Run the self-test",
            icon=":material/play_arrow:",
            type="secondary" if checkup.began else "primary",
            key="self-test",
            disabled=checkup.running,
            on_click=begin,  # and not what the button gives: where the page moves on meanwhile, that would be lost
            args=(checkup,),
        )
        if checkup.began is not None and not checkup.running:
            st.download_button(
                "Report",
                report(checkup),
                "self-test.txt",
                "text/plain",
                icon=":material/download:",
                key="self-test-report",
                on_click="ignore",
            )
        markup.show(markup.muted(summary(checkup, known)))
    if checkup.running:
        markup.show(markup.gauge(len(checkup.outcomes) / len(known), "progress"))


def begin(checkup: Checkup) -> None:
    """What a click does: a self-test, unless there was one just now."""
    if rests := checkup.rests:
        st.toast(
            f"What is shown is from just now, and holds for everybody. Again in {words.duration(rests)}.",
            icon=":material/schedule:",
        )
    checkup.start()


def summary(checkup: Checkup, known: tuple[Trial, ...]) -> str:
    """Where it stands, in a sentence."""
    if checkup.began is None:
        return "Nothing was tried yet on this server."
    if checkup.running:
        return f"{len(checkup.outcomes)} of {len(known)} done."
    failed = sum(outcome.well is False for outcome in checkup.outcomes)
    left_out = sum(outcome.well is None for outcome in checkup.outcomes)
    said = "Everything works" if checkup.well else f"{failed} of {len(known)} did not work"
    if left_out:
        said += f", {left_out} not tried"
    seconds = sum(outcome.seconds for outcome in checkup.outcomes)
    return f"{said}. Tried at {checkup.began:%H:%M} UTC, in {words.duration(seconds)}."


def rows(checkup: Checkup, known: tuple[Trial, ...]) -> list[tuple[str, str, str, str, bytes | None]]:
    """The trials with what came of them; those to come say what they will try."""
    done = [
        (KINDS[outcome.well], VERDICTS[outcome.well], outcome.name, outcome.said, outcome.picture)
        for outcome in checkup.outcomes
    ]
    to_come = [
        ("now", "at work", trial.name, trial.about, None)
        if checkup.running and place == 0
        else ("waits", "to come" if checkup.running else "untried", trial.name, trial.about, None)
        for place, trial in enumerate(known[len(done) :])
    ]
    return [*done, *to_come]


def report(checkup: Checkup) -> str:
    """The text that the button gives."""
    facts = {name: " ".join(said).strip() for name, said in hosting.figures(cache.warm_up()).items()}
    return checkup.report(facts | {"pictures": hosting.data_sets()})
