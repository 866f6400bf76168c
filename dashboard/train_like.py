"""The training form, filled in with what another run was trained with: as far as the form can say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import forms, train_form, words
from dashboard.state import hold, remember
from selfsup_engine import sources
from selfsup_engine.errors import UserError
from selfsup_engine.runs import Run

if TYPE_CHECKING:
    from selfsup_engine.sources import SourceInfo


def button(run: Run) -> None:
    """Opens the form for another run like this one, and says what the form cannot be set to."""
    if st.button("Train another like it", icon=":material/add:", key="train-like"):
        link, missing = fill(run)
        if missing:
            st.toast(
                f"The form cannot be set to {words.plain(' and '.join(missing))}.",
                icon=":material/info:",
                duration="long",
            )
        remember("another", True)  # to the form, not to what trains at this moment
        st.switch_page("../pages/train.py", query_params=link)


def fill(run: Run) -> tuple[dict[str, str], list[str]]:
    """Sets the form's widgets to a run's settings; gives the form's link, and in words what it cannot be set to."""
    from selfsup_engine.models.spec import families

    link, missing = {}, []
    if known := run.family in families():
        link["family"] = run.family
    else:
        missing.append(f"its kind of model, {run.family}")
    about = _pictures(run.source, link)
    if about is None:
        missing.append(f"its pictures, {words.source_title(run.source)}")
    elif known and not _settings(run, about):
        missing.append(f"its settings, {run.preset}")
    if known and not _budget(run):
        missing.append(f"its budget, {run.budget}")
    return link, missing


def _pictures(source: str, link: dict[str, str]) -> SourceInfo | None:
    """Has the form's link say where the pictures come from, if the form has a card for that."""
    own = source.startswith("upload:")
    if source not in sources.SOURCES and not own:
        return None
    try:
        about = sources.info(source)
    except UserError:
        return None  # taken away
    if own:
        remember("own-source", source)
    link["data"] = train_form.OWN if own else source
    return about


def _settings(run: Run, about: SourceInfo) -> bool:
    """Sets the preset and all settings, if the preset is offered for these pictures."""
    from selfsup_engine.models.spec import check_config, spec

    preset = spec(run.family).presets.get(run.preset)
    try:
        config = check_config(run.family, run.config)
    except UserError:
        return False
    if preset is None or preset.fitted(run.family, about.channels, about.size) is None:
        return False
    hold(train_form.preset_key(run.family, about), run.preset)
    forms.hold_config(config, train_form.config_key(run.family, about, run.preset))
    return True


def _budget(run: Run) -> bool:
    """Sets the budget, if it is one of those that the form offers, and the seed."""
    hold("seed", run.seed)
    if run.budget.steps:
        hold(train_form.budget_key(run.family), "Steps")
        hold("steps", run.budget.steps)
        return True
    label = next((label for label, budget in train_form.budgets().items() if budget == run.budget), None)
    if label:
        hold(train_form.budget_key(run.family), label)
    return label is not None
