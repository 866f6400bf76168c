"""The commands that show pictures to a trained model, or have it draw some."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import click

from selfsup_engine import files
from selfsup_engine.cli_base import as_json, say
from selfsup_engine.errors import UserError
from selfsup_engine.kept_directions import KeptDirections
from selfsup_engine.runs import open_folder, runs_root

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.sampling import Sampler
    from selfsup_engine.images import Pixels

F = TypeVar("F", bound=Callable[..., object])
KINDS: dict[str, Literal["png", "jpeg", "webp"]] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
FILMS: dict[str, Literal["gif", "webp"]] = {".gif": "gif", ".webp": "webp"}
PICTURE = "A .png, .jpg or .webp file."


def output(text: str) -> Callable[[F], F]:
    """The option that names the file to write."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("-o", "--output", type=kind, required=True, help=text)


def keep(path: Path, data: bytes) -> None:
    """Writes a result where the person wants it."""
    try:
        files.write(path, data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Give another place.") from error


def keep_picture(path: Path, image: "Pixels") -> None:
    """Writes an image (H, W, C) as what the file's name says."""
    from selfsup_engine.images import encode as to_file

    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"{path.name}: the file's name must end in .png, .jpg or .webp.")
    keep(path, to_file(image, kind, lossless=True))


def opened(run: str) -> "Sampler":
    """A generator with the directions that were kept for it in the library."""
    from selfsup_engine.exploring.sampling import Sampler

    folder = open_folder(run)
    result = folder.run.result
    return Sampler(folder, KeptDirections(runs_root(), result.weights).all() if result else ())


@click.command()
@click.argument("run")
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def encode(run: str, image: Path, as_json: bool) -> None:
    """The code that RUN gives an IMAGE."""
    from selfsup_engine.exploring.latent import LatentSpace

    space = LatentSpace(open_folder(run))
    code = space.encode(space.prepared(image))[0]
    numbers = [round(float(value), 6) for value in code]
    say(
        {"z": numbers, "trust": float(space.trust(code[None])[0])},
        as_json,
        lambda: [",".join(f"{value:g}" for value in numbers)],
    )


@click.command()
@click.argument("run")
@click.option("--z", required=True, help='The code: numbers with commas, as in "0.1,-2".')
@output(PICTURE)
@as_json
def decode(run: str, z: str, output: Path, as_json: bool) -> None:
    """Draw the image of a code."""
    from selfsup_engine.exploring.latent import LatentSpace

    space = LatentSpace(open_folder(run))
    image = space.decode(parse_code(z, space.code_size))[0].transpose(1, 2, 0)
    keep_picture(output, image)
    say({"file": str(output), "size": list(image.shape)}, as_json, lambda: [str(output)])


def parse_code(text: str, size: int) -> "Tensor":
    """Numbers with commas as one code (1, size)."""
    import torch

    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise UserError(f'--z takes numbers with commas, as in "0.1,-2"; {text!r} is not.') from error
    code = torch.tensor([numbers])
    if len(numbers) != size or not bool(code.isfinite().all()):
        raise UserError(f"This model's code has {size} numbers, all finite; {text!r} has {len(numbers)}.")
    return code


@click.command()
@click.argument("run")
@click.option("-n", "--count", type=click.IntRange(1, 4096), default=64, show_default=True, help="How many.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option(
    "--truncation",
    type=click.FloatRange(0, 4),
    default=0.0,
    help="Keep the random numbers within this; 0: as they are.",
)
@click.option(
    "--at", metavar="SAMPLE", help='One sample as a link names it, as in "7.12~g0_1.5"; instead of -n and --seed.'
)
@output(PICTURE)
@as_json
def sample(run: str, count: int, seed: int, truncation: float, at: str | None, output: Path, as_json: bool) -> None:
    """Draw samples of a GAN's RUN as one picture; the same numbers draw the same bytes as on the page."""
    import math

    from selfsup_engine.exploring.spot import Spot
    from selfsup_engine.images import montage

    sampler = opened(run)
    drawn = sampler.images([Spot.parse(at)]) if at else sampler.sample(count, seed, truncation=truncation)
    keep_picture(output, montage(drawn, math.ceil(math.sqrt(len(drawn)))))
    say({"file": str(output), "count": len(drawn)}, as_json, lambda: [str(output)])


