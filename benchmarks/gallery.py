"""Trains the models of checkpoints/gallery and writes their cards.

    python -m benchmarks.gallery train NAME...     trains into checkpoints/runs/gallery-NAME (hours, all together)
    python -m benchmarks.gallery publish NAME...   scores what was trained, and puts it into checkpoints/gallery
    python -m benchmarks.gallery snapshots NAME... adds the snapshots of what was trained, where it is the very run that is published
    python -m benchmarks.gallery flags FILE        makes region_flags64.npz of a file with the 351 flags of googlefonts/region-flags

The data: Fashion-MNIST and MNIST through torchvision; in the working folder `noto_emoji64.npz` (3,583 emoji of Noto at 64 x 64),
`region_flags64.npz`, `photos`, a folder of ten
photos of unsplash.com with scikit-image's astronaut, cat, coffee and rocket, and two of the ten beside it. Published weights are rounded to half precision, and all scores are of the rounded weights.
"""

import itertools
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from selfsup_engine import events, exhibit, files, snapshots, sources
from selfsup_engine.device import pick
from selfsup_engine.exploring.metrics import yardsticks
from selfsup_engine.features import feature_net
from selfsup_engine.images import encode
from selfsup_engine.models.saved import WEIGHTS, read_tensors, write_tensors
from selfsup_engine.models.spec import Samples, check_config, spec
from selfsup_engine.runs import GALLERY, ROOT, RunFolder, runs_root
from selfsup_engine.sources.base import held_out

CURVE = 200  # points of the loss curve that are kept
MNIST_LICENCE = "MNIST (Y. LeCun, C. Cortes, C. Burges), CC BY-SA 3.0"
FLAGS_LICENCE = "Flag images of googlefonts/region-flags; public domain or otherwise exempt from copyright"
PHOTOS_LICENCE = (
    "ten photos of unsplash.com from before June 2017, CC0; four photos of scikit-image, public domain and CC0"
)
PHOTO_LICENCE = "a photo of unsplash.com from before June 2017, CC0"
EMOJI_LICENCE = "Noto Emoji, Google; Apache-2.0 and SIL OFL 1.1"


@dataclass(frozen=True)
class Recipe:
    """What `train` is asked for, and what the card says. kept: how many test images go along; snapshots: how many steps on its way do."""

    title: str
    note: str
    arguments: str
    kept: int
    licence: str = ""
    family: str = "autoencoder"
    snapshots: int = 0


