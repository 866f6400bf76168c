"""What the app weighs with its models in use, and what many visitors after one another leave behind.

    python -m benchmarks.visitors --memory [--write]
    python -m benchmarks.visitors --soak 500 [--write]

--memory: one autoencoder, one GAN and one photo model in use, and one training. --soak: so many visitors, four at a time, each of whom looks around,
brings a photo and leaves.

The visitors are WebSocket clients in this process. All memory is that of the server and of the processes that it starts.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.reporting import machine, table, write
from benchmarks.visitor import Visitor
from selfsup_engine.images import encode
from selfsup_engine.runs import Library
from tests.browser.app import Server

MB = 1e6
ENCODERS = ("fashion-2d", "mnist-2d", "fashion-16d", "mnist-vae", "emoji-conv")
GANS = ("fashion-gan", "mnist-gan", "emoji-gan", "flags-gan", "fashion-gan")


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


async def soak(server: Server, count: int, apart: int = 25) -> str:
    """Memory after every so many of `count` visitors, four at a time, in Markdown."""
    address, rows = server.url.removeprefix("http://"), []
    for first in range(0, count, apart):
        turns = asyncio.Semaphore(4)

        async def one(seed: int, turns: asyncio.Semaphore = turns) -> None:
            async with turns:
                await visit(address, seed)

        last = min(first + apart, count)
        await asyncio.gather(*map(one, range(first, last)))
        rows.append([f"{last:,}", *(f"{found:,.0f}" for found in memory(server))])
        print(*rows[-1], file=sys.stderr, flush=True)
    return table(["visitors", "PSS, MB", "RSS, MB"], rows)


# -------------------------------------------------------------------------------------------------------------- memory


async def in_use(server: Server) -> str:
    """Memory, moment by moment, until one of each family is in use and one trains, in Markdown."""
    address, rows = server.url.removeprefix("http://"), []

    def note(what: str, found: tuple[float, float]) -> None:
        rows.append([what, *(f"{each:,.0f}" for each in found), str(len(processes(server)))])
        print(*rows[-1], sep=", ", file=sys.stderr, flush=True)

    note("nobody has come", memory(server))
    one, two, three, four = (Visitor(address) for _ in range(4))
    await one.open("")
    await one.think(8)
    note("home was opened", memory(server))
    await one.open("latent", "model=fashion-2d&tool=Directions")
    await one.drag("moves-fashion-2d", 1)
    note("an autoencoder in use", memory(server))
    await two.open("gan", "model=fashion-gan")
    await two.drag("instrument-fashion-gan", 1)
    note("and a GAN", memory(server))
    await three.open("gradients", "model=restore")
    await three.choose("photo-seen", "Gradients")
    note("and a photo model", memory(server))
    await four.open("train", "data=digits")
    await four.choose("budget-autoencoder", "30 s")
    await four.press("train")
    most = (0.0, 0.0)
    while four.has("stop"):
        await asyncio.gather(one.drag("moves-fashion-2d", 1), two.drag("instrument-fashion-gan", 1), four.think(1))
        most = max(most, memory(server))
        if not Library(server.runs).runs()[0].status().active:
            break
    note("and one training, at most", most)
    for visitor in (one, two, three, four):
        await visitor.leave()
    return table(["", "PSS, MB", "RSS, MB", "processes"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--memory", action="store_true")
    what.add_argument("--soak", type=int, metavar="VISITORS")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        server = Server(Path(place))
        try:
            told = asyncio.run(in_use(server) if wanted.memory else soak(server, wanted.soak))
        finally:
            server.close()
    text = f"{machine()}\n\n{told}"
    print(text)
    if wanted.write:
        write("memory" if wanted.memory else "soak", text)


if __name__ == "__main__":
    main()
