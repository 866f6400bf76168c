"""A recipe: everything by which a photo was changed, as JSON. On the same photo it gives the same bytes again.

What it needs lies inside, the reference photo and the mask as small pictures; the model alone is named, by the hash of its weights.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import replace
from typing import Literal, cast

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from selfsup_engine import exhibit, images
from selfsup_engine.errors import UserError, in_words
from selfsup_engine.exploring.photo import Restyler
from selfsup_engine.exploring.retouching.base import Progress, part, silent
from selfsup_engine.exploring.retouching.masks import within
from selfsup_engine.exploring.retouching.operation import Means
from selfsup_engine.exploring.retouching.operations import AnyOperation
from selfsup_engine.field_statistics import FieldStatistics
from selfsup_engine.images import Pixels
from selfsup_engine.models.saved import load_model
from selfsup_engine.models.spec import Restyles
from selfsup_engine.photofile import Photo
from selfsup_engine.runs import Library, RunFolder
from selfsup_engine.scaling import reduced

REFERENCE_QUALITY = 95
MAX_BYTES = 4_000_000


class Recipe(BaseModel):
    """One operation with all that it was given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    photo: str = Field("", max_length=16)
    """The fingerprint of the photo that it was made for; it may be followed on another one."""
    operation: AnyOperation
    model: str = Field("", max_length=64)
    """The model's name, and the first digits of its weights' hash."""
    weights: str = Field("", max_length=16)
    reference: str = Field("", max_length=2_000_000)
    """The reference photo, reduced: a JPEG in base64."""
    mask: str = Field("", max_length=2_000_000)
    """Where it acts: a grey PNG in base64, white inside. Everywhere if empty."""
    feather: float = Field(0.01, ge=0, le=0.2)
    """Over how much of the photo's long side the change grows from the mask's border on."""


def fingerprint(photo: Tensor) -> str:
    """By which a photo (3, H, W) uint8 is known again: 16 hexadecimal digits."""
    digest = hashlib.sha256(str(tuple(photo.shape)).encode())
    digest.update(photo.contiguous().numpy().data)
    return digest.hexdigest()[:16]


def packed_reference(photo: Tensor) -> str:
    """A reference photo as a recipe holds it."""
    small = reduced(photo).permute(1, 2, 0).numpy()
    return base64.b64encode(images.encode(small, "jpeg", quality=REFERENCE_QUALITY)).decode()


def packed_mask(mask: Tensor | None) -> str:
    """A mask (h, w), bool, as a recipe holds it."""
    if mask is None:
        return ""
    return base64.b64encode(images.encode(mask.numpy().astype(np.uint8) * 255)).decode()


def _bytes(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError(f"The recipe's {what} is damaged. Download the recipe again.") from error


def _picture(text: str, what: str) -> Pixels:
    return np.asarray(images.open_image(_bytes(text, what), f"The recipe's {what}").convert("RGB"))


def reference_file(packed: str) -> bytes:
    """A packed reference photo as the JPEG that it is.

    Raises:
        UserError: it is damaged.
    """
    return _bytes(packed, "reference photo")


def mask_of(recipe: Recipe) -> Tensor | None:
    """The recipe's mask (h, w), bool, if it has one."""
    return torch.from_numpy(_picture(recipe.mask, "mask")[..., 0] > 127) if recipe.mask else None


def read(text: str | bytes) -> Recipe:
    """A recipe that nobody vouches for.

    Raises:
        UserError: it is none.
    """
    if len(text) > MAX_BYTES:
        raise UserError(
            "The recipe is too large to be one. Choose the .json file that was downloaded beside the photo."
        )
    try:
        return Recipe.model_validate_json(text)
    except ValidationError as error:
        raise UserError(
            f"This is not a recipe as it was downloaded ({in_words(error)}). Choose the .json file from beside a photo."
        ) from error


def model_of(recipe: Recipe, library: Library) -> RunFolder:
    """The model that a recipe names: the one with its weights, whatever it is called here.

    Raises:
        UserError: the library has none.
    """
    folders = [*library.shown(), *library.runs()]
    for folder in folders:
        if folder.usable and folder.run.result and folder.run.result.weights == recipe.weights:
            return folder
    trained_on = any(folder.name == recipe.model for folder in folders)
    why = "was trained on since the recipe was made" if trained_on else "is not in this library"
    raise UserError(f"The recipe's model {recipe.model} {why}. Upload the one that it was made with.")


def means_of(folder: RunFolder | None, packed: str = "") -> Means:
    """What an operation is given: a model with the statistics of what it learned from, and a reference photo as a recipe holds it.

    Raises:
        UserError: the model cannot be read, or does not work on photos.
    """
    reference = torch.from_numpy(_picture(packed, "reference photo").transpose(2, 0, 1).copy()) if packed else None
    if folder is None:
        return Means(reference=reference)
    model = load_model(folder)
    if not isinstance(model, Restyles):
        raise UserError(f"{folder.name} does not work on photos. Choose a model of colour gradients.")
    learned = FieldStatistics.pooled([FieldStatistics.of(patch) for patch in exhibit.read(folder.path).images])
    return Means(cast(Restyler, model), learned, reference)


def follow(photo: Photo, recipe: Recipe, means: Means, progress: Progress = silent) -> Photo:
    """A photo after a recipe, with the transparency and the colour profile that it had.

    Raises:
        UserError: the operation lacks something.
    """
    changed = recipe.operation.render(photo.pixels, means, part(progress, 0, 0.95))
    mask = mask_of(recipe)
    if mask is not None:
        changed = within(photo.pixels, changed, mask, recipe.feather)
    progress(1.0)
    return replace(photo, pixels=changed)
