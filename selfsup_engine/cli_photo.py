"""The command that changes a photo: one operation with its settings, or a recipe."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from selfsup_engine.cli_base import Json, as_json, parse_fields, say
from selfsup_engine.cli_drawing import keep, output
from selfsup_engine.errors import UserError, in_words
from selfsup_engine.runs import Library, open_folder

if TYPE_CHECKING:
    from selfsup_engine.exploring.retouching.recipe import Recipe

NAMES = ("enhance", "recolour", "style", "flatten", "segment", "compose")
NONE = "-"
PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("run")
@click.argument("image", type=PATH)
@output("A .png, .jpg or .webp file of the photo's size, with its transparency and colour profile.")
@click.option("--operation", type=click.Choice(NAMES), help="What to do; not with a recipe.")
@click.option("--strength", type=click.FloatRange(0, 1), help="0 leaves the photo as it is.")
@click.option("--reference", type=PATH, help="The photo whose colours or gradients are taken.")
@click.option("--mask", type=PATH, help="A picture that is white where it shall act, laid over the whole photo.")
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="FIELD=VALUE",
    help='Another setting, as in "detail=0.3"; a wrong one lists them.',
)
@click.option(
    "--recipe", "recipe_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the recipe there, too."
)
@click.option("--quality", type=click.IntRange(1, 100), default=92, show_default=True, help="Of a JPEG or WebP.")
@as_json
def photo(
    run: str, image: Path, output: Path, operation: str | None, strength: float | None, reference: Path | None,
    mask: Path | None, pairs: tuple[str, ...], recipe_path: Path | None, quality: int, as_json: bool,
) -> None:  # fmt: skip
    """Change the colour gradients of a photo, IMAGE, by the model RUN; "-" for an operation that needs none.

    RUN may also be a recipe, a .json file: then all else is in it.
    """
    from selfsup_engine import photofile
    from selfsup_engine.exploring.retouching import recipe as recipes

    if output.suffix.lower() not in photofile.FORMATS:
        raise UserError(f"{output.name}: the file's name must end in .png, .jpg or .webp.")
    opened = photofile.read(image)
    if run.endswith(".json"):
        recipe = recipes.read(read_text(Path(run)))
        folder = recipes.model_of(recipe, Library()) if recipe.model else None
    else:
        folder = None if run == NONE else open_folder(run)
        settings = parse_fields(pairs) | ({} if strength is None else {"strength": strength})
        recipe = recipe_for(operation, settings, reference, mask)
    means = recipes.means_of(folder, recipe.reference)
    if folder is not None and folder.run.result is not None:
        recipe = recipe.model_copy(update={"model": folder.name, "weights": folder.run.result.weights})
    recipe = recipe.model_copy(update={"photo": recipes.fingerprint(opened.pixels)})
    with click.progressbar(length=1000, label=recipe.operation.title, file=sys.stderr, hidden=as_json) as bar:

        def progress(share: float) -> None:
            bar.update(max(0, int(1000 * share) - bar.pos))

        made = recipes.follow(opened, recipe, means, progress)
    photofile.save(made, output, quality)
    if recipe_path:
        keep(recipe_path, recipe.model_dump_json(indent=1).encode())
    height, width = made.pixels.shape[-2:]
    facts: Json = {"file": str(output), "size": [width, height], "operation": recipe.operation.operation}
    say(facts | {"notes": list(opened.was)}, as_json, lambda: [f"{output}  {width} x {height}", *opened.was])


def recipe_for(operation: str | None, settings: Json, reference: Path | None, mask: Path | None) -> "Recipe":
    """What the options ask for.

    Raises:
        UserError: a setting does not fit, or a file is no picture.
    """
    import torch
    from pydantic import ValidationError

    from selfsup_engine import photofile
    from selfsup_engine.exploring.retouching import recipe as recipes
    from selfsup_engine.exploring.retouching.operations import OPERATIONS

    if operation is None:
        raise UserError(f"Say what to do: --operation {'|'.join(NAMES)}.")
    kind = OPERATIONS[operation]
    try:
        wanted = kind.model_validate(settings)
    except ValidationError as error:
        known = ", ".join(name for name in kind.model_fields if name != "operation")
        raise UserError(f"These settings do not fit: {in_words(error)}. {operation} takes: {known}.") from error
    chosen = photofile.read(mask).pixels if mask else None
    return recipes.Recipe(
        operation=wanted,
        reference=recipes.packed_reference(photofile.read(reference).pixels) if reference else "",
        mask=recipes.packed_mask(chosen.to(torch.int).sum(0) > 382) if chosen is not None else "",
    )


def read_text(path: Path) -> bytes:
    """A recipe's file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Check the path.") from error
