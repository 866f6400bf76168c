"""The same words and units for the same things on every page."""

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from selfsup_engine.errors import UserError
from selfsup_engine.events import State
from selfsup_engine.runs import Run, RunFolder
from selfsup_engine.sources import called, info, without_path

T = TypeVar("T")

STATES: dict[State, str] = {
    "queued": "waiting",
    "loading": "loading",
    "running": "training",
    "finishing": "scoring",
    "paused": "paused",
    "done": "ready",
    "stopped": "stopped early",
    "failed": "failed",
}


STANDINGS: dict[str, tuple[State, ...]] = {
    "training": ("queued", "loading", "running", "finishing"),
    "ready": ("done", "stopped"),
    "paused": ("paused",),
    "failed": ("failed",),
}
"""What the library tells runs apart by, and the states that it means."""


SCORES: dict[str, tuple[str, str]] = {
    "mse": ("error", "{:.4f}"),
    "pca_mse": ("PCA, same size", "{:.4f}"),
    "mean_mse": ("mean image", "{:.4f}"),
    "psnr": ("PSNR", "{:.1f} dB"),
    "input_mse": ("its input as it is", "{:.4f}"),
    "input_psnr": ("PSNR of its input", "{:.1f} dB"),
    "gradient_psnr": ("PSNR of the gradients", "{:.1f} dB"),
    "knn5": ("5-NN accuracy", "{:.1%}"),
    "kl": ("KL", "{:.1f} nats"),
    "frechet_classifier": ("Fréchet distance, classifier's features", "{:.1f}"),
    "frechet_rotations": ("Fréchet distance, rotations' features", "{:.1f}"),
    "frechet_floor": ("real pictures against real", "{:.1f}"),
    "frechet_pixels": ("Gaussian of the pixels, same distance", "{:.1f}"),
    "frechet_codes": ("Gaussian of 16 numbers, same distance", "{:.1f}"),
    "frechet_reference": ("reference preset in a short race", "{:.1f}"),
    "frechet_default": ("default preset in that race", "{:.1f}"),
    "precision": ("precision", "{:.2f}"),
    "recall": ("recall", "{:.2f}"),
    "density": ("density", "{:.2f}"),
    "coverage": ("coverage", "{:.2f}"),
    "diversity": ("diversity", "{:.2f}"),
}
"""What the engine's scores are called, and how each is written; the baselines stand beside what they are held against."""


class Headline(NamedTuple):
    """The score that a card of a kind of model shows, the baseline that it is held against, and whether a smaller one is the better."""

    score: str
    beside: str
    smaller: bool


HEADLINES = (
    Headline("mse", "pca_mse", True),
    Headline("frechet_classifier", "frechet_floor", True),
    Headline("frechet_rotations", "frechet_floor", True),
    Headline("psnr", "input_psnr", False),
)


FIGURES = {
    "mse": "mean squared error",
    "gradient": "error of the gradients",
    "kl": "KL, nats",
    "frechet": "Fréchet distance in pixels' components",
    "diversity": "diversity, real is 1",
    "opinion": "D's opinion that it is real",
}
"""What the figures of a training are called; one that is not here is called what the engine calls it."""

PICTURES = {
    "reconstructions": "Held-out images above, redrawn below",
    "map": "The map of codes: a dot for each held-out image",
    "restyled": "Held-out patches: what it is shown, what it makes of that, what they were",
    "samples": "Samples, from the same random numbers at each look",
}
"""What the pictures of a training show."""


def duration(seconds: float) -> str:
    """12 s, 3 min 20 s, 2 h 5 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """Bytes as B, kB, MB or GB, powers of 1000."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def number(count: float) -> str:
    """1,234 or 1.2 M."""
    return f"{count / 1e6:.1f} M" if count >= 1e6 else f"{count:,.0f}"


def source_title(source: str) -> str:
    """How a source is called; where it is gone, its file's or folder's name."""
    told = without_path(source)
    if source.startswith("patches:"):
        return "patches of photos"
    if told.startswith("elsewhere:"):
        return called(told).replace("_", " ")
    try:
        return info(source).title
    except UserError:
        return source.partition(":")[0]


def title(folder: RunFolder) -> str:
    """What a run is called: the name that a person gave it, or what it is."""
    run = folder.run
    if run.title:
        return run.title
    what = f"{run.config['code']} numbers" if "code" in run.config else run.family
    return f"{source_title(run.source)}, {what}, {run.preset}"


def headline(run: Run) -> Headline | None:
    """The score that tells how good a model is; None where it has none with its baseline."""
    scores = run.result.scores if run.result else {}
    return next((head for head in HEADLINES if {head.score, head.beside} <= set(scores)), None)


def standing(state: State) -> str:
    """Which of the STANDINGS a state is."""
    return next(name for name, states in STANDINGS.items() if state in states)


def one_line(folder: RunFolder) -> str:
    """What a run is, with its score beside what that is held against."""
    run = folder.run
    head = headline(run)
    if head is None or run.result is None:
        return source_title(run.source)
    score, beside = run.result.scores[head.score], run.result.scores[head.beside]
    if head.score == "mse":
        return f"Error {score:.4f}; a linear model of the same size {beside:.4f}."
    if head.score == "psnr":
        return f"PSNR {score:.1f} dB; of what it is shown {beside:.1f} dB."
    return f"{SCORES[head.score][0]}: {score:.1f}; real pictures against real {beside:.1f}."


JOINER = "\u2060"  # of no width: addresses are made links of after what is escaped has become text again


def plain(text: object) -> str:
    """Text as it stands, for what Streamlit reads as Markdown: a file's or a run's name makes no link and no picture there."""
    unlinked = re.sub(r"(?<=/)(?=/)|(?<=www)(?=\.)|(?=@)", JOINER, str(text), flags=re.IGNORECASE)
    return re.sub(r"([\\`*_\[\]<>$~#|!]|:(?!\s))", r"\\\1", unlinked)


def rows(cards: Sequence[T], columns: int) -> list[Sequence[T]]:
    """What stands on cards, in rows: read and tabbed through row by row, also on a phone, where columns are stacked."""
    return [cards[i : i + columns] for i in range(0, len(cards), columns)]


def key(folder: RunFolder) -> str:
    """Tells one run's widgets from another's, also where a run has the name of a gallery model."""
    return f"{folder.path.parent.name}-{folder.name}"
