"""How costs grow: training with images, pixels and the size of the code; exploring with points; photos with megapixels.

    python -m benchmarks.scaling [--rounds 3] [--only training] [--photos FOLDER] [--write]

Fits of y = factor * x ** exponent by least squares on logarithms, through the medians of rounds in which all sizes take turns; a fixed part makes an
exponent smaller than the growth at large sizes is. Training and exploring are in CPU seconds, so that other work on the machine counts little. With
--write the plots are drawn into docs/, by the rivals' Python, which has matplotlib.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks import photos
from benchmarks.fits import Power
from benchmarks.photo_operators import OPERATORS
from benchmarks.processes import in_process, needed
from benchmarks.reporting import machine, table, write
from selfsup_engine.device import pick
from selfsup_engine.exploring.latent import LatentSpace, Trust
from selfsup_engine.images import to_unit
from selfsup_engine.models.spec import preset_config, spec
from selfsup_engine.runs import GALLERY, ROOT, RunFolder
from selfsup_engine.scores import Neighbours
from selfsup_engine.training.loop import Batches

Cost = Callable[[], float]
Cells = dict[str, dict[float, Cost]]
"""What costs what at which size, each to be measured in its turn."""

SECONDS = 0.25  # of CPU time that a measurement takes at the least
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "autoencoder, mlp": ("autoencoder", "mlp", {}),
    "autoencoder, conv": ("autoencoder", "conv", {}),
    "GAN": ("dcgan", "default", {}),
    "colour gradients": ("color_gradient", "restore", {}),
}
PIXELS = {  # sides, up to the largest that models take
    "autoencoder, mlp": (28, 36, 48, 64),
    "autoencoder, conv": (28, 32, 48, 64),
    "GAN": (28, 32, 64),
    "colour gradients": (28, 36, 48, 64),
}
BATCH = 32
CODES = (2, 8, 16, 32, 64)
IMAGES = {
    "autoencoder, mlp": (1024, 4096, 16_384, 65_536),
    "autoencoder, conv": (512, 1024, 2048, 4096),
    "GAN": (256, 512, 1024, 2048),
    "colour gradients": (256, 512, 1024, 2048),
}
POINTS = (1000, 10_000, 100_000, 1_000_000)
FIGURES = {
    "training with pixels": ("pixels of an image", "CPU ms an image"),
    "training with the code": ("numbers of the code", "CPU ms an image"),
    "training with images": ("images", "CPU seconds an epoch"),
    "exploring with points": ("points on the map", "CPU ms"),
    "photos": ("megapixels", "CPU seconds"),
}


def best(act: Callable[[], object], seconds: float = SECONDS) -> float:
    """The least CPU seconds of an act, after one that warms up: what else the machine does only adds."""
    act()
    spent, found = 0.0, []
    while spent < seconds or len(found) < 3:
        began = time.process_time()
        act()
        found.append(time.process_time() - began)
        spent += found[-1]
    return min(found)


def step_cost(name: str, changes: dict[str, Any]) -> Cost:
    """CPU ms an image of a training step."""

    def cost() -> float:
        family, preset, own = MODELS[name]
        config: Any = preset_config(family, preset, {"batch": BATCH} | own | changes)[1]
        torch.manual_seed(0)
        task: Any = spec(family).task(config, pick())
        torch.set_num_threads(1)
        images = to_unit(torch.randint(0, 256, (BATCH, config.channels, config.size, config.size), dtype=torch.uint8))
        return 1000 * best(lambda: task.step(images, 0, 0.5)) / BATCH

    return cost


def epoch_cost(name: str, images: int) -> Cost:
    """CPU seconds an epoch over so many images, the shuffling and the gathering of batches included."""

    def cost() -> float:
        family, preset, own = MODELS[name]
        config: Any = preset_config(family, preset, {"batch": 128} | own)[1]
        device = pick()
        task: Any = spec(family).task(config, device)
        torch.set_num_threads(1)
        kept = torch.randint(0, 256, (images, config.channels, config.size, config.size), dtype=torch.uint8)
        batches = Batches(images, config.batch, 0, device.torch)
        began = time.process_time()
        for step in range(batches.per_epoch):
            task.step(to_unit(kept.index_select(0, batches[step])), step, 0.5)
        return time.process_time() - began

    return cost


def exploring_costs(points: int) -> dict[str, Cost]:
    """CPU ms of what a map of so many points does."""
    from dashboard.components.latent_map import pack

    codes = torch.randn(points, 16, generator=torch.Generator().manual_seed(0))
    flat, query = codes[:, :2].contiguous(), codes[:1] * 0.9
    space = LatentSpace(RunFolder(GALLERY / "fashion-16d"))
    found: dict[str, Cost] = {}
    near: dict[int, Neighbours] = {}

    def neighbours(size: int) -> Neighbours:
        if size not in near:
            near[size] = Neighbours(flat if size == 2 else codes)
        return near[size]

    labels, classes = (torch.arange(points) % 10).numpy(), tuple("0123456789")
    found["map laid out"] = lambda: 1000 * best(lambda: pack(flat.numpy(), labels=labels, classes=classes), 0.1)
    found["tree of a 2-D code"] = lambda: 1000 * best(lambda: Neighbours(flat), 0.1)
    found["nearest of a 2-D code"] = lambda: 1000 * best(lambda: neighbours(2)(query[:, :2], 6), 0.05)
    found["nearest of 16 numbers"] = lambda: 1000 * best(lambda: neighbours(16)(query, 6), 0.05)
    if points <= 100_000:
        found["trust of a 2-D code, once"] = lambda: 1000 * best(lambda: Trust(flat), 0.05)
        found["decode so many"] = lambda: 1000 * best(lambda: space.decode(codes), 0.05)
    return found


def cells() -> dict[str, Cells]:
    """All measurements in this process, by figure, line and size."""
    points = {size: exploring_costs(size) for size in POINTS}
    return {
        "training with pixels": {
            name: {size**2: step_cost(name, {"size": size}) for size in sizes} for name, sizes in PIXELS.items()
        },
        "training with the code": {
            name: {code: step_cost(name, {field: code}) for code in CODES}
            for name, field in (("autoencoder, mlp", "code"), ("autoencoder, conv", "code"), ("GAN", "latent"))
        },
        "training with images": {
            name: {size: epoch_cost(name, size) for size in sizes} for name, sizes in IMAGES.items()
        },
        "exploring with points": {
            name: {size: costs[name] for size, costs in points.items() if name in costs} for name in points[POINTS[0]]
        },
    }


def in_turns(lines: Cells, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """x and the medians of y of each line; sizes take turns, in the other order every second round."""
    places = [(name, x) for name, line in lines.items() for x in line]
    found: dict[tuple[str, float], list[float]] = {place: [] for place in places}
    for number in range(rounds):
        for name, x in places[:: -1 if number % 2 else 1]:
            found[name, x].append(lines[name][x]())
    return {name: (list(line), [median(found[name, x]) for x in line]) for name, line in lines.items()}


def of_photos(folder: Path, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Megapixels and CPU seconds of the studio's operations, each a process of its own."""
    found: dict[str, dict[float, list[float]]] = {}
    with tempfile.TemporaryDirectory() as place:
        given = photos.pictures(folder)[:2]
        photos.prepare(Path(place, "photo"), *given, photos.SIZES)
        for _ in range(rounds):
            for name in OPERATORS:
                if name.startswith("studio"):
                    asked = "--once", name, str(Path(place, "photo")), "--limit", "20"
                    for told in in_process(sys.executable, "benchmarks.photos", *asked):
                        found.setdefault(name, {}).setdefault(told["mp"], []).append(told["cpu"])
    return {name: (list(line), [median(each) for each in line.values()]) for name, line in found.items()}


