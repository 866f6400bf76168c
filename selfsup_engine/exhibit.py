"""What a run keeps of its data set, so that its model can be explored where that is not at hand.

One safetensors file: the images, packed losslessly as one picture's bytes; `labels` (N,) int64 where there are any; of a model that
encodes, `codes` (N, D) float32 and `errors` (N,) float32.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from selfsup_engine import files
from selfsup_engine.errors import UserError
from selfsup_engine.images import pack, unpack

FILE = "exhibit.safetensors"


@dataclass(frozen=True)
class Exhibit:
    """images (N, C, H, W) uint8; labels (N,) int64 or None; codes (N, D) float32, D = 0 for a model without; errors (N,) mean squared
    error on [0, 1] pixels of what the model draws from them."""

    codes: Tensor
    errors: Tensor
    images: Tensor
    labels: Tensor | None


def write(folder: Path, tensors: dict[str, Tensor]) -> None:
    """Keeps a report's exhibit in a run's folder."""
    files.write(folder / FILE, content(tensors))


def content(tensors: dict[str, Tensor]) -> bytes:
    """A report's exhibit as a file's content."""
    images = tensors["images"]
    packed = torch.frombuffer(bytearray(pack(images.numpy())), dtype=torch.uint8)
    shape = torch.tensor(images.shape)
    kept = {name: tensor.contiguous() for name, tensor in tensors.items() if name != "images"}
    return save(kept | {"packed": packed, "shape": shape})


def read(folder: Path) -> Exhibit:
    """The exhibit of a run.

    Raises:
        UserError: there is none, or the file is damaged.
    """
    try:
        tensors = load_file(folder / FILE)
        count, channels, height, _ = map(int, tensors["shape"])
        images = torch.from_numpy(unpack(tensors["packed"].numpy().tobytes(), count, channels, height))
        if not {"codes", "errors"} & set(tensors):
            tensors |= {"codes": torch.zeros(count, 0), "errors": torch.zeros(count)}
        exhibit = Exhibit(tensors["codes"].float(), tensors["errors"].float(), images, tensors.get("labels"))
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(
            f"{folder.name}: its test images cannot be read. Delete this model, or train it again."
        ) from error
    fits = exhibit.codes.shape[:1] == exhibit.errors.shape == images.shape[:1] and exhibit.codes.ndim == 2
    if exhibit.labels is not None:
        fits = fits and exhibit.labels.shape == images.shape[:1] and exhibit.labels.dtype == torch.int64
    if not fits or not bool(exhibit.codes.isfinite().all() and exhibit.errors.isfinite().all()):
        raise UserError(f"{folder.name}: its codes and its images do not belong together.")
    return exhibit


def read_codes(folder: Path) -> Tensor:
    """The codes (N, D) of an exhibit alone, without unpacking its images.

    Raises:
        UserError: there are none, or the file is damaged.
    """
    try:
        with safe_open(folder / FILE, framework="pt") as file:
            codes: Tensor = file.get_tensor("codes")
    except (OSError, SafetensorError) as error:
        raise UserError(f"{folder.name}: its codes cannot be read. Delete this model, or train it again.") from error
    return codes.float()