def parse_seeds(context: click.Context, option: click.Parameter, text: str) -> list[int]:
    """Seeds with commas."""
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise UserError(f'--seeds takes whole numbers with commas, as in "1,2,3"; {text!r} is not.') from error
    if len(seeds) < 2 or min(seeds) < 0 or max(seeds) >= 2**31 or len(seeds) > 64:
        raise UserError(f"A walk takes 2 to 64 seeds, each from 0 to {2**31 - 1:,}; {text!r} does not fit.")
    return seeds


@click.command()
@click.argument("run")
@click.option(
    "--seeds", required=True, callback=parse_seeds, help='Between whose samples no. 0 to walk, as in "1,2,3".'
)
@click.option("--frames", type=click.IntRange(1, 240), default=24, show_default=True, help="From one to the next.")
@click.option("--fps", type=click.FloatRange(1, 50), default=25.0, show_default=True, help="Frames a second.")
@click.option("--loop/--no-loop", default=True, help="Back to the first, and on without end.")
@click.option("--truncation", type=click.FloatRange(0, 4), default=0.0, help="Keep the random numbers within this.")
@output("A .gif or .webp file.")
@as_json
def walk(
    run: str, seeds: list[int], frames: int, fps: float, loop: bool, truncation: float, output: Path, as_json: bool
) -> None:
    """Film a walk through a GAN's latent space, from sample to sample along the arcs between them."""
    from selfsup_engine.exploring.sampling import walk as way
    from selfsup_engine.exploring.spot import Spot
    from selfsup_engine.images import animate

    kind = FILMS.get(output.suffix.lower())
    if kind is None:
        raise UserError(f"{output.name}: the file's name must end in .gif or .webp.")
    sampler = opened(run)
    z = way([sampler.z(Spot(seed).within(truncation)) for seed in seeds], frames, loop)
    keep(output, animate(sampler.draw(z), kind, fps=fps, loop=loop))
    say({"file": str(output), "frames": len(z)}, as_json, lambda: [f"{output}  {len(z)} frames"])


@click.command()
@click.argument("run")
@output("A .gif file.")
@as_json
def timelapse(run: str, output: Path, as_json: bool) -> None:
    """Film how a RUN learned, from its first step to its last: its map and pictures, from the snapshots that it kept."""
    from selfsup_engine.exploring.timelapse import film
    from selfsup_engine.exploring.timeline import Timeline

    if output.suffix.lower() != ".gif":
        raise UserError(f"{output.name}: the file's name must end in .gif.")
    timeline = Timeline(open_folder(run))
    with click.progressbar(length=1000, label=str(run), file=sys.stderr, show_eta=False, hidden=as_json) as bar:
        data = film(timeline, lambda share: bar.update(int(1000 * share) - bar.pos))
    keep(output, data)
    steps = list(timeline.steps)
    say(
        {"file": str(output), "steps": steps, "bytes": len(data)},
        as_json,
        lambda: [f"{output}  {len(steps)} steps, {len(data) / 1e6:.1f} MB"],
    )


@click.command()
@click.argument("run")
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@output(PICTURE)
@as_json
def invert(run: str, image: Path, output: Path, as_json: bool) -> None:
    """Find where a GAN's RUN draws an IMAGE, write what it draws there, and say whether it can draw such pictures at all."""
    from selfsup_engine.exploring.inversion import invert as find

    sampler = opened(run)
    found = find(sampler, sampler.prepared(image)[0])
    keep_picture(output, found.image.transpose(1, 2, 0))
    facts = {"file": str(output), "at": str(found.spot), "psnr": found.psnr, "fidelity": found.fidelity}
    facts |= {"usual_fidelity": found.usual, "representable": found.representable}
    verdict = "drawn as well as its own kind" if found.representable else "this generator cannot draw that"
    lines = [
        f"{output}  {verdict}",
        f"PSNR {found.psnr:.1f} dB; {found.fidelity:.0%} of the variance, its own kind {found.usual:.0%}",
    ]
    say(facts, as_json, lambda: [*lines, f"at {found.spot}"])


COMMANDS: Sequence[click.Command] = (encode, decode, sample, walk, timelapse, invert)
