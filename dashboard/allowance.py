"""What a visitor of a public host may use, said on the pages: in one line, as a table with the reasons, and beside what it limits."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, markup, words
from selfsup_engine.limits import SLOW, Limits, public
from selfsup_engine.runs import Budget
from selfsup_engine.training.visitors import VisitorLibrary


def notice() -> None:
    """What is different on a public host, and all of its limits; nothing in local mode."""
    library = cache.library()
    if not isinstance(library, VisitorLibrary):
        return
    with st.container(key="public-notice", horizontal=True, vertical_alignment="center"):
        markup.show(
            "<p class='muted'><b>A public host.</b> What you train or bring is seen in this browser alone (a cookie tells it apart), and is deleted "
            f"{library.limits.hours:g} hours after it last changed: download what you want to keep.</p>"
        )
        with st.popover("Limits", icon=":material/rule:", key="limits", type="tertiary", on_change="rerun") as shown:
            if shown.open:
                table(library)


def table(library: VisitorLibrary) -> None:
    """Every limit with its reason, and how much of it is used."""
    limits = library.limits
    used = {
        "at_once": f"{library.in_line()} of {limits.at_once}",
        "runs": f"{len(library.runs())} of {limits.runs}",
        "visitor_mb": f"{library.bytes_used() / 1e6:.0f} of {limits.visitor_mb}",
    }
    rows = {
        str(about.title): (used.get(name, f"{getattr(limits, name):,}"), str(about.description))
        for name, about in Limits.model_fields.items()
    }
    markup.show(
        markup.table(("at most", "why"), {f"{title[0].upper()}{title[1:]}": row for title, row in rows.items()}),
        markup.muted("Run it on a machine of your own, and there are none of these."),
    )


def full() -> str:
    """Why the visitor can start no run more now; empty where they can, and always in local mode."""
    library = cache.library()
    return library.full() if isinstance(library, VisitorLibrary) else ""


def allows(limits: Limits, budget: Budget) -> bool:
    """Whether a run may train for so long."""
    return (budget.seconds or 0) <= limits.seconds and (budget.steps or 0) <= limits.steps


def budgets(limits: Limits) -> str:
    """How long a run trains at most."""
    return f"At most {words.duration(limits.seconds)}, or {limits.steps:,} steps within that time, {limits.why('seconds')}."


def megabytes(most: int) -> int:
    """MB that may be brought at once where it would be `most` in local mode."""
    limits = public()
    return min(most, limits.upload_mb) if limits else most


def pictures(limits: Limits) -> str:
    """What may be brought."""
    return f"At most {limits.images:,} pictures, {limits.why('images')}; and {limits.upload_mb} MB at once, {limits.why('upload_mb')}."


def turns(limits: Limits, before: int) -> str:
    """How long a run waits at most, and why it need not be long."""
    wait = words.duration(before * (limits.seconds + SLOW))
    return f"Each trains for at most {words.duration(limits.seconds)}, so it begins within about {wait}. Visitors take turns, a run each."


def stopped(limits: Limits) -> str:
    """Why a run may have stopped before its steps were done."""
    return (
        f"A turn here is {words.duration(limits.seconds)} at most, {limits.why('seconds')}. The model is kept as it was then, "
        "and “Train on” takes another turn."
    )
