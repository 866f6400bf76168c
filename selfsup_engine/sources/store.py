"""An image set as one `.safetensors` file: read in milliseconds, described by its header, never half-written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from selfsup_engine import files
from selfsup_engine.errors import UserError
from selfsup_engine.limits import public
from selfsup_engine.sources.base import Arrays, ImageSet

LAYOUT = "1"
"""Raised whenever the same source would give other bytes, so that files written before are made anew."""


def write(path: Path, arrays: Arrays, facts: Mapping[str, str]) -> None:
    """Writes the set and some facts about it, wholly or not at all.

    Raises:
        UserError: the folder cannot be written to.
    """
    named: dict[str, NDArray[Any]] = {"train": arrays.train, "test": arrays.test}
    if arrays.train_labels is not None and arrays.test_labels is not None:
        named |= {"train_labels": arrays.train_labels, "test_labels": arrays.test_labels}
    content = to_bytes(
        {key: np.ascontiguousarray(value) for key, value in named.items()},
        metadata={**facts, "layout": LAYOUT, "classes": json.dumps(arrays.classes)},
    )
    try:
        files.write(path, content)
    except OSError as error:
        raise not_kept(path.name, error) from error


def not_kept(what: str, error: OSError) -> UserError:
    """That a set could not be written, why, and what to do."""
    why = "The disk is full" if error.errno in files.FULL else error.strerror or "The disk takes nothing"
    if public():
        return UserError(f"{why}: {what} could not be kept on this host. Come back later, then try again.")
    return UserError(
        f"{why}: {what} could not be kept. "
        "Make room, or name a folder that may be written to in the environment variable SELFSUP_DATA."
    )


def read(path: Path, name: str, licence: str) -> ImageSet:
    """The set that `write` wrote, under its source string.

    Raises:
        UserError: the file is missing, damaged, or of an earlier layout.
    """
    from safetensors.torch import load_file

    known = facts(path)
    try:
        tensors = load_file(path)
        classes = tuple(map(str, json.loads(known["classes"])))
        labels = tensors.get("train_labels"), tensors.get("test_labels")
        return ImageSet(name, tensors["train"], tensors["test"], *labels, classes, licence)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise damaged(path) from error


def facts(path: Path) -> dict[str, str]:
    """What the file says about itself, read without its images and without torch.

    Raises:
        UserError: the file is missing, damaged, or of an earlier layout.
    """
    try:
        with safe_open(path, framework="np") as file:
            known = dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise damaged(path) from error
    if known.get("layout") != LAYOUT:
        raise UserError(
            f"{path.name} was written by another version of this program. Delete it from the data folder (SELFSUP_DATA) and try again."
        )
    return known


def damaged(path: Path) -> UserError:
    """That a set cannot be read, and what to do."""
    return UserError(f"{path.name} is missing or damaged. Delete it from the data folder (SELFSUP_DATA) and try again.")
