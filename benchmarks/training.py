"""Training against the usual ways to train, on the same images, network, first weights, optimiser, batch and threads.

    python -m benchmarks.training                         all races, three rounds of 60 s each: about an hour
    python -m benchmarks.training --seconds 5 --rounds 1 --only mlp

Each contestant is a process of its own; they take turns, in the other order every second round, so that whatever else the machine does
slows all alike. The order of the images is another one in each round. Speeds are images a second of wall time and of CPU time; a loop's
own looks at held-out images, which only ours has, are left out of the speed and told beside it, and count for the quality at equal
time. Building and compiling count. The peak is what the fastest product of two matrices reaches for a second on as many threads, by MKL
or by oneDNN, measured before and after every turn: whatever else the machine does slows it too. The share of it that is reached is of CPU
time on both sides. It counts the operations of the plain layers, however they are computed: a method that needs fewer may pass 100 %.
pythae is left out unless the rivals' Python has it (see processes.py).
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.processes import RIVALS, Told, in_process, versions
from benchmarks.races import RACES, Race
from benchmarks.reporting import machine, ratio, spread, table, write
from selfsup_engine import sources
from selfsup_engine.device import multiplies_float32
from selfsup_engine.models.saved import write_tensors
from selfsup_engine.models.spec import preset_config, spec

SEED = 1  # of the first weights; from those of seed 3 the reference autoencoder learns nothing, whoever trains it


def prepare(name: str, folder: Path, seed: int = SEED) -> None:
    """The images of a race and the weights that all begin with, as files."""
    race = RACES[name]
    images = sources.load(race.data).fitted(race.channels, race.size)
    write_tensors(folder / f"{name}-data.safetensors", {"train": images.train, "test": images.test})
    torch.manual_seed(seed)
    model = spec(race.family).model(preset_config(race.family, race.preset, race.changes)[1])
    write_tensors(folder / f"{name}-start.safetensors", model.state_dict())


def peak(threads: int) -> float:
    """The most floating-point operations, in 1e9 a second of CPU time, that float32 products of matrices reach for a second on so many threads."""
    torch.set_num_threads(threads)
    best = 0.0
    for kind in ("none", "bf16"):  # the second lets oneDNN compute them, in float32 where there are no AMX units
        torch.backends.mkldnn.matmul.fp32_precision = kind
        if not multiplies_float32():
            continue
        for n in (256, 512, 1024):
            a, b, out = torch.randn(n, n), torch.randn(n, n), torch.empty(n, n)
            torch.mm(a, b, out=out)
            spent, began, times = time.process_time(), time.perf_counter(), 0
            while time.perf_counter() - began < 1:
                torch.mm(a, b, out=out)
                times += 1
            best = max(best, 2 * n**3 * times / (time.process_time() - spent) / 1e9)
    return best


@dataclass
class Results:
    """What each contestant told in each round, and the peak beside it."""

    race: Race
    told: dict[str, list[Told]] = field(default_factory=dict)

    @property
    def peaks(self) -> list[float]:
        """The peaks that were measured about each contestant's turn."""
        return [each["peak"] for told in self.told.values() for each in told]

    def speed(self, name: str) -> list[float]:
        """Images a second of wall time, without a loop's own looks."""
        return [each["images"] / (each["wall"] - each["looks"]) for each in self.told[name]]

    def speed_cpu(self, name: str) -> list[float]:
        """Images a second of CPU time, without a loop's own looks, which are taken to be as busy as the rest."""
        return [each["images"] / each["cpu"] / (1 - each["looks"] / each["wall"]) for each in self.told[name]]

    def ratio(self, speed: Callable[[str], list[float]], name: str, other: str) -> str:
        """How many times as fast as another, round by round."""
        return ratio(speed(name), speed(other)) if name != other else "1"

    def table(self) -> str:
        """The race in Markdown: a row a contestant."""
        first, *others = self.told
        marks = list(self.told[first][0]["quality"])
        head = ["", "images/s", f"times {first}, wall", f"times {first}, CPU"]
        if "pythae" in others:
            head.append("times pythae, CPU")
        head += ["of the peak", "own looks", *(f"{self.race.quality} at {mark} s" for mark in marks)]
        rows = []
        for name, told in self.told.items():
            cells = [name, f"{statistics.median(self.speed(name)):,.0f}"]
            cells += [self.ratio(self.speed, name, first), self.ratio(self.speed_cpu, name, first)]
            if "pythae" in others:
                cells.append(self.ratio(self.speed_cpu, name, "pythae"))
            work = self.race.operations(name) / 1e9
            shares = [speed * work / each["peak"] for speed, each in zip(self.speed_cpu(name), told, strict=True)]
            cells.append(f"{statistics.median(shares):.0%}" if work else "")
            cells.append(f"{statistics.median(each['looks'] / each['wall'] for each in told):.0%}")
            digits = 2 if self.race.family == "dcgan" else 5
            cells += [spread([each["quality"][mark] for each in told], digits) for mark in marks]
            rows.append(cells)
        return table(head, rows)


def run(name: str, folder: Path, rounds: int, marks: str, clock: str, pythae: str) -> Results:
    """All contestants of a race in turns."""
    race = RACES[name]
    prepare(name, folder)
    contestants = [each for each in race.contestants if each != "pythae" or pythae]
    results = Results(race, {each: [] for each in contestants})

    def peak_now() -> float:
        return float(in_process(sys.executable, "benchmarks.training", "--peak", str(race.threads))["peak"])

    before = peak_now()
    for number in range(rounds):
        for each in contestants[:: -1 if number % 2 else 1]:
            python = pythae if each == "pythae" else sys.executable
            told = in_process(python, "benchmarks.contestants", name, each, str(folder), marks, clock, str(number))
            after = peak_now()
            told["peak"], before = (before + after) / 2, after
            results.told[each].append(told)
            print(f"  round {number + 1}, {each}: {told}", file=sys.stderr, flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--seconds", default="10,30,60", metavar="S,...", help="when quality is measured; the last ends it"
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: seconds are each thread's, for a machine that is busy",
    )
    parser.add_argument("--only", action="append", choices=RACES, help="instead of all races")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.peak:
        print(json.dumps({"peak": peak(wanted.peak)}))
        return
    found = versions("pythae").get("pythae", "")
    facts = f"{machine()}, pythae {found or '- (none in SELFSUP_RIVALS)'}"
    print(facts, flush=True)
    with tempfile.TemporaryDirectory() as place:
        for name in wanted.only or RACES:
            race = RACES[name]
            results = run(name, Path(place), wanted.rounds, wanted.seconds, wanted.clock, RIVALS if found else "")
            said = "" if wanted.clock == "wall" else "seconds of CPU time a thread; "
            said += f"batch {race.batch}, Adam {race.rate:g}, {race.threads} thread{'s' * (race.threads > 1)}; "
            said += f"peak {spread(results.peaks, 0)} GFLOP a CPU second"
            if race.our_batch:
                said += f"; our batch {race.our_batch}, Adam {race.our_rate:g}"
            text = f"{race.data}, {said}; {wanted.rounds} rounds; {facts}\n\n{results.table()}"
            print(f"\n### {race.title}\n\n{text}", flush=True)
            if wanted.write:
                write(f"training-{name}", text)


if __name__ == "__main__":
    main()