def rows(lines: dict[str, tuple[list[float], list[float]]]) -> Iterator[list[str]]:
    """A row a line: where it was measured, what it cost at both ends, and the exponent."""
    for name, (x, y) in lines.items():
        yield [name, f"{x[0]:,.0f} to {x[-1]:,.0f}", f"{y[0]:,.3g}", f"{y[-1]:,.3g}", str(Power.through(x, y))]


def draw(name: str, figures: dict[str, dict[str, tuple[list[float], list[float]]]]) -> None:
    """The plots of some figures as docs/scaling-NAME.svg."""
    panels = [
        {"title": title, "x": FIGURES[title][0], "y": FIGURES[title][1], "lines": lines}
        for title, lines in figures.items()
    ]
    with tempfile.TemporaryDirectory() as place:
        said = Path(place) / "figures.json"
        said.write_text(json.dumps(panels), encoding="utf-8")
        in_process(needed("matplotlib"), "benchmarks.plots", str(said), str(ROOT / "docs" / f"scaling-{name}.svg"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=("training", "exploring", "photos"))
    parser.add_argument("--photos", type=Path, default=photos.BESIDE, help="a folder of large photos")
    parser.add_argument("--write", action="store_true", help="into docs/: sections and plots")
    wanted = parser.parse_args()
    names = wanted.only or ["training", "exploring", "photos"]
    if wanted.write:
        needed("matplotlib")
    measured = {title: lines for title, lines in cells().items() if title.partition(" ")[0] in names}
    found = {title: in_turns(lines, wanted.rounds) for title, lines in measured.items()}
    if "photos" in names:
        found["photos"] = of_photos(wanted.photos, wanted.rounds)
    for name in names:
        figures = {title: lines for title, lines in found.items() if title.partition(" ")[0] == name}
        parts = [f"{machine()}; {wanted.rounds} rounds"]
        for title, lines in figures.items():
            x, y = FIGURES[title]
            parts.append(table([title, x, f"{y}, first", "last", "exponent"], rows(lines)))
        if wanted.write:
            draw(name, figures)
            parts.append(f"![{name}: what it costs by size, with fitted lines](scaling-{name}.svg)")
        print("\n\n".join(parts), flush=True)
        if wanted.write:
            write(f"scaling-{name}", "\n\n".join(parts))


if __name__ == "__main__":
    main()
