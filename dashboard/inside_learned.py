"""What a model learned without labels: how well the classes can be told apart by what its layers give."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache, charts, markup, words
from dashboard.rendering import Rendering
from dashboard.state import rerun
from dashboard.views import InsideView
from selfsup_engine.exploring import probing
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from selfsup_engine.exploring.inside import Inside, Journey
    from selfsup_engine.exploring.probing import Probe, Probed


def learned_part(inside: Inside, folder: RunFolder, view: InsideView, journey: Journey) -> None:
    """The probes, computed in the background when this is first looked at, then kept for everyone."""
    labels = inside.exhibit.labels
    if labels is None or len(labels.unique()) < 2:
        st.info(
            "The pictures of this model have no labels, so nobody can say what it should tell apart. Try one of the digits or of the clothes.",
            icon=":material/label_off:",
        )
        return
    markup.show(
        markup.muted(
            "No label was used in training. Now a simple classifier is given some, and tells classes apart by what one layer gives: a weighted sum "
            "for each class (a linear probe), or a vote of the five nearest pictures (5-NN)."
        )
    )
    weights = inside.run.result.weights if inside.run.result else ""
    key = "probing", inside.name, weights
    job = cache.once(key, lambda: Rendering(lambda progress: probing.probe(inside, progress)))
    if job.active:
        watch(job, view, lambda: cache.forget(key))
    elif job.result is not None:
        show(job.result)
    else:
        cache.forget(key)
        st.error(words.plain(job.error or "It could not be worked out. Choose this again to try once more."))


def watch(job: Rendering[Probed], view: InsideView, forget: Callable[[], object]) -> None:
    """How far it is, how long still, and a way out."""

    @st.fragment(run_every=0.3)
    def live() -> None:
        if not job.active:
            rerun(view)
        left = job.seconds_left
        markup.show(
            markup.gauge(job.share, "probing"),
            markup.muted(
                "Probing its layers…" if left is None else f"Probing its layers…  {words.duration(left)} left"
            ),
        )
        if st.button("Cancel", icon=":material/close:", key="cancel-probing"):
            job.cancel()
            forget()
            view.part = "layer"
            rerun(view)

    live()


def show(found: Probed) -> None:
    """A sentence, the curves over depth, and the figures."""
    markup.show(f"<p class='lead'>{markup.escape(verdict(found))}</p>")
    names = [short(probe, i) for i, probe in enumerate(found.probes)]
    series: dict[str, list[float | None]] = {
        "linear probe": [probe.linear for probe in found.probes],
        "5-NN": [probe.knn for probe in found.probes],
        "linear probe, untrained": [probe.untrained_linear for probe in found.probes],
        "5-NN, untrained": [probe.untrained_knn for probe in found.probes],
    }
    chance = (f"chance {found.chance:.0%}", found.chance)
    st.plotly_chart(
        charts.over_depth(names, series, chance), width="stretch", key="probes", config={"displayModeBar": False}
    )
    rows = [
        f"<tr><th scope='row'>{markup.escape(probe.name)}</th><td>{probe.numbers:,}</td><td>{probe.linear:.1%}</td><td>{probe.knn:.1%}</td>"
        f"<td>{percent(probe.untrained_linear)}</td><td>{percent(probe.untrained_knn)}</td></tr>"
        for probe in found.probes
    ]
    markup.show(
        "<div class='probes'><table><tr><th></th><th>numbers</th><th>linear</th><th>5-NN</th><th>linear, untrained</th><th>5-NN, untrained</th></tr>",
        *rows,
        "</table></div>",
        "<br>",
        markup.muted(
            f"Learned from {found.learned_on:,} held-out pictures and their labels, scored on {found.scored_on:,} others. Untrained: the same network before "
            f"its first step. Chance: always naming the commonest class. The figures are good to about {uncertainty(found):.0%} either way."
        ),
    )


def verdict(found: Probed) -> str:
    """One honest sentence: what the code tells apart, beside the pixels and the untrained network."""
    pixels, code = found.probes[0], found.probes[-1]
    best, raw = max(code.linear, code.knn), max(pixels.linear, pixels.knn)
    before = max(code.untrained_linear or 0.0, code.untrained_knn or 0.0)
    said = f"{code.name[0].upper()}{code.name[1:]}, tells {best:.0%} of the pictures apart; {pixels.numbers:,} bare pixel values {raw:.0%}, chance {found.chance:.0%}."
    if best <= before + 2 * uncertainty(found):
        return f"{said} Before training it was {before:.0%} already: nothing of that was learned."
    said += f" Before training it was {before:.0%}: so that is what it learned without a label."
    gains = [probe.linear - (probe.untrained_linear or 0.0) for probe in found.probes[1:-1]]
    if gains and max(gains) <= 2 * uncertainty(found):
        said += " Its wider layers tell no more apart than they did before training: it learned to keep that in few numbers."
    return said


def uncertainty(found: Probed) -> float:
    """Two standard errors of a share on as many pictures, at their widest, that of a half."""
    return 1 / math.sqrt(max(1, found.scored_on))


def short(probe: Probe, place: int) -> str:
    """What stands beneath the chart."""
    return "pixels" if not place else "code" if probe.name.startswith("the code") else f"layer {place}"


def percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
