"""Models side by side: which ones, in what they differ, how they score; then what each makes of the same things."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, compare_codes, compare_drawings, explorers, forms, markup, sharing, state, words
from dashboard.views import CompareView
from selfsup_engine.runs import RunFolder

MOST = 4
USUAL = ("fashion-2d", "fashion-16d")
HIGHER, LOWER = (
    {"psnr", "gradient_psnr", "knn5", "precision", "recall", "coverage"},
    {"mse", "frechet_classifier", "frechet_rotations"},
)
"""Scores of which the larger, or the smaller, is the better; of the others none is marked."""
YARDSTICKS = {"frechet_pixels", "frechet_codes", "frechet_reference", "frechet_default"}
"""What a score was held against once: of the data, not of a model."""


def choose_models(view: CompareView) -> list[RunFolder]:
    """The models to compare, in the order in which they were chosen; empty, with the way on, where there is none."""
    library = cache.library()
    able = {f.name: f for f in [*library.shown(), *library.runs()] if explorers.explorer_of(f) is not None}
    if not able:
        st.info("There is no trained model yet.", icon=":material/info:")
        if st.button("Train one", type="primary"):
            st.switch_page("../pages/train.py")
        return []
    names: list[str] = []
    there = sharing.looked_up(view.wanted(), list(able.values()), "compare")
    for found, (_, weights) in zip(there, view.wanted(), strict=True):
        if found is None or found.name in names:
            continue
        names.append(found.name)
        if weights and explorers.weights_of(found) != weights:
            st.warning(f"{words.plain(words.title(found))} was trained on since the link was made.")
    if not names and state.held("compare-models") is None:  # else all were taken away, and none is what is wanted
        names = [name for name in USUAL if name in able] or list(able)[:2]
    called = explorers.titles(list(able.values()))
    chosen = forms.following(
        "compare-models",
        names,
        lambda: st.multiselect(
            "Models",
            list(able),
            names,
            format_func=called.__getitem__,
            key="compare-models",
            max_selections=MOST,
            placeholder="Two to four models",
            label_visibility="collapsed",
        ),
    )
    folders = [able[name] for name in chosen]
    said = ".".join(f"{folder.name}@{explorers.weights_of(folder)}" for folder in folders)
    before = [name for name, _ in view.wanted()]
    view.models = said
    if before and before != chosen:
        stay_where_it_was(view, before, chosen)
    if not folders:
        markup.show(markup.muted("Choose models above: autoencoders, GANs and models of colour gradients alike."))
    return folders


def stay_where_it_was(view: CompareView, before: list[str], chosen: list[str]) -> None:
    """Keeps the picture at hand while the first model is the same, whose pictures are compared, and the group while its map is there."""
    if before[:1] != chosen[:1]:
        view.image, view.lasso, view.on = -1, "", 0
        return
    circled_on = before[view.on] if view.on < len(before) else None  # None: PCA's, which comes last
    if circled_on is None or circled_on in chosen:
        view.on = len(chosen) if circled_on is None else chosen.index(circled_on)
    else:
        view.lasso, view.on = "", 0


def compare(folders: list[RunFolder], view: CompareView) -> None:
    """What differs first, then scores, then what each makes of the same images, seeds or photo."""
    titles = list(explorers.titles(folders).values())
    left, right = st.columns([1, 1], gap="large")
    with left:
        what_differs(folders, titles)
    with right:
        scores(folders, titles)
    shown = {explorer: [f for f in folders if explorer.shows(f)] for explorer in explorers.EXPLORERS}
    if spaces := shown[explorers.LATENT]:
        compare_codes.section(spaces, view)
    if samplers := shown[explorers.GAN]:
        compare_drawings.samples(samplers, view)
    if restylers := shown[explorers.PHOTO]:
        compare_drawings.photos(restylers, view)


def what_differs(folders: list[RunFolder], titles: list[str]) -> None:
    """The settings that are not the same."""
    from selfsup_engine.exploring.comparing import differences

    st.header("What differs")
    if len(folders) == 1:
        markup.show(markup.muted("Choose a second model above."))
        return
    rows = differences([folder.run for folder in folders])
    if not rows:
        markup.show(markup.muted("Nothing: they were asked for with the same settings and seed."))
        return
    said = {row.name: [value or "" for value in row.values] for row in rows}
    if "Data" in said:
        said["Data"] = [words.source_title(folder.run.source) for folder in folders]
    shared = [row.name for row in rows if None not in row.values]
    markup.show(markup.table(titles, {name: said[name] for name in shared}))
    if alone := [row.name for row in rows if row.name not in shared]:
        with st.expander(f"{len(alone)} settings that not all of these families have"):
            markup.show(markup.table(titles, {name: said[name] for name in alone}))


def scores(folders: list[RunFolder], titles: list[str]) -> None:
    """Their scores, the better one of each marked."""
    st.header("Scores")
    rows: dict[str, tuple[str, ...]] = {}
    best: dict[str, int] = {}
    results = [folder.run.result for folder in folders]
    alike = len({folder.run.source for folder in folders}) == 1
    for name, (called, form) in words.SCORES.items():
        if name in YARDSTICKS:
            continue
        values = [result.scores.get(name) if result else None for result in results]
        known = {i: value for i, value in enumerate(values) if value is not None}
        if not known:
            continue
        rows[called] = tuple("" if value is None else form.format(value) for value in values)
        if alike and len(known) > 1 and name in HIGHER | LOWER:
            best[called] = (max if name in HIGHER else min)(known, key=known.__getitem__)
    rows["parameters"] = tuple(words.number(result.parameters) if result else "" for result in results)
    rows["training"] = tuple(words.duration(result.seconds) if result else "" for result in results)
    markup.show(markup.table(titles, rows, best))
    if not alike:
        markup.show(markup.muted("They learned from different pictures, so their scores say little beside each other."))
