"""One contestant of `benchmarks.training`, in a process of its own: trains for some seconds of wall time, and prints what it reached as JSON.

    python -m benchmarks.contestants RACE CONTESTANT FOLDER SECONDS wall|cpu SEED

The other loops are written anew here, in the style of the tutorials: a Dataset of PIL images and transforms, a DataLoader, `.item()`
at each step. All begin with the same weights, and the clock starts before anything is built. Looks that only the benchmark takes stand
outside the clock.
"""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.races import RACES, Race
from benchmarks.watch import Over, Watch
from selfsup_engine import sources
from selfsup_engine.device import pick
from selfsup_engine.features import feature_net
from selfsup_engine.fidelity import frechet
from selfsup_engine.images import from_unit, to_unit
from selfsup_engine.models.saved import read_tensors
from selfsup_engine.models.spec import preset_config, spec
from selfsup_engine.runs import Budget, Library, Run
from selfsup_engine.scores import mse_per_image
from selfsup_engine.sources import ImageSet
from selfsup_engine.sources.torchvision_import import torchvision_datasets
from selfsup_engine.training.loop import Training


def reconstruction_error(race: Race, data: dict[str, Tensor]) -> Callable[[nn.Module], float]:
    """Mean squared error on [0, 1] of the held-out images."""
    seen = race.shown()

    @torch.no_grad()
    def measure(model: nn.Module) -> float:
        parts = data["test"].split(256)
        return float(torch.cat([mse_per_image(model(seen(to_unit(part))), part) for part in parts]).mean())

    return measure


def sample_distance(race: Race, data: dict[str, Tensor]) -> Callable[[nn.Module], float]:
    """Frechet distance of 10,000 samples to the held-out images, in the features of a classifier."""
    net = feature_net(sources.load(race.data).fitted(1, race.size))
    real = net.of(data["test"])
    z = torch.randn((len(real), 100, 1, 1), generator=torch.Generator().manual_seed(1))

    @torch.no_grad()
    def measure(generator: nn.Module) -> float:
        drawn = [torch.from_numpy(from_unit(generator(part))) for part in z.split(256)]
        return frechet(real, net.of(torch.cat(drawn)))

    return measure


def evaluated(model: nn.Module, measure: Callable[[nn.Module], float]) -> float:
    """The measure of a model in evaluation mode; it goes on as it was."""
    was = model.training
    figure = measure(model.eval())
    model.train(was)
    return figure


# -------------------------------------------------------------------------------------------------------- the usual loops


class Pictures(Dataset[tuple[Tensor, int]]):
    """Images as a tutorial keeps them: an array, of which each item becomes a PIL image and then a tensor."""

    def __init__(self, images: Tensor) -> None:
        torchvision_datasets()  # makes torchvision importable beside a torch for CPUs
        from torchvision import transforms

        self.arrays = images.permute(0, 2, 3, 1).numpy()
        deviation = (0.5,) * images.shape[1]
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(deviation, deviation)])

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(np.squeeze(self.arrays[index]))), 0


def started(race: Race, start: dict[str, Tensor]) -> nn.Module:
    """The race's model with the weights that all begin with."""
    model = spec(race.family).model(preset_config(race.family, race.preset, race.changes)[1])
    model.load_state_dict(start)
    return model


def epochs(loader: DataLoader[tuple[Tensor, int]]) -> Iterator[Tensor]:
    """Batch after batch, without end."""
    while True:
        for images, _ in loader:
            yield images


def tutorial(race: Race, data: dict[str, Tensor], start: dict[str, Tensor], watch: Watch, look: Any) -> nn.Module:
    """The loop of an autoencoder tutorial, and of the PyTorch examples' VAE."""
    model = started(race, start)
    watch.look = lambda: evaluated(model, look)
    loader = DataLoader(Pictures(data["train"]), batch_size=race.batch, shuffle=True)
    optimiser = torch.optim.Adam(model.parameters(), lr=race.rate)
    model.train()
    seen, total = race.shown(), 0.0
    with suppress(Over):
        for images in epochs(loader):
            optimiser.zero_grad()
            if race.variational:
                mean, log_variance = model.posterior(images)
                drawn = model.decode(mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance))
                kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp()) / len(images)
                loss = nn.functional.mse_loss(drawn, images) + 2 * kl / images[0].numel()
            else:
                loss = nn.functional.mse_loss(model(seen(images)), images)
            loss.backward()
            optimiser.step()
            total += loss.item()
            watch.step(len(images))
    return model


def examples_gan(race: Race, data: dict[str, Tensor], start: dict[str, Tensor], watch: Watch, look: Any) -> nn.Module:
    """The loop of the PyTorch examples' DCGAN: BCE on the sigmoid's result, three `.item()` a step, every layer a plain one."""
    model = started(race, start)
    generator, discriminator = (
        nn.Sequential(*map(plain_layer, network)).train() for network in (model.generator, model.discriminator)
    )
    watch.look = lambda: evaluated(generator, look)
    loader = DataLoader(Pictures(data["train"]), batch_size=race.batch, shuffle=True)
    bce, betas = nn.BCELoss(), (0.5, 0.999)
    optimiser_d = torch.optim.Adam(discriminator.parameters(), lr=race.rate, betas=betas)
    optimiser_g = torch.optim.Adam(generator.parameters(), lr=race.rate, betas=betas)
    with suppress(Over):
        for images in epochs(loader):
            ones, zeros = torch.ones(len(images)), torch.zeros(len(images))
            discriminator.zero_grad()
            real = discriminator(images).view(-1)
            loss_real = bce(real, ones)
            loss_real.backward()
            drawn = generator(torch.randn(len(images), 100, 1, 1))
            fake = discriminator(drawn.detach()).view(-1)
            loss_fake = bce(fake, zeros)
            loss_fake.backward()
            optimiser_d.step()
            generator.zero_grad()
            fooled = discriminator(drawn).view(-1)
            loss_g = bce(fooled, ones)
            loss_g.backward()
            optimiser_g.step()
            real.mean().item(), fake.mean().item(), fooled.mean().item()
            (loss_real + loss_fake).item(), loss_g.item()
            watch.step(len(images))
    return nn.ModuleDict({"generator": generator, "discriminator": discriminator})


def plain_layer(layer: nn.Module) -> nn.Module:
    """A layer as a tutorial has it: torch's own class, nothing in place, memory in the usual order."""
    match layer:
        case nn.ConvTranspose2d():
            made: nn.Module = nn.ConvTranspose2d(
                layer.in_channels, layer.out_channels, 4, layer.stride, layer.padding, bias=False
            )
            made.load_state_dict(layer.state_dict())
        case nn.Conv2d():
            made = nn.Conv2d(layer.in_channels, layer.out_channels, 4, layer.stride, layer.padding, bias=False)
            made.load_state_dict(layer.state_dict())
        case nn.ReLU():
            made = nn.ReLU()
        case nn.LeakyReLU():
            made = nn.LeakyReLU(layer.negative_slope)
        case _:
            made = layer
    return made


def pythae(race: Race, data: dict[str, Tensor], start: dict[str, Tensor], watch: Watch, look: Any) -> nn.Module:
    """pythae's own trainer on the same network, with its progress bars as they come."""
    from benchmarks.pythae_side import trained

    return trained(race, data, started(race, start), watch, lambda model: evaluated(model, look))


# ------------------------------------------------------------------------------------------------------------------- ours


def ours(
    race: Race,
    data: dict[str, Tensor],
    start: dict[str, Tensor],
    watch: Watch,
    look: Any,
    batch: int = 0,
    rate: float = 0,
) -> nn.Module:
    """The loop of this project as a run has it: with its events, states, snapshots and looks."""
    changes = race.changes | {"batch": batch or race.batch, "learning_rate": rate or race.rate}
    preset, config = preset_config(race.family, race.preset, changes)
    run = Run(
        family=race.family,
        preset=preset,
        source=race.data,
        config=config.model_dump(mode="json"),
        budget=Budget(seconds=3600),
        seed=race.seed,
    )
    folder = Library(race.folder / "runs").create(run)
    images = ImageSet(race.data, data["train"], data["test"], None, None, (), "")
    training = Training(folder, config, images, lambda: "go")
    torch.set_num_threads(race.threads)
    task: Any = training.task
    task.model.load_state_dict(start)
    network = task.model
    if race.family == "dcgan":
        task.latest.load_state_dict(task.model.generator.state_dict())
        network = nn.ModuleDict({"generator": task.latest, "discriminator": task.model.discriminator})
    watch.look = lambda: evaluated(task.latest if race.family == "dcgan" else network, look)
    step, check = task.step, training.check

    def watched(batch: Tensor, seed: int, progress: float) -> dict[str, Tensor]:
        figures: dict[str, Tensor] = step(batch, seed, progress)
        watch.step(len(batch))
        return figures

    def told_apart(progress: float) -> Any:
        with watch.looking():
            return check(progress)

    task.step, training.check = watched, told_apart
    with suppress(Over):
        for event in training.events():
            folder.append(event)
    return network


CONTESTANTS: dict[str, Callable[..., nn.Module]] = {
    "tutorial": tutorial,
    "examples": examples_gan,
    "pythae": pythae,
    "ours": ours,
    "ours, our batch": lambda race, *rest: ours(race, *rest, batch=race.our_batch, rate=race.our_rate),
}


def main() -> None:
    name, contestant, folder, seconds, clock, seed = sys.argv[1:]
    race = replace(RACES[name], folder=Path(folder), seed=int(seed))
    pick()
    torch.set_num_threads(race.threads)
    torch.manual_seed(race.seed)
    data = read_tensors(race.folder / f"{name}-data.safetensors")
    start = read_tensors(race.folder / f"{name}-start.safetensors")
    look = (sample_distance if race.family == "dcgan" else reconstruction_error)(race, data)
    torchvision_datasets()  # imports are no part of the race
    importlib.import_module("torchvision.transforms")
    watch = Watch(tuple(map(float, seconds.split(","))), threads=race.threads if clock == "cpu" else 0)
    CONTESTANTS[contestant](race, data, start, watch, look)
    told = {
        "steps": watch.steps,
        "images": watch.images,
        "wall": watch.wall,
        "cpu": watch.cpu,
        "looks": watch.own_looks,
        "quality": watch.quality,
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
