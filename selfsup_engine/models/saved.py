"""A model as it lies on disk: weights.safetensors beside run.json. Nothing is ever unpickled."""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from selfsup_engine import files
from selfsup_engine.device import Device
from selfsup_engine.errors import UserError
from selfsup_engine.models.spec import check_config, spec
from selfsup_engine.runs import Run, RunFolder

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
    model = bare_model(run)  # settings that do not fit the weights never cost their memory
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


def bare_model(run: Run) -> nn.Module:
    """A run's model without its weights: shapes alone, on no device. For what it can do, and for what its weights must look like."""
    with torch.device("meta"):
        return spec(run.family).model(check_config(run.family, run.config))


def fits(path: Path, model: nn.Module) -> bool:
    """Whether a file holds weights of a model's names and shapes; its head alone is read."""
    try:
        with safe_open(path, framework="pt") as file:
            found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except (SafetensorError, OSError, ValueError):
        return False
    return found == {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def initial_model(run: Run) -> nn.Module:
    """The model before its first step, as the snapshot of step 0 would give it: it follows from the run's seed and config alone.

    Built as training builds it, by the family's Task: what else that makes may draw from the same random numbers.
    """
    config = check_config(run.family, run.config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        model = spec(run.family).task(config, Device(torch.device("cpu"), "CPU", None, 1)).model
    model.load_state_dict(
        {n: t.half().to(t.dtype) if t.is_floating_point() else t for n, t in model.state_dict().items()}
    )
    return model.eval().requires_grad_(False)
