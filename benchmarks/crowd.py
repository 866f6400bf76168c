"""How soon the app answers twenty visitors at once.

    python -m benchmarks.crowd [--seconds 90] [--write]

Five drag a slider of a GAN and five one of an autoencoder, each asking for the next picture as soon as the last one has come, as the page does (see
`Visitor.drag`); two train, and watch; eight walk about. They are WebSocket clients in this process, on the same machine as the server: they share
its cores.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from benchmarks.reporting import machine, table, write
from benchmarks.visitor import Trouble, Visitor
from benchmarks.visitors import ENCODERS, GANS, memory, processes
from selfsup_engine.runs import Library
from tests.browser.app import Server

RUNS = 2
PATIENCE = 90.0  # seconds beyond the others' that a training may take to end
ASIDE = "a page", "a look at training"  # what no hand moves


class Times:
    """Seconds that answers took, by what was asked for, and what went wrong."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.cores: dict[str, float] = {}  # CPU seconds a second, by who used them, while all were there

    def table(self) -> str:
        """Milliseconds, and below the opening of pages all that a hand does on them together."""
        by_hand = [took for what, found in self.of.items() if what not in ASIDE for took in found]
        lines = [*sorted(self.of.items()), ("**all but opening pages and looks**", by_hand)]
        rows = [[what, f"{len(found):,}", *cells(found)] for what, found in lines]
        return table(["", "times", "median ms", "95 %", "longest"], rows)


def cells(seconds: list[float]) -> list[str]:
    """Median, 95th percentile and maximum in whole milliseconds."""
    if not seconds:
        return ["-"] * 3
    return [f"{1000 * found:,.0f}" for found in np.percentile(seconds, (50, 95, 100))]


def cpu(server: Server) -> dict[str, float]:
    """Seconds of CPU time that the server, its workers and this process have used so far."""
    top, *rest = processes(server)
    found = {"server": top, "visitors": psutil.Process()}
    times = {name: sum(process.cpu_times()[:2]) for name, process in found.items()}
    return times | {"training": sum(sum(process.cpu_times()[:2]) for process in rest)}


async def drags(visitor: Visitor, times: Times, until: float, page: str, model: str, key: str, what: str) -> None:
    """Drags a slider for three to five seconds at a time, with a moment between."""
    chance = random.Random(f"{page}{model}")
    times.of["a page"].append(await visitor.open(page, f"model={model}&tool=Directions"))
    while time.monotonic() < until:
        times.of[what] += await visitor.drag(f"{key}-{model}", chance.uniform(3, 5))
        await visitor.think(chance.uniform(0.3, 1))


async def trains(visitor: Visitor, times: Times, until: float) -> None:
    """Starts a run and watches it to its end."""
    times.of["a page"].append(await visitor.open("train", "data=digits"))
    await visitor.choose("budget-autoencoder", "30 s")
    times.of["a click on Train"].append(await visitor.press("train"))
    while time.monotonic() < until + PATIENCE and visitor.has("stop"):
        await visitor.think(2)
    times.of["a look at training"] += visitor.polls


class Step(NamedTuple):
    """A widget that a walker moves, and to what: one of some options, or one of some numbers."""

    what: str
    key: str
    to: tuple[str | int, ...]

    async def take(self, visitor: Visitor, to: str | int) -> float:
        """Seconds until that was answered."""
        return await (visitor.choose(self.key, to) if isinstance(to, str) else visitor.put(self.key, to))


WALK: dict[str, tuple[str, list[Step]]] = {
    "": ("", []),
    "library": ("", []),
    "latent": (
        "model=fashion-2d",
        [
            Step("a choice", "latent-tool", ("Grid", "Dimensions", "Denoise", "Compress")),
            Step("a choice", "latent-colour", ("By error", "By label", "By trust")),
        ],
    ),
    "gan": (
        "model=mnist-gan",
        [
            Step("another sheet of samples", "gan-seed", tuple(range(40))),
            Step("a choice", "gan-tool", ("More like this", "Plane", "Directions")),
        ],
    ),
    "gradients": (
        "",
        [
            Step("a photo's operation", "photo-operation", ("Flatten", "Segment", "Enhance")),
            Step("a choice", "photo-seen", ("Gradients", "Picture")),
        ],
    ),
    "compare": ("", []),
    "inside": ("", []),
    "train": ("data=digits", []),
}


