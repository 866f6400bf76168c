"""A model as it lies on disk: weights.safetensors beside run.json. Nothing is ever unpickled."""

import hashlib
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from selfsup_engine import files
from selfsup_engine.errors import UserError
from selfsup_engine.models.spec import check_config, spec
from selfsup_engine.runs import RunFolder

WEIGHTS = "weights.safetensors"


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> str:
    """Saves tensors; gives the first 16 hexadecimal digits of the file's SHA-256."""
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata)
    files.write(path, data)
    return hashlib.sha256(data).hexdigest()[:16]


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
    model = spec(run.family).model(check_config(run.family, run.config))
    tensors = read_tensors(weights or folder.file(WEIGHTS))
    expected: dict[str, Any] = model.state_dict()
    wrong = sorted(set(expected) ^ set(tensors)) or [n for n in expected if expected[n].shape != tensors[n].shape]
    if wrong:
        raise UserError(
            f"{folder.name}: its weights do not fit its settings (first at {wrong[0]}). They belong to another run."
        )
    model.load_state_dict(tensors)  # half-precision weights become float32 here
    return model.eval().requires_grad_(False)
