"""Which device computes, in which precision and with how many threads: decided here, once, and nowhere else.

CUDA and MPS are taken when they are there; `SELFSUP_DEVICE` (cpu, cuda, cuda:1, mps) overrides the choice. Precision: bfloat16
autocast on CUDA cards that have it, float32 elsewhere. CPUs stay at float32 whatever they claim: PyTorch reports bfloat16
support for CPUs that only emulate it, several times slower than float32.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import dtype

from selfsup_engine.errors import UserError
from selfsup_engine.host import cores, memory


@dataclass(frozen=True)
class Device:
    """A place to compute. `torch` is what tensors are moved to; `memory_bytes` is what is free for a run right now."""

    torch: torch.device
    label: str
    autocast_dtype: dtype | None
    threads: int

    def autocast(self) -> AbstractContextManager[object]:
        """The precision of a forward pass: bfloat16 autocast where it pays, else nothing."""
        if self.autocast_dtype is None:
            return nullcontext()
        return torch.autocast(self.torch.type, dtype=self.autocast_dtype)

    @property
    def memory_bytes(self) -> int:
        """Bytes free for a run at this moment: of the card on CUDA, of the host elsewhere (MPS shares the machine's)."""
        if self.torch.type == "cuda":
            return int(torch.cuda.mem_get_info(self.torch)[0])
        return memory().free


@cache
def pick() -> Device:
    """The best device at hand, probed once per process.

    Raises:
        UserError: SELFSUP_DEVICE names a device that is not there.
    """
    wanted = os.environ.get("SELFSUP_DEVICE", "")
    if not wanted:
        wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(wanted)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(
            f"SELFSUP_DEVICE is {wanted!r}, but that device cannot be used here. Unset it, or use cpu."
        ) from error
    if device.type == "cuda":
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return Device(device, torch.cuda.get_device_name(device), torch.bfloat16 if has_bf16 else None, cores())
    label = {"mps": "Apple GPU", "cpu": f"CPU, {cores()} {'core' if cores() == 1 else 'cores'}"}.get(
        device.type, device.type
    )
    return Device(device, label, None, cores())


def prefer_onednn() -> None:
    """Has oneDNN compute matrix products on AMD's processors with AVX-512, which MKL leaves unused there: twice as fast, and float32 still.

    PyTorch's name for it is a permission to round to bfloat16. oneDNN makes use of that with AMX units alone; should it ever do so
    here, the permission is withdrawn. Decided by the processor and never by a clock, so that two runs on one machine agree.
    """
    told = Path("/proc/cpuinfo")
    if "AuthenticAMD" not in (told.read_text() if told.exists() else platform.processor()):
        return
    if torch.backends.cpu.get_cpu_capability() == "AVX512":
        multiply_by_onednn(True)
        if not multiplies_float32():
            multiply_by_onednn(False)


def multiply_by_onednn(wanted: bool) -> None:
    """Has oneDNN compute matrix products from now on, or MKL. Only for where oneDNN is preferred, and to be taken back."""
    torch.backends.mkldnn.matmul.fp32_precision = "bf16" if wanted else "none"  # type: ignore[attr-defined]


def onednn_multiplies() -> bool:
    """Whether oneDNN is preferred on this processor, and computes matrix products now."""
    return bool(torch.backends.mkldnn.matmul.fp32_precision == "bf16")  # type: ignore[attr-defined]


def multiplies_float32() -> bool:
    """Whether products of float32 matrices take all of their digits, and are not rounded to bfloat16 first."""
    finer_than_bfloat16 = torch.full((64, 64), 1 + 2**-12)
    return torch.equal(finer_than_bfloat16 @ torch.eye(64), finer_than_bfloat16)


def make_deterministic(device: Device, threads: int) -> None:
    """Same seed, steps, threads and device: same weights. cuDNN's fastest convolutions add in varying order; they are left out.

    On CPUs, numbers below 1.2e-38 are 0 in the calling thread from then on: Adam's averages of what has no slope decay through them for good, and
    processors take several times as long for these as for others.
    """
    torch.set_num_threads(max(1, min(threads, device.threads)))
    torch.set_flush_denormal(True)
    prefer_onednn()
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


@contextmanager
def one_thread() -> Iterator[None]:
    """One CPU thread for what is done within: how a sum is split changes its last bits, and a small network is no slower."""
    before = torch.get_num_threads()
    if before != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if before != 1:
            torch.set_num_threads(before)


def host_facts() -> dict[str, object]:
    """What `doctor` prints: device, precision, threads, memory in GiB, versions."""
    device, granted = pick(), memory()
    return {
        "device": device.label,
        "precision": "bfloat16 autocast" if device.autocast_dtype else "float32",
        "threads": device.threads,
        "memory_gib": round(granted.total / 2**30, 1),
        "memory_free_gib": round(granted.free / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }
