"""How good the autoencoders get on Fashion-MNIST: the default preset beside the reference one and beside PCA, all in one run.

    python -m benchmarks.quality                  everything, about 12 minutes on 2 cores
    python -m benchmarks.quality --seconds 60 --seeds 16 --seed-steps 300

1. Both presets for the same seconds: error, 5-NN accuracy of the codes, PCA with 2 and with 8 components.
2. Both presets from many seeds for a few steps each: how many collapse, that is, give every image the same code.
3. Denoising at sigma 0.3 for the same seconds: the error that is left, against the noisy input's, of a model trained to denoise and
   of the same network trained to redraw.

Run it on a machine that does nothing else: the budgets of 1 and 3 are in seconds.
"""

import argparse
import tempfile
from pathlib import Path

import torch

from selfsup_engine import sources
from selfsup_engine.device import host_facts
from selfsup_engine.exploring.latent import LatentSpace, add_noise
from selfsup_engine.health import collapsed_code
from selfsup_engine.models.spec import preset_config
from selfsup_engine.runs import Budget, Library, Run, RunFolder
from selfsup_engine.scores import CHUNK, LinearBaseline, mse_per_image
from selfsup_engine.training.loop import train

DATA = "fashion-mnist"
SIGMA = 0.3


def trained(library: Library, preset: str, budget: Budget, seed: int = 0, **changes: object) -> RunFolder:
    """A run from its first step to its last."""
    config = preset_config("autoencoder", preset, changes)[1].model_dump(mode="json")
    folder = library.create(
        Run(family="autoencoder", preset=preset, source=DATA, config=config, budget=budget, seed=seed)
    )
    for _ in train(folder):
        pass
    return folder


def scores(folder: RunFolder) -> dict[str, float]:
    """What its card says, and whether its code is one point."""
    result = folder.run.result
    assert result is not None
    codes = LatentSpace(folder).exhibit.codes
    return result.scores | {"steps": result.steps, "collapsed": float(bool(collapsed_code(codes)))}


def same_seconds(library: Library, seconds: float) -> None:
    images = sources.load(DATA)
    pca8 = LinearBaseline.fit(images.train, 8).mse(images.test)[1]
    print(f"\n## {seconds:g} s each, 2-D code, seed 0\n\n| | error | 5-NN | steps |\n|---|---|---|---|")
    for preset in ("mlp", "reference"):
        got = scores(trained(library, preset, Budget(seconds=seconds)))
        print(f"| {preset} | {got['mse']:.4f} | {got['knn5']:.3f} | {got['steps']:,.0f} |", flush=True)
    print(f"| PCA, 2 components | {got['pca_mse']:.4f} | | |\n| PCA, 8 components | {pca8:.4f} | | |")
    print(f"| mean image | {got['mean_mse']:.4f} | | |", flush=True)


def many_seeds(library: Library, seeds: int, steps: int) -> None:
    print(f"\n## {seeds} seeds, {steps} steps each\n\n| | collapsed | best error | worst error |\n|---|---|---|---|")
    for preset in ("mlp", "reference"):
        got = [scores(trained(library, preset, Budget(steps=steps), seed)) for seed in range(seeds)]
        errors = [one["mse"] for one in got]
        dead = sum(one["collapsed"] for one in got)
        print(f"| {preset} | {dead:.0f} of {seeds} | {min(errors):.4f} | {max(errors):.4f} |", flush=True)


def denoising(library: Library, seconds: float) -> None:
    clean = sources.load(DATA).test
    noisy = add_noise(clean, SIGMA)
    before = float(mse_per_image(noisy, clean).mean())
    print(f"\n## Noise of sigma {SIGMA}, {seconds:g} s each, 32 numbers\n\n| | error | times less |\n|---|---|---|")
    print(f"| noisy input | {before:.4f} | 1 |")
    for objective in ("denoising", "plain"):
        space = LatentSpace(trained(library, "mlp", Budget(seconds=seconds), objective=objective, code=32, sigma=SIGMA))
        drawn = torch.cat([torch.from_numpy(space.reconstruct(chunk)) for chunk in noisy.split(CHUNK)])
        after = float(mse_per_image(drawn, clean).mean())
        print(f"| {objective} | {after:.4f} | {before / after:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--seed-steps", type=int, default=300)
    wanted = parser.parse_args()
    print(", ".join(f"{name} {value}" for name, value in host_facts().items()))
    with tempfile.TemporaryDirectory() as place:
        library = Library(Path(place))
        same_seconds(library, wanted.seconds)
        denoising(library, wanted.seconds)
        many_seeds(library, wanted.seeds, wanted.seed_steps)


if __name__ == "__main__":
    main()
