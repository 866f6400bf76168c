"""The form that starts a run: pictures to learn from, a preset, a budget, and what it will cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import allowance, cache, forms, markup, words
from dashboard.state import remember, remembered, rerun, save
from dashboard.views import TrainView
from selfsup_engine import sources
from selfsup_engine.errors import UserError
from selfsup_engine.images import montage
from selfsup_engine.runs import Budget, Run, RunFolder
from selfsup_engine.sources import SourceInfo, own

if TYPE_CHECKING:
    from selfsup_engine.models.spec import Config

OWN = "own"
BUDGETS = {"30 s": Budget(seconds=30), "2 min": Budget(seconds=120), "10 min": Budget(seconds=600), "Steps": None}


def form(view: TrainView) -> RunFolder | None:
    """Everything from the source to the click; gives the run that was started."""
    st.title("Train a model")
    markup.show("<p class='lead'>Choose pictures and a kind of model, and watch it learn. No label is ever used.</p>")
    allowance.notice()
    st.header("1  What shall it look at?")
    chosen = choose_source(view)
    own_images = upload() if chosen == OWN else None
    about = own_images if chosen == OWN else sources.info(chosen)
    if about is None:
        return None
    st.header("2  What shall it become?")
    above, below = st.container(), st.container()  # the button stands above the settings that it depends on
    with above:
        family = choose_family(view)
        preset, fitted = choose_preset(family, about)
        budget, seed = choose_budget(family)
        place = st.container()
    with below:
        config = choose_config(family, about, preset, fitted) if fitted else None
    if config is None or budget is None or seed is None:
        return None
    with place:
        return start(family, about, preset, config, budget, seed)


def choose_source(view: TrainView) -> str:
    """Cards with pictures; gives a source string, or OWN."""
    names = [*sources.SOURCES, OWN]
    if view.data not in names:
        view.data = TrainView().data
    with st.container(key="sources"):
        for place, name in zip(st.columns(len(names), gap="small"), names, strict=True):
            with place:
                source_card(view, name)
    return view.data


def source_card(view: TrainView, name: str) -> None:
    """A set of images, by its pictures."""
    about = sources.SOURCES.get(name)
    chosen = view.data == name
    with st.container(border=True, key=f"{'chosen' if chosen else 'card'}-source-{name}"):
        if about is None:
            markup.show(markup.cover(None, "Drop pictures, or a zip"))
            label, text = "Your own", "16 pictures or more"
        else:
            markup.show(markup.cover(cache.source_picture(name), about.summary))
            ready = "" if sources.is_local(name) else f" · downloads {about.download_mb:.0f} MB"
            label, text = (
                about.title,
                f"{about.train + about.test:,} · {about.size} px · {'grey' if about.channels == 1 else 'colour'}{ready}",
            )
        markup.show(markup.muted(text))
        if st.button(label, key=f"source-{name}", width="stretch", type="primary" if chosen else "secondary"):
            view.data = name
            rerun(view)


def upload() -> SourceInfo | None:
    """One's own pictures: how they will look, what is left out and why, before anything is trained."""
    limits = cache.library().limits
    files = st.file_uploader(
        "Pictures (PNG, JPEG, WebP, GIF, BMP, TIFF), or zips of them",
        type=["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "zip"],
        accept_multiple_files=True,
        key="own-files",
        max_upload_size=limits.upload_mb if limits else None,
    )
    if limits:
        markup.show(markup.muted(allowance.pictures(limits)))
        if sum(file.size for file in files) > limits.upload_mb * 1_000_000:
            st.error(f"These files are more than {limits.upload_mb} MB together: bring fewer, or smaller ones.")
            return None
    if not files:
        return kept_upload()
    with st.container(horizontal=True):
        sides = [side for side in (28, 32, 48, 64) if not limits or side <= limits.image_side]
        size = forms.choice("Size", {side: f"{side} px" for side in sides}, min(32, sides[-1]), "own-size")
        channels = forms.choice("Colours", {3: "colour", 1: "grey"}, 3, "own-channels")
        crop = forms.choice("Crop", forms.CROPS, "centre", "own-crop")
    with st.spinner("Turning, cropping and scaling…", show_time=True):
        try:
            prepared = cache.prepared([(file.name, file.getvalue()) for file in files], size, channels, crop)
        except UserError as error:
            st.error(words.plain(error), icon=":material/image_not_supported:")
            return None
    shown = prepared.pixels[:48]
    markup.show(
        markup.eyebrow(
            f"{len(prepared.pixels)} pictures, as the model will see them"
            + (" (the first 48)" if len(prepared.pixels) > 48 else "")
        ),
        f"<div style='max-width:720px'>{markup.img(montage(shown, 12, gap=1).transpose(2, 0, 1), 'the prepared pictures')}</div>",
    )
    if prepared.left_out:
        with st.expander(f"{len(prepared.left_out)} left out"):
            st.dataframe([{"file": name, "why": why} for name, why in prepared.left_out], hide_index=True)
    title = st.text_input("Name of the set", "My pictures", max_chars=40, key="own-title", persist_state="session")
    try:
        source = own.save(prepared, title or "My pictures", cache.library())
    except UserError as error:
        st.error(words.plain(error))
        return None
    remember("own-source", source)
    return sources.info(source)


def kept_upload() -> SourceInfo | None:
    """The pictures that were brought last, which outlive the uploader: it forgets its files as soon as it is out of sight."""
    kept: str | None = remembered("own-source")
    if kept is None:
        where = "Nobody else sees them" if cache.library().limits else "They stay on the computer that this app runs on"
        markup.show(
            markup.muted(
                f"Sixteen pictures are enough to try it; a few hundred of one kind make it interesting. {where}."
            )
        )
        return None
    try:
        about = sources.info(kept)
        picture = cache.source_picture(kept)
    except UserError as error:
        remember("own-source", None)
        st.error(words.plain(error))
        return None
    with st.container(horizontal=True, vertical_alignment="center", key="kept-upload"):
        if isinstance(picture, bytes):
            markup.show(markup.img(picture, "some of the pictures", width=220))
        markup.show(
            f"<b>{markup.escape(about.title)}</b>",
            markup.muted(
                f"{about.train + about.test} pictures, {about.size} px, ready. Upload others to replace them."
            ),
        )
        if st.button("Take them away", icon=":material/close:", key="forget-upload"):
            remember("own-source", None)
            st.rerun()
    return about


def choose_family(view: TrainView) -> str:
    """Which kind of model, and what it will learn."""
    from selfsup_engine.models.spec import families

    known = families()
    if view.family not in known:
        view.family = next(iter(known))
    titles = {name: found.config.title for name, found in known.items()}
    view.family = forms.following(
        "family", view.family, lambda: forms.choice("Kind of model", titles, view.family, "family")
    )
    save(view)
    markup.show(markup.muted(known[view.family].config.lead))
    return view.family


def preset_key(family: str, about: SourceInfo) -> str:
    """The widget that chooses among a family's presets for some pictures."""
    return f"preset-{family}-{about.name}"


def config_key(family: str, about: SourceInfo, preset: str) -> str:
    """What the keys of the widgets of all settings begin with."""
    return f"config-{family}-{about.name}-{preset}"


def budget_key(family: str) -> str:
    """The widget that chooses how long to train."""
    return f"budget-{family}"


def choose_preset(family: str, about: SourceInfo) -> tuple[str, Config | None]:
    """Which of the family's presets, in a few words, with its settings for these pictures; None, with the reason, if there is none."""
    from selfsup_engine.models.spec import spec

    presets = spec(family).presets
    fitted = {name: preset.fitted(family, about.channels, about.size) for name, preset in presets.items()}
    offered = {name: presets[name].title for name, config in fitted.items() if config}
    if not offered:
        st.error(
            f"{spec(family).config.title}: not for {'grey' if about.channels == 1 else 'colour'} pictures of {about.size} px. Choose another kind, or other pictures."
        )
        return "", None
    suited = next((name for name in offered if presets[name].suits(about.channels, about.size)), next(iter(offered)))
    preset = forms.choice("Preset", offered, suited, preset_key(family, about))
    markup.show(markup.muted(presets[preset].summary))
    return preset, fitted[preset]


def choose_config(family: str, about: SourceInfo, preset: str, fitted: Config) -> Config | None:
    """Every field of the Config, folded away, set to the preset's values; None, with the reason, where they do not fit."""
    from selfsup_engine.models.spec import check_config

    key = f"{family}-{about.name}-{preset}"
    settings = st.expander(
        "All settings",
        expanded=remembered("all-settings", False),
        icon=":material/tune:",
        key=f"all-settings-{key}",
        on_change="rerun",
    )
    remember("all-settings", settings.open)
    with settings:
        values = forms.config_form(fitted, config_key(family, about, preset))
    try:
        return check_config(family, values)
    except UserError as error:
        st.error(words.plain(error), icon=":material/tune:")
        return None


def budgets() -> dict[str, Budget | None]:
    """How long to train, as it is offered; None: steps, of which a number is asked for."""
    limits = cache.library().limits
    if limits is None:
        return BUDGETS
    times = [budget for budget in BUDGETS.values() if budget and allowance.allows(limits, budget)]
    times = times or [Budget(seconds=limits.seconds)]
    return {words.duration(budget.seconds or 0): budget for budget in times} | {"Steps": None}


def choose_budget(family: str) -> tuple[Budget | None, int | None]:
    """How long, and from which seed; None for what was entered wrongly, which is said."""
    from selfsup_engine.models.spec import spec

    limits, offered = cache.library().limits, budgets()
    usual = words.duration(spec(family).config.patience)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = forms.choice(
            "Budget",
            {name: name for name in offered},
            usual if usual in offered else next(iter(offered)),
            budget_key(family),
        )
        budget = offered[label]
        most = limits.steps if limits else 10_000_000
        if label == "Steps" and (steps := forms.whole_number("Steps", 1, most, min(2_000, most), "steps", width=160)):
            budget = Budget(steps=steps)
        hint = "Same seed, steps and machine: the same model, bit for bit."
        seed = forms.whole_number("Seed", 0, 2**31 - 1, 0, "seed", width=120, help=hint)
    if limits:
        markup.show(markup.muted(allowance.budgets(limits)))
    return budget, seed


def start(family: str, about: SourceInfo, preset: str, config: Config, budget: Budget, seed: int) -> RunFolder | None:
    """The button, and beside it what a click will cost, measured on this machine."""
    full = allowance.full()
    with st.container(horizontal=True, vertical_alignment="center"):
        clicked = st.button("Train", type="primary", icon=":material/play_arrow:", key="train", disabled=bool(full))
        cost = st.empty()
    if full:
        st.info(words.plain(full), icon=":material/hourglass_top:")
    if clicked:
        run = Run(
            family=family,
            preset=preset,
            source=about.name,
            config=config.model_dump(mode="json"),
            budget=budget,
            seed=seed,
        )
        try:
            cache.refuse_oversized(family, config, about.train)
            return cache.jobs().start(run, cache.library())
        except UserError as error:
            st.error(words.plain(error), icon=":material/memory:")
            return None
    with cost.container():
        markup.show(markup.muted("Measuring on this machine…"))
    try:
        found = cache.estimate(family, config, about.train, budget)
    except UserError as error:
        cost.error(words.plain(error), icon=":material/memory:")
        return None
    with cost.container():
        markup.show(
            markup.facts(
                {
                    "time": (words.duration(found.seconds), f"{found.steps:,} steps"),
                    "passes over the images": f"{found.epochs:,.{1 if found.epochs < 10 else 0}f}",
                    "speed": (f"{found.rate:,.0f}", "images/s, measured here now"),
                    "memory": words.size(found.memory_bytes),
                    "numbers to learn": words.number(found.parameters),
                }
            )
        )
    return None