NARROW = "--set widths=[256,128,64,32]"
RECIPES = {
    "fashion-2d": Recipe(
        "Fashion, a map",
        "Every piece of clothing is a point of this map. Nobody told the model what a shoe is; shoes lie together all the same.",
        "--data fashion-mnist --steps 30000",
        4_500,
    ),
    "mnist-2d": Recipe(
        "Digits, a map",
        "Handwritten digits in two numbers each: walk from a 4 over a 9 to a 7.",
        f"--data mnist --steps 30000 {NARROW}",
        5_000,
        MNIST_LICENCE,
        snapshots=8,
    ),
    "fashion-16d": Recipe(
        "Fashion, in detail",
        "Sixteen numbers a picture: prints, straps and heels survive. The map shows the two directions in which they differ most.",
        "--data fashion-mnist --steps 25000 --set code=16",
        2_500,
    ),
    "emoji-conv": Recipe(
        "Emoji, in colour",
        "A convolutional network that keeps each emoji in 32 numbers. Faces, flags and hearts fade into each other.",
        "--data npz:noto_emoji64.npz --preset conv --set size=64 --set code=32 --set widths=[32,64,128,256] --set batch=64 --set weight_decay=0.5 --steps 1200",
        10_000,
        EMOJI_LICENCE,
    ),
    "mnist-vae": Recipe(
        "Digits, variational",
        "A variational model: its codes fill the space evenly, so nearly every point draws a digit. Unneeded numbers fall silent.",
        f"--data mnist --steps 25000 --set code=8 --set objective=variational --set beta=1 {NARROW}",
        4_000,
        MNIST_LICENCE,
    ),
    "fashion-gan": Recipe(
        "Fashion, from nothing",
        "Clothes that nobody ever sewed: a GAN draws them from a hundred random numbers. Turn a shoe into a boot by a slider.",
        "--data fashion-mnist --set size=32 --seconds 1200",
        3_000,
        family="dcgan",
    ),
    "mnist-gan": Recipe(
        "Digits, from nothing",
        "Handwriting of no hand: digits that lean, thicken and turn into each other.",
        "--data mnist --set size=32 --seconds 1000",
        3_000,
        MNIST_LICENCE,
        family="dcgan",
        snapshots=4,
    ),
    "emoji-gan": Recipe(
        "Emoji that never were",
        "Trained on 1,519 emoji. It knows faces and people best, and invents signs and animals.",
        "--data npz:noto_emoji64.npz --set size=32 --set channels=3 --seconds 600",
        10_000,
        EMOJI_LICENCE,
        family="dcgan",
    ),
    "flags-gan": Recipe(
        "Flags of no country",
        "Trained on 316 flags, each mirrored and with its colours exchanged. Stripes, crosses and stars of nowhere.",
        "--data npz:region_flags64.npz --set size=32 --set channels=3 --set augment=true --seconds 1200",
        10_000,
        FLAGS_LICENCE,
        family="dcgan",
    ),
    "restore": Recipe(
        "Restore",
        "Learned from 14 photos to undo a blur. It sharpens what is soft, at every size.",
        "--data patches:photos --preset restore --seconds 800",
        100,
        PHOTOS_LICENCE,
        family="color_gradient",
        snapshots=8,
    ),
    "colorize": Recipe(
        "Colorize",
        "Learned from 14 photos which colours go with which light and texture. It knows skies, sand, rock and wood.",
        "--data patches:photos?side=256 --preset colorize --seconds 900",
        100,
        PHOTOS_LICENCE,
        family="color_gradient",
    ),
    "style-canyon": Recipe(
        "Canyon",
        "The violet shade and orange light of a sandstone canyon. Photo: Ashim D'Silva.",
        "--data patches:Ashim_DSilva.jpg?side=640 --preset style --seconds 200",
        100,
        PHOTO_LICENCE,
        family="color_gradient",
        snapshots=8,
    ),
    "style-dusk": Recipe(
        "Dusk",
        "A pier after sunset: rose above, slate blue below. Photo: Paul Carmona.",
        "--data patches:Sunset_by_the_Pier.jpg?side=640 --preset style --seconds 200",
        100,
        PHOTO_LICENCE,
        family="color_gradient",
    ),
}


def trained(name: str) -> Path:
    return runs_root() / f"gallery-{name}"


def train(name: str) -> None:
    """The command that a person would type."""
    command = [sys.executable, "-m", "selfsup_engine", "train", RECIPES[name].family, *RECIPES[name].arguments.split()]
    subprocess.run([*command, "--out", str(trained(name))], check=True)


