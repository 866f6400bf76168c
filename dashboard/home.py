"""The parts of the home page. Nothing here needs torch: it must be there within a second."""

from pathlib import Path

import streamlit as st

from dashboard import cache, explorers, hosting, markup, words
from selfsup_engine.errors import UserError
from selfsup_engine.runs import RunFolder

HERO = Path(__file__).parent / "static" / "hero.png"


def hero() -> None:
    """What this is, and the two ways in."""
    words_side, picture_side = st.columns([3, 2], gap="large", vertical_alignment="center")
    with words_side, st.container(key="hero"):
        st.title("Watch a small model learn to see, then walk through what it learned")
        markup.show(
            "<p class='lead'>Train a self-supervised image model in your browser, in minutes and without a label: "
            "walk through the space that it has made up for itself, steer what it draws, or try what it knows of colours on a photo.</p>"
        )
        with st.container(horizontal=True):
            if st.button("Train a model", type="primary", icon=":material/model_training:"):
                st.switch_page("../pages/train.py")
            for explorer in explorers.EXPLORERS:
                if st.button(f"{explorer.verb} one", icon=explorer.icon, help=explorer.action):
                    st.switch_page(f"../pages/{explorer.page}.py")
    with picture_side:
        markup.show(
            f"<figure class='hero'>{markup.img(HERO, 'clothes decoded all over the map of a two-number code')}"
            "<figcaption>What a model with two numbers a picture draws all over its map. It never saw a label.</figcaption></figure>"
        )


@st.fragment(run_every=1.0)
def running() -> None:
    """What trains or waits at this moment; nothing at all if nothing does."""
    for folder in cache.jobs().active(cache.library()):
        try:
            status = folder.status()
            with st.container(border=True, key=f"job-{folder.name}"):
                left, right = st.columns([5, 1], vertical_alignment="center")
                with left:
                    said = f"step {status.step:,} · {words.duration(status.eta)} left" if status.rate else ""
                    markup.show(
                        f"<b>{markup.escape(words.title(folder))}</b> {markup.pill(words.STATES[status.state], status.state)} "
                        f"<span class='muted'>{markup.escape(said)}</span>",
                        markup.gauge(status.progress, "progress"),
                    )
                with right:
                    if st.button("Watch", key=f"watch-{folder.name}", width="stretch"):
                        st.switch_page("../pages/train.py", query_params={"run": folder.name})
        except UserError:
            continue


def gallery(folders: list[RunFolder], columns: int = 3) -> None:
    """Models as pictures, each one click from its explorer."""
    for row in words.rows(folders, columns):
        for place, folder in zip(st.columns(columns, gap="medium"), row, strict=False):
            with place:
                try:
                    card(folder)
                except UserError as error:
                    st.warning(words.plain(error))


def card(folder: RunFolder) -> None:
    """One model: what it redraws, what it is, how good, and the way into it."""
    run = folder.run
    with st.container(border=True, key=f"card-{words.key(folder)}"):
        markup.show(markup.cover(folder.file("cover.png"), f"Images and what {words.title(folder)} makes of them"))
        markup.show(
            f"<h3 style='margin:0;padding:0'>{markup.escape(words.title(folder))}</h3>",
            markup.muted(run.note or words.one_line(folder)),
        )
        if folder.in_gallery:
            explorers.button(folder, f"explore-{words.key(folder)}", width="stretch")
        else:
            with st.container(horizontal=True):
                explorers.button(folder, f"explore-{words.key(folder)}")
                explorers.page_button(folder, f"open-{words.key(folder)}")


@st.fragment(run_every=5.0)
def host_line() -> None:
    """What the host offers, in a line: as soon as torch has told, also the device and what the usual training comes to on it."""
    with st.container(key="host-line", horizontal=True, vertical_alignment="center"):
        markup.show(markup.muted(hosting.line(cache.warm_up())))
        st.page_link("../pages/self_test.py", label="Does it all work?", icon=":material/task_alt:")
