"""A model as it lies on disk: weights.safetensors beside run.json. Nothing is ever unpickled."""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from selfsup_engine import files
from selfsup_engine.errors import UserError
from selfsup_engine.models.spec import check_config, spec
from selfsup_engine.runs import RunFolder

WEIGHTS = "weights.safetensors"


def tensor_file(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> tuple[bytes, str]:
    """Tensors as a file's content, and the first 16 hexadecimal digits of its SHA-256."""
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata)
    return data, hashlib.sha256(data).hexdigest()[:16]


def write_tensors(
    path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None, *, make: bool = True
) -> str:
    """Saves tensors as `files.write` does; gives the first 16 hexadecimal digits of the file's SHA-256."""
    data, digest = tensor_file(tensors, metadata)
    files.write(path, data, make=make)
    return digest


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors by name, on the CPU.

    Raises:
        UserError: no such file, or not safetensors.
    """
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise UserError(
            f"{path.parent.name} has no {path.name}: it has not been trained to an end. Resume it."
        ) from error
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"{path.parent.name}: {path.name} is damaged. Delete the run and train it again.") from error


def load_model(folder: RunFolder, weights: Path | None = None) -> nn.Module:
    """The trained model of a run (or, with `weights`, one of its snapshots), ready to be asked: on the CPU, in evaluation mode.

    Raises:
        UserError: there are no weights, or they do not fit the run's config.
    """
    run = folder.run
    config = check_config(run.family, run.config)
    with torch.device("meta"):  # shapes alone: settings that do not fit the weights never cost their memory
        model = spec(run.family).model(config)
    tensors = read_tensors(weights or folder.file(WEIGHTS))
    expected: dict[str, Tensor] = model.state_dict()
    wrong = sorted(set(expected) ^ set(tensors)) or [n for n in expected if expected[n].shape != tensors[n].shape]
    if wrong:
        raise UserError(
            f"{folder.name}: its weights do not fit its settings (first at {wrong[0]}). They belong to another run."
        )
    # Half-precision weights become float32 here. A copy is aligned as the live model's weights are, so it computes the same bits.
    model.load_state_dict({n: t.to(expected[n].dtype, copy=True) for n, t in tensors.items()}, assign=True)
    return model.eval().requires_grad_(False)