async def walks(visitor: Visitor, times: Times, until: float, seed: int) -> None:
    """From page to page, with something done on most of them."""
    chance = random.Random(seed)
    while time.monotonic() < until:
        path = chance.choice(list(WALK))
        query, steps = WALK[path]
        times.of["a page"].append(await visitor.open(path, query))
        await visitor.think(chance.uniform(0.5, 2))
        for step in steps:
            times.of[step.what].append(await step.take(visitor, chance.choice(step.to)))
            await visitor.think(chance.uniform(0.5, 2))


async def cared_for(doing: Awaitable[None], visitor: Visitor, times: Times) -> None:
    """What goes wrong for one visitor is written down, and stops nobody else."""
    try:
        await doing
    except (Trouble, OSError) as error:
        times.errors.append(f"{visitor.query}: {error}")
    finally:
        await visitor.leave()


async def goes_before(address: str) -> None:
    """A server's very first visitor waits for torch, and for what is worked out once for all; the twenty come later."""
    first = Visitor(address)
    for page, models in (("latent", ENCODERS), ("gan", GANS)):
        for model in models:
            await first.open(page, f"model={model}&tool=Directions")
    for path, (query, steps) in WALK.items():
        await first.open(path, query)
        for step in steps:
            for to in step.to[:4]:
                await step.take(first, to)
    await first.leave()


async def crowd(server: Server, seconds: float) -> Times:
    """Twenty visitors for so long."""
    times, address = Times(), server.url.removeprefix("http://")
    await goes_before(address)
    began, before = time.monotonic(), cpu(server)
    until = began + seconds
    doing: list[tuple[Visitor, Awaitable[None]]] = []
    for encoder, gan in zip(ENCODERS, GANS, strict=True):
        one, other = Visitor(address), Visitor(address)
        doing.append((one, drags(one, times, until, "latent", encoder, "moves", "a latent slider")))
        doing.append((other, drags(other, times, until, "gan", gan, "instrument", "a GAN's slider")))
    for _ in range(RUNS):
        visitor = Visitor(address)
        doing.append((visitor, trains(visitor, times, until)))
    for seed in range(8):
        visitor = Visitor(address)
        doing.append((visitor, walks(visitor, times, until, seed)))

    async def looks_on() -> None:
        await asyncio.sleep(seconds)
        took = time.monotonic() - began
        times.cores = {who: (used - before[who]) / took for who, used in cpu(server).items()}

    await asyncio.gather(looks_on(), *(cared_for(work, visitor, times) for visitor, work in doing))
    return times


def report(server: Server, seconds: float) -> str:
    """How soon twenty visitors were answered, in Markdown."""
    began = time.monotonic()
    times = asyncio.run(crowd(server, seconds))
    took = time.monotonic() - began
    states = [folder.status().state for folder in Library(server.runs).runs()]
    done = states.count("done")
    used = ", ".join(f"{who} {share:.2f}" for who, share in times.cores.items())
    said = [
        f"{machine()}; {seconds:.0f} s, and until the last training was over {took:.0f} s",
        times.table(),
        f"errors: {len(times.errors)}; runs started: {len(states)}, done: {done}, lost: {RUNS - done}; cores used: {used}; "
        + "memory: PSS {:,.0f} MB, RSS {:,.0f} MB".format(*memory(server)),
        "\n".join(f"- {error}" for error in times.errors),
    ]
    return "\n\n".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        server = Server(Path(place))
        try:
            text = report(server, wanted.seconds)
        finally:
            server.close()
    print(text)
    if wanted.write:
        write("visitors", text)


if __name__ == "__main__":
    main()
