"""Plotly figures; pure functions of numbers. Colours that must follow the theme are left to Streamlit's own template."""

from collections.abc import Mapping, Sequence
from html import escape
from math import floor, isfinite, log10

import plotly.graph_objects as go

ACCENT, SECOND = "#14a89a", "#e2661c"
COLOURS = (ACCENT, SECOND, "#8580f0", "#dba520")
_INKS = ("#8b918e", ACCENT, SECOND)  # before, after, reference
MARKED = 60  # points; more of them hide their line


def _plain(figure: go.Figure, height: int) -> go.Figure:
    """A figure in the looks of all, with every text as it stands: Plotly takes <b> and <a> for what they are in HTML, and a name is anybody's."""
    figure.for_each_trace(lambda trace: trace.update(name=_text(trace.name)))
    for each in (figure.for_each_xaxis, figure.for_each_yaxis):
        each(
            lambda axis: axis.update(
                title_text=_text(axis.title.text), ticktext=axis.ticktext and [_text(word) for word in axis.ticktext]
            )
        )
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        uirevision="kept",  # a zoom survives the next half second
    )


def _text(name: str | None) -> str | None:
    return None if name is None else escape(name, quote=False)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers about evenly apart on a logarithmic axis; Plotly's own ones run into each other over a single decade."""
    decades = range(floor(log10(low)), floor(log10(high)) + 1)
    steps = (1, 2, 5) if high > 6 * low else (1, 1.5, 2, 3, 5, 7)
    return [step * 10.0**decade for decade in decades for step in steps]


def loss_curve(
    train: Sequence[tuple[int, float]],
    held_out: Sequence[tuple[int, float]],
    baselines: Mapping[str, float],
    name: str,
    height: int = 320,
) -> go.Figure:
    """Loss over steps, (step, loss) pairs for both splits, and what simpler models reach as dotted lines."""
    shown = [loss for _, loss in [*train, *held_out]]
    figure = go.Figure()
    figure.add_scatter(
        x=[step for step, _ in train],
        y=[loss for _, loss in train],
        name="training",
        line={"color": ACCENT, "width": 2},
    )
    figure.add_scatter(
        x=[step for step, _ in held_out],
        y=[loss for _, loss in held_out],
        name="held-out images",
        mode="lines+markers",
        line={"color": SECOND, "width": 2},
        marker={"size": 6},
    )
    last = max([step for step, _ in [*train, *held_out]], default=1)
    for dash, (label, value) in zip(("dot", "dash"), baselines.items(), strict=False):
        figure.add_scatter(
            x=[0, last], y=[value, value], name=f"{label} {value:.4f}", mode="lines", line={"dash": dash, "width": 1.5, "color": "#8b918e"}, hoverinfo="skip"
        )  # fmt: skip
    drawn = [value for value in [*shown, *baselines.values()] if value > 0 and isfinite(value)]
    low, high = min(drawn, default=0.01), max(drawn, default=1.0)
    figure.update_xaxes(title="step", rangemode="tozero")
    figure.update_yaxes(
        title=name,
        type="log",
        range=[log10(low * 0.92), log10(high * 1.08)],
        tickvals=_ticks(low, high),
        tickformat="~r",
    )
    return _plain(figure, height)


def lines(series: Mapping[str, Sequence[tuple[int, float]]], name: str, height: int = 200) -> go.Figure:
    """Figures of one unit over steps, (step, value) pairs by name; few points are marked."""
    figure = go.Figure()
    for colour, (label, points) in zip(COLOURS * len(series), series.items(), strict=False):
        figure.add_scatter(
            x=[step for step, _ in points],
            y=[value for _, value in points],
            name=label,
            mode="lines+markers" if len(points) < MARKED else "lines",
            line={"color": colour, "width": 2},
            marker={"size": 5},
        )
    figure.update_xaxes(title="step", rangemode="tozero")
    figure.update_yaxes(title=name, rangemode="tozero")
    return _plain(figure, height).update_layout(showlegend=len(series) > 1)


def bars(values: Mapping[str, float], unit: str, height: int = 200) -> go.Figure:
    """One bar a name."""
    figure = go.Figure(go.Bar(x=list(map(_text, values)), y=list(values.values()), marker={"color": ACCENT}))
    figure.update_yaxes(title=unit)
    return _plain(figure, height).update_layout(hovermode="closest")


def strengths(edges: Sequence[float], shares: Mapping[str, Sequence[float]]) -> go.Figure:
    """Histograms over a logarithmic axis as lines, by name."""
    figure = go.Figure()
    for (name, values), colour in zip(shares.items(), _INKS, strict=False):
        figure.add_scatter(x=edges, y=values, name=name, mode="lines", line={"color": colour, "width": 2})
    figure.update_xaxes(type="log", tickvals=[1e-3, 1e-2, 1e-1, 1], ticktext=["0.001", "0.01", "0.1", "1"])
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return _plain(figure, 260)


def rose(shares: Mapping[str, Sequence[float]]) -> go.Figure:
    """Histograms over all directions of a circle, by name, each closed to a line; what the angles are stands at the rim."""
    figure = go.Figure()
    for (name, values), colour in zip(shares.items(), _INKS, strict=False):
        angles = [(i + 0.5) * 360 / len(values) for i in range(len(values))]
        figure.add_scatterpolar(
            r=[*values, values[0]],
            theta=[*angles, angles[0]],
            name=name,
            mode="lines",
            line={"color": colour, "width": 2},
        )
    figure.update_polars(
        bgcolor="rgba(0,0,0,0)",
        radialaxis={"showticklabels": False, "ticks": ""},
        angularaxis={"tickvals": [0, 90, 180, 270], "ticktext": ["pink", "yellow", "green", "blue"]},
    )
    margin = {"l": 24, "r": 24, "t": 36, "b": 28}
    return _plain(figure, 320).update_layout(hovermode=False, margin=margin, legend={"y": 1.12})


def over_depth(
    names: Sequence[str], series: Mapping[str, Sequence[float | None]], floor: tuple[str, float], height: int = 340
) -> go.Figure:
    """Shares in [0, 1] of what stands in a row, by name; of two series that belong together the second is fainter. A dotted line for
    what asks nothing of anyone."""
    figure = go.Figure()
    for i, (label, values) in enumerate(series.items()):
        line = {
            "color": COLOURS[i // 2],
            "width": 2.5 if i % 2 == 0 else 1.5,
            "dash": "solid" if i % 2 == 0 else "dash",
        }
        figure.add_scatter(
            x=list(range(len(names))), y=list(values), name=label, mode="lines+markers", line=line, marker={"size": 7 if i % 2 == 0 else 5}
        )  # fmt: skip
    figure.add_scatter(
        x=[0, len(names) - 1], y=[floor[1]] * 2, name=floor[0], mode="lines", line={"dash": "dot", "width": 1.5, "color": "#8b918e"}, hoverinfo="skip"
    )  # fmt: skip
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=list(names), range=[-0.3, len(names) - 0.7])
    figure.update_yaxes(title="told apart", tickformat=".0%", range=[0, 1])
    return _plain(figure, height)
