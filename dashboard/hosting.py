"""What the host offers, in words: in a line on the home page, as figures on the self-test's. Torch is not needed here."""

from __future__ import annotations

from dashboard import words
from dashboard.views import TrainView
from dashboard.warming import Warm
from selfsup_engine import host, sources
from selfsup_engine.runs import runs_root

Figures = dict[str, tuple[str, str]]


def line(warm: Warm) -> str:
    """The device first; of what only torch knows nothing before that is loaded."""
    memory = host.memory()
    said = [
        f"Trains on {warm.device}" if warm.device else warm.problem.rstrip(".") or processors(),
        f"{words.size(memory.free)} of {words.size(memory.total)} memory and {words.size(host.disk_free(runs_root()))} of disk free",
    ]
    if warm.usual:
        said.append(f"{words.duration(warm.usual.seconds)} of training go {through(warm.usual.epochs)}")
    return " · ".join(said)


def figures(warm: Warm) -> Figures:
    """The same and more, each with what it is to be compared with or a word on what it means."""
    memory, usual = host.memory(), warm.usual
    found: Figures = {
        "trains on": (warm.device or ("nothing" if warm.problem else "…"), warm.problem or beside(warm.device)),
        "memory": (words.size(memory.free), f"free of {words.size(memory.total)}"),
        "disk": (words.size(host.disk_free(runs_root())), "free for runs"),
    }
    if usual:
        found |= {
            "a first training": (
                words.duration(usual.seconds),
                f"{through(usual.epochs)}, with {words.size(usual.memory_bytes)} of memory",
            ),
            "speed": (f"{usual.rate:,.0f}", "pictures a second, measured at the start"),
        }
    return found


def beside(device: str) -> str:
    """What is to be known beside the device's name."""
    return "no graphics card, and none is needed" if device.startswith("CPU") else processors()


def processors() -> str:
    """How many this process may use."""
    count = host.cores()
    return f"{count} {'core' if count == 1 else 'cores'} for this app"


def through(epochs: float) -> str:
    """How often a training sees what the form proposes to learn from, for which `Warm.usual` was measured."""
    return f"about {epochs:.{1 if epochs < 10 else 0}f} times through {words.source_title(TrainView().data)}"


def data_sets() -> str:
    """Which sets can be learned from without the network, and which are fetched first, in a sentence."""
    ways: dict[str, list[str]] = {}
    for name, about in sources.SOURCES.items():
        ways.setdefault(sources.at_hand(name).partition(" ")[0], []).append(about.title)
    said = {"built": "built in", "ready": "on this machine already", "downloads": "downloaded when first chosen"}
    return "; ".join(f"{', '.join(ways[way])}: {text}" for way, text in said.items() if way in ways) + "."
