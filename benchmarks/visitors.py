"""Many visitors at once, and many after one another: how soon the app answers, what it keeps, and what it weighs.

    python -m benchmarks.visitors --load [--seconds 90]
    python -m benchmarks.visitors --soak 500
    python -m benchmarks.visitors --memory

--load: twenty visitors for a while. Five drag a slider of a GAN and five one of an autoencoder, each asking for the next picture as soon as the
last one has come, as the page does (see `Visitor.drag`); two train, and watch; eight walk about. --soak: so many visitors, four at a time, each of
whom looks around, brings a photo and leaves. --memory: one autoencoder, one GAN and one photo model in use, and one training.

The visitors are WebSocket clients in this process, on the same machine as the server: they share its cores. All memory is that of the server
and of the processes that it starts.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from PIL import Image

from benchmarks.visitor import Trouble, Visitor
from selfsup_engine.device import host_facts
from selfsup_engine.images import encode
from selfsup_engine.runs import Library
from tests.browser.app import Server

MB = 1e6
ENCODERS = ("fashion-2d", "mnist-2d", "fashion-16d", "mnist-vae", "emoji-conv")
GANS = ("fashion-gan", "mnist-gan", "emoji-gan", "flags-gan", "fashion-gan")
PATIENCE = 90.0  # seconds beyond the others' that a training may take to end


class Times:
    """Seconds that answers took, by what was asked for, and what went wrong."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.cores: dict[str, float] = {}  # CPU seconds a second, by who used them, while all were there

    def table(self) -> str:
        """Milliseconds, and below the opening of pages all that a hand does on them together."""
        hand = [
            second
            for what, found in self.of.items()
            if what not in ("a page", "a look at training")
            for second in found
        ]
        rows = [*sorted(self.of.items()), ("**all but opening pages and looks**", hand)]
        head = "| | times | median ms | 95 % | max |\n|---|---|---|---|---|"
        return "\n".join([head, *(f"| {what} | {len(found):,} | {spread(found)} |" for what, found in rows)])


def spread(seconds: list[float]) -> str:
    """Median, 95 % and maximum in milliseconds, as cells of a table."""
    if len(seconds) < 2:
        return " | ".join([f"{1000 * second:.0f}" for second in seconds] * 3) or "- | - | -"
    return f"{1000 * statistics.median(seconds):.0f} | {1000 * statistics.quantiles(seconds, n=20)[-1]:.0f} | {1000 * max(seconds):.0f}"


def processes(server: Server) -> list[psutil.Process]:
    """The server and all that it has started."""
    top = psutil.Process(server.pid)
    return [top, *top.children(recursive=True)]


def memory(server: Server) -> tuple[float, float]:
    """(PSS, RSS) in MB, summed over the processes. Where the system does not know PSS, RSS stands for it."""
    pss = rss = 0.0
    for process in processes(server):
        try:
            known = process.memory_full_info()
        except psutil.Error:
            continue
        pss, rss = pss + getattr(known, "pss", known.rss), rss + known.rss
    return pss / MB, rss / MB


def cpu(server: Server) -> dict[str, float]:
    """Seconds of CPU time that the server, its workers and this process have used so far."""
    top, *rest = processes(server)
    found = {"server": top, "visitors": psutil.Process()}
    times = {name: sum(process.cpu_times()[:2]) for name, process in found.items()}
    return times | {"training": sum(sum(process.cpu_times()[:2]) for process in rest)}


# ---------------------------------------------------------------------------------------------------------------- load


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
    for _ in range(2):
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


def load(server: Server, seconds: float) -> None:
    """Prints how soon twenty visitors are answered."""
    began = time.monotonic()
    times = asyncio.run(crowd(server, seconds))
    took = time.monotonic() - began
    runs = Library(server.runs).runs()
    states = [folder.status().state for folder in runs]
    print(f"\n20 visitors, {seconds:.0f} s, then until the last training was over: {took:.0f} s\n")
    print(times.table())
    print(
        f"\nerrors: {len(times.errors)}; runs started: {len(runs)}, done: {states.count('done')}, lost: {2 - states.count('done')}"
    )
    for error in times.errors:
        print(f"  {error}")
    print("cores used meanwhile: " + ", ".join(f"{name} {share:.2f}" for name, share in times.cores.items()))
    print("memory: PSS {:.0f} MB, RSS {:.0f} MB".format(*memory(server)))


