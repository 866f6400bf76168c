"""GANs against each other and against simple models, on the same data, in the same time, in one run.

    python -m benchmarks.gan                        the default preset beside the reference one, ten minutes each, on Fashion-MNIST
    python -m benchmarks.gan --seconds 240 --only "learning_rate=1e-3" --only "learning_rate=1e-3 batch=32"

All rows are trained in turns of a few seconds, so that whatever else the machine does slows them alike. Distances are Frechet
distances in the features of a small network that was trained on the data's labels (or on its rotations): they can be compared
within one table and with no other kind.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from selfsup_engine import sources
from selfsup_engine.cli import parse_fields
from selfsup_engine.device import host_facts, make_deterministic, pick
from selfsup_engine.exploring.metrics import yardsticks
from selfsup_engine.features import feature_net, fidelity_scores
from selfsup_engine.files import write
from selfsup_engine.images import encode, montage, to_unit
from selfsup_engine.models.dcgan import DcganTask
from selfsup_engine.models.dcgan_networks import DcganConfig
from selfsup_engine.models.spec import preset_config
from selfsup_engine.runs import Budget, Library, Run
from selfsup_engine.sources import ImageSet
from selfsup_engine.training.loop import Batches, Training, mix

TURN = 4.0  # seconds
SCORED = 10_000


@dataclass
class Runner:
    """One row: a training that can be gone on with for a while."""

    name: str
    task: DcganTask
    batches: Batches
    seed: int
    steps: int = 0
    spent: float = 0.0

    def go_on(self, images: ImageSet, seconds: float) -> None:
        began, before = time.monotonic(), self.spent
        while (self.spent - before) < min(TURN, seconds - before):
            batch = to_unit(images.train[self.batches[self.steps]])
            self.task.step(batch, mix(self.seed, self.steps), self.spent / seconds)
            self.steps += 1
            self.spent = before + time.monotonic() - began


@dataclass
class Race:
    images: ImageSet
    seconds: float
    seed: int
    runners: list[Runner] = field(default_factory=list)

    def enter(self, name: str, preset: str, changes: Mapping[str, object]) -> None:
        like = {"size": max(32, self.images.train.shape[-1]), "channels": self.images.train.shape[1]}
        config = preset_config("dcgan", preset, like | dict(changes))[1]
        assert isinstance(config, DcganConfig)
        torch.manual_seed(self.seed)
        task = DcganTask(config, pick())
        batches = Batches(len(self.images.train), config.batch, self.seed, pick().torch)
        self.runners.append(Runner(name, task, batches, self.seed))

    def keep(self, runner: Runner, preset: str, source: str, place: Path) -> None:
        """The row as a run, which can be opened like any other."""
        config = runner.task.config
        run = Run(
            family="dcgan",
            preset=preset,
            source=source,
            config=config.model_dump(mode="json"),
            budget=Budget(seconds=self.seconds),
            seed=self.seed,
        )
        training = Training(Library(place).create(run), config, self.images, lambda: "go")
        training.task, training.step, training.elapsed = runner.task, runner.steps, runner.spent
        parameters = sum(parameter.numel() for parameter in runner.task.model.parameters())
        for event in training.finish("done", parameters):
            training.folder.append(event)

    def run(self) -> None:
        make_deterministic(pick(), DcganTask.threads)
        while any(runner.spent < self.seconds for runner in self.runners):
            for runner in self.runners:
                runner.go_on(self.images, self.seconds)


def row(name: str, steps: str, scores: Mapping[str, float]) -> str:
    distance = next(value for key, value in scores.items() if key.startswith("frechet"))
    shares = " | ".join(f"{scores[key]:.2f}" for key in ("precision", "recall", "density", "coverage"))
    return f"| {name} | {steps} | {distance:.2f} | {shares} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", action="append", default=[], metavar='"FIELD=VALUE ..."', help="instead of the presets"
    )
    parser.add_argument("--keep", type=Path, help="a folder for the run of each row")
    parser.add_argument("--grids", type=Path, help="a folder for a grid of samples of each row")
    wanted = parser.parse_args()
    print(", ".join(f"{name} {value}" for name, value in host_facts().items()))
    images = sources.load(wanted.data)
    images = images.fitted(images.train.shape[1], wanted.size).to(pick().torch)
    race = Race(images, wanted.seconds, wanted.seed)
    if wanted.only:
        for text in wanted.only:
            race.enter(text or "default", "default", parse_fields(tuple(text.split())))
    else:
        race.enter("reference", "reference", {})
        race.enter("default", "default", {})
    race.run()

    net = feature_net(images)
    print(
        f"\n{wanted.data}, {wanted.size} px, {wanted.seconds:g} s each in turns of {TURN:g} s, seed {wanted.seed}; ",
        end="",
    )
    print(f"distances in a {net.name}'s features\n")
    print("| | steps | distance | precision | recall | density | coverage |\n|---|---|---|---|---|---|---|", flush=True)
    if not wanted.only:
        for name, scores in yardsticks(images, net).items():
            print(row(name, "", scores), flush=True)
    real = images.test[:SCORED].cpu()
    for runner in race.runners:
        drawn = runner.task.samples(len(real), seed=2)
        print(row(runner.name, f"{runner.steps:,}", fidelity_scores(net, real, drawn)), flush=True)
        if wanted.keep:
            race.keep(runner, runner.name if not wanted.only else "default", wanted.data, wanted.keep)
        if wanted.grids:
            wanted.grids.mkdir(parents=True, exist_ok=True)
            write(
                wanted.grids / f"{runner.name.replace(' ', ',')}.png", encode(montage(drawn[:100].numpy(), 10, gap=1))
            )


if __name__ == "__main__":
    main()