def publish(name: str) -> None:
    """Rounds, scores anew, and keeps what a visitor needs."""
    recipe, source = RECIPES[name], RunFolder(trained(name))
    run, target = source.run, RunFolder(GALLERY / name)
    assert run.result is not None, f"{name} is not trained to its end"
    halves = {n: t.half() if t.is_floating_point() else t for n, t in read_tensors(source.file(WEIGHTS)).items()}
    config = check_config(run.family, run.config)
    task = spec(run.family).task(config, pick())
    task.model.load_state_dict(halves)
    images = sources.load(run.source).fitted(config.channels, config.size)
    report = task.report(images)
    scores = report.scores
    if isinstance(task.model, Samples):
        beside = yardsticks(images, feature_net(images)).values()
        for key, figures in zip(BESIDE, beside, strict=True):
            scores[key] = next(value for name, value in figures.items() if name.startswith("frechet"))
        _, scores["frechet_reference"], scores["frechet_default"] = RACES[name]

    target.path.mkdir(parents=True, exist_ok=True)
    weights = write_tensors(target.file(WEIGHTS), halves)
    exhibit.write(target.path, {key: tensor[: recipe.kept].contiguous() for key, tensor in report.exhibit.items()})
    files.write(target.file("cover.png"), encode(report.cover))
    result = run.result.model_copy(
        update={"scores": scores, "weights": weights, "licence": recipe.licence or run.result.licence}
    )
    target.save(run.model_copy(update={"title": recipe.title, "note": recipe.note, "result": result}))
    happened = source.history()
    metrics = [event for event in happened if isinstance(event, events.Metrics)]
    kept = {id(event) for event in metrics[:: max(1, len(metrics) // CURVE)]}
    lines = [
        e.model_dump_json() for e in happened if not isinstance(e, events.Metrics | events.Snapshot) or id(e) in kept
    ]
    files.write(target.file("events.jsonl"), "\n".join(lines) + "\n")
    keep_snapshots(name)


def keep_snapshots(name: str) -> None:
    """Takes along some of the steps between the first, which follows from the seed, and the last, which the weights are."""
    source, target = RunFolder(trained(name)), RunFolder(GALLERY / name)
    ours, theirs = read_tensors(source.file(WEIGHTS)), read_tensors(target.file(WEIGHTS))
    assert all(torch.equal(ours[key].to(tensor.dtype), tensor) for key, tensor in theirs.items()), f"another {name}"
    shutil.rmtree(target.file(snapshots.FOLDER), ignore_errors=True)
    taken = snapshots.stored(source)
    if most := RECIPES[name].snapshots:
        for step in snapshots.thinned(list(taken), most + 2)[1:-1]:
            files.write(snapshots.path(target, step), taken[step].read_bytes())


def squeeze_flags(path: Path) -> None:
    """Flags `rgb` (351, 64, 96, 3) -> region_flags64.npz: squeezed to 64 x 64, and as each might have been: mirrored, and with its
    colour channels exchanged. 316 flags alone are learned by heart. A flag and what is made of it are in one split."""
    flags = np.stack(
        [np.asarray(Image.fromarray(f).resize((64, 64), Image.Resampling.LANCZOS)) for f in np.load(path)["rgb"]]
    )
    train, test = held_out(len(flags))
    np.savez_compressed("region_flags64.npz", x_train=variants(flags[train]), x_test=variants(flags[test]))


def variants(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, H, W, 3) -> up to 12 N of them, none twice."""
    orders = [list(order) for order in itertools.permutations(range(3))]
    made = [side[..., order] for side in (images, images[:, :, ::-1]) for order in orders]
    return np.unique(np.concatenate(made), axis=0)


RACES = {
    "fashion-gan": (600, 40.26, 3.87),
    "mnist-gan": (150, 43.19, 7.45),
    "emoji-gan": (150, 25.83, 17.21),
    "flags-gan": (150, 173.02, 65.26),
}
"""Seconds, and the distances of the reference preset and of the default one after them: `python -m benchmarks.gan --data ... --seconds ...`."""
BESIDE = ("frechet_floor", "frechet_pixels", "frechet_codes")  # what `yardsticks` gives, as scores


FAMILIES = ("autoencoder", "dcgan", "color_gradient")


def card(folder: Path) -> tuple[str, str]:
    """A line of the table of its kind, and which kind that is."""
    run = RunFolder(folder).run
    assert run.result is not None
    scores, config = run.result.scores, run.config
    size = RunFolder(folder).bytes_used() / 1e6
    made = f"{run.seed} | {run.result.steps:,} | {run.result.seconds / 60:.0f} min"
    end = f"{size:.1f} MB | {run.result.licence} |"
    if "precision" in scores:
        net = next(
            name.removeprefix("frechet_") for name in scores if name in ("frechet_classifier", "frechet_rotations")
        )
        figures = [scores[f"frechet_{net}"], *(scores[key] for key in BESIDE)]
        shares = [scores[key] for key in ("precision", "recall", "density", "coverage")]
        said = " | ".join([*(f"{figure:.1f}" for figure in figures), *(f"{share:.2f}" for share in shares)])
        return f"| `{folder.name}` | {run.source} | {config['size']} px | {made} | {net} | {said} | {end}", run.family
    if "pretext" in config:
        figures = " | ".join(f"{scores[name]:.2f} dB" for name in ("psnr", "input_psnr", "gradient_psnr"))
        return f"| `{folder.name}` | {run.source} | {config['pretext']} | {made} | {figures} | {end}", run.family
    knn = f"{scores['knn5']:.3f}" if "knn5" in scores else "-"
    said = f"{scores['mse']:.4f} | {scores['pca_mse']:.4f} | {knn}"
    return (
        f"| `{folder.name}` | {run.source} | {config['code']} | {config['objective']} | {made} | {said} | {end}",
        run.family,
    )


def write_cards() -> None:
    """The tables of checkpoints/gallery/README.md."""
    cards = [card(path.parent) for path in sorted(GALLERY.glob("*/run.json"))]
    rows = {family: "\n".join(row for row, of in cards if of == family) for family in FAMILIES}
    races = "\n".join(
        f"| `{name}` | {said[0]} | {said[1]:.1f} | {said[2]:.1f} |" for name, said in sorted(RACES.items())
    )
    text = (
        "# Gallery\n\nTrained models that ship with the project. `run.json` in each folder is the full card: config, seed, budget, scores.\n"
        "Made by `benchmarks/gallery.py`; weights are in half precision, and the scores are of these weights. No labels were used in training.\n"
        "Times are of a machine that did other work meanwhile.\n\n"
        "## Autoencoders\n"
        "Errors are mean squared errors on [0, 1] pixels of the whole test split; 5-NN is the accuracy of the codes' nearest neighbours.\n\n"
        "| model | data | code | objective | seed | steps | time | error | PCA, same size | 5-NN | on disk | data licence |\n"
        f"|---|---|---|---|---|---|---|---|---|---|---|---|\n{rows['autoencoder']}\n\n"
        "## GANs\n"
        "Distances are Frechet distances to the test split, in the features of a small network that was trained on the training split to tell its\n"
        "classes (classifier) or by how much a picture was turned (rotations); compare them within a row only. Beside each: real training\n"
        "images (the floor), a Gaussian of 64 principal components of the pixels, a Gaussian of the codes of an autoencoder with 16 numbers.\n"
        "A network that was trained on few images knows them too well: of the emoji and the flags the floor is high, and a model may lie below it.\n"
        "Whether a blur was turned is as hard to tell as of a picture, so by rotations these two are no measure. A hundred samples of each, not\n"
        "chosen: docs/samples.\n\n"
        "| model | data | size | seed | steps | time | features | distance | floor | Gaussian, pixels | Gaussian, codes | precision | recall | density | coverage "
        "| on disk | data licence |\n"
        f"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n{rows['dcgan']}\n\n"
        "The two presets of the family on each set, for the same time in turns, in one run; the same distances:\n\n"
        f"| model | seconds each | reference | default |\n|---|---|---|---|\n{races}\n\n"
        "## Colour gradients\n"
        "PSNR on held-out patches of what the model makes of what it is shown, of that itself, and of the colour gradients of what it makes. A\n"
        "patch can have had other colours than those that suit its light, so of colorize and style these say little; look at the page.\n\n"
        "| model | data | pretext | seed | steps | time | PSNR | its input | gradients | on disk | data licence |\n"
        f"|---|---|---|---|---|---|---|---|---|---|---|\n{rows['color_gradient']}\n"
    )
    files.write(GALLERY / "README.md", text)


def main() -> None:
    """Does one of the first three to the named models, or to all; or the last."""
    what, names = sys.argv[1], sys.argv[2:] or list(RECIPES)
    if what == "flags":
        return squeeze_flags(Path(names[0]))
    for name in names:
        {"train": train, "publish": publish, "snapshots": keep_snapshots}[what](name)
    if what != "train":
        write_cards()
    print(f"{what}: {', '.join(names)} ({ROOT.name})")


if __name__ == "__main__":
    main()
