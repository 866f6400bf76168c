"""Draws what benchmarks.scaling measured as a small SVG. Imported only where matplotlib is installed.

python -m benchmarks.plots FIGURES.json OUT.svg
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmarks.fits import Power

WIDTH, HEIGHT = 4.2, 3.6  # inches a panel
COLOURS = ("#0f766e", "#b45309", "#4338ca", "#be123c", "#57534e", "#0369a1")


def main() -> None:
    """A panel a figure, both axes logarithmic: points measured, lines fitted."""
    mpl.use("svg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "studio", "font.family": "sans-serif", "font.size": 9}
    figures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    drawing, panels = plt.subplots(
        1, len(figures), figsize=(WIDTH * len(figures), HEIGHT), squeeze=False, layout="constrained"
    )
    for panel, figure in zip(panels[0], figures, strict=True):
        for colour, (name, (x, y)) in zip(COLOURS, figure["lines"].items(), strict=False):
            fit = Power.through(x, y)
            ends = min(x), max(x)
            panel.loglog(ends, [fit(end) for end in ends], color=colour, linewidth=1)
            panel.loglog(x, y, "o", color=colour, markersize=3.5, label=f"{name}: {fit}")
        panel.set(xlabel=figure["x"], ylabel=figure["y"], title=figure["title"])
        sizes = sorted({size for x, _ in figure["lines"].values() for size in x})
        panel.set_xticks(sizes, [f"{size:,g}" for size in sizes], rotation=90 if len(sizes) > 5 else 0)
        panel.minorticks_off()
        panel.grid(color="#e0ddd5", linewidth=0.5)
        panel.legend(frameon=False, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.32), ncols=2)
    drawing.savefig(sys.argv[2], metadata={"Date": None})
    print("{}")


if __name__ == "__main__":
    main()