# ---------------------------------------------------------------------------------------------------------------- soak


def photo_of(seed: int) -> bytes:
    """A photo that no other visitor has: 1,200 x 900 pixels, 3 MB once it is opened."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return encode(np.asarray(Image.fromarray(coarse).resize((1200, 900), Image.Resampling.BICUBIC)), "jpeg")


async def visit(address: str, seed: int) -> None:
    """Looks around, and leaves."""
    chance, visitor = random.Random(seed), Visitor(address)
    model = chance.choice(GANS)
    try:
        await visitor.open("gan", f"model={model}")
        await visitor.put("gan-seed", seed)
        await visitor.drag(f"instrument-{model}", 0.2)
        encoder = chance.choice(ENCODERS)
        await visitor.open("latent", f"model={encoder}&tool=Directions")
        await visitor.drag(f"moves-{encoder}", 0.2)
        await visitor.open("gradients", "operation=flatten")
        await visitor.drop("photo-canvas", "mine.jpg", photo_of(seed))
        await visitor.open(chance.choice(["", "library", "compare", "inside", "train"]))
    finally:
        await visitor.leave()


async def soak(server: Server, count: int, apart: int = 25) -> list[tuple[float, float]]:
    """`count` visitors, four at a time; memory after every so many."""
    address, found = server.url.removeprefix("http://"), []
    for first in range(0, count, apart):
        turns = asyncio.Semaphore(4)

        async def one(seed: int, turns: asyncio.Semaphore = turns) -> None:
            async with turns:
                await visit(address, seed)

        await asyncio.gather(*map(one, range(first, min(first + apart, count))))
        found.append(memory(server))
        print(f"| {first + apart:,} | {found[-1][0]:.0f} | {found[-1][1]:.0f} |", flush=True)
    return found


# -------------------------------------------------------------------------------------------------------------- memory


async def in_use(server: Server) -> list[tuple[str, float, float]]:
    """Memory, moment by moment, until one of each family is in use and one trains."""
    address, found = server.url.removeprefix("http://"), []

    def note(what: str) -> None:
        found.append((what, *memory(server)))
        print(f"| {what} | {found[-1][1]:.0f} | {found[-1][2]:.0f} | {len(processes(server))} |", flush=True)

    note("nobody has come")
    one, two, three, four = (Visitor(address) for _ in range(4))
    await one.open("")
    await one.think(8)
    note("home was opened")
    await one.open("latent", "model=fashion-2d&tool=Directions")
    await one.drag("moves-fashion-2d", 1)
    note("an autoencoder in use")
    await two.open("gan", "model=fashion-gan")
    await two.drag("instrument-fashion-gan", 1)
    note("and a GAN")
    await three.open("gradients", "model=restore")
    await three.choose("photo-seen", "Gradients")
    note("and a photo model")
    await four.open("train", "data=digits")
    await four.choose("budget-autoencoder", "30 s")
    await four.press("train")
    most = (0.0, 0.0)
    while four.has("stop"):
        await asyncio.gather(one.drag("moves-fashion-2d", 1), two.drag("instrument-fashion-gan", 1), four.think(1))
        most = max(most, memory(server))
        if not Library(server.runs).runs()[0].status().active:
            break
    found.append(("and one training, at most", *most))
    print(f"| and one training, at most | {most[0]:.0f} | {most[1]:.0f} | |")
    for visitor in (one, two, three, four):
        await visitor.leave()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--load", action="store_true")
    what.add_argument("--soak", type=int, metavar="VISITORS")
    what.add_argument("--memory", action="store_true")
    parser.add_argument("--seconds", type=float, default=90, help="of --load")
    wanted = parser.parse_args()
    print(", ".join(f"{name} {value}" for name, value in host_facts().items()))
    with tempfile.TemporaryDirectory() as place:
        server = Server(Path(place))
        try:
            if wanted.load:
                load(server, wanted.seconds)
            elif wanted.memory:
                print("\n| | PSS, MB | RSS, MB | processes |\n|---|---|---|---|")
                asyncio.run(in_use(server))
            else:
                print("\n| visitors | PSS, MB | RSS, MB |\n|---|---|---|")
                asyncio.run(soak(server, wanted.soak))
        finally:
            server.close()


if __name__ == "__main__":
    main()
