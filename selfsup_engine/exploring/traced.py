"""A network asked in one go: all its operations in a row, without Python between them.

PyTorch hands Python's lock back at each operation, and must then wait for it behind every other thread that computes in Python, up to
5 ms a time: ten visitors' pictures, of some forty operations each, keep each other waiting. Traced (`torch.jit`), a network hands it
back once. It runs the same operations in the same order, and so gives the same bits.
"""

import contextlib
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

with contextlib.suppress(AttributeError):  # no public name
    torch._C._jit_set_profiling_mode(
        False
    )  # it watches the first calls, for a compiler that processors have not: 4 MB, and a tenth of the time
_TRACING = Lock()  # PyTorch keeps what it traces in one place for the whole process
_T = TypeVar("_T", Tensor, tuple[Tensor, ...])


class _Forward(nn.Module):
    """What is traced must be a module, with all others of which it makes use."""

    def __init__(self, model: object, of: Callable[[Tensor], Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.model, self._of = model, of

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self._of(x)


class Traced(Generic[_T]):
    """`of`, which asks `model`, as one call: for any number N of inputs (N, ...), unless `of` itself goes by that number. Traced when it is
    asked first; it shares the weights, and other tensors that `of` holds."""

    def __init__(self, model: object, of: Callable[[Tensor], _T]) -> None:
        self._forward = _Forward(model, of).eval()
        self._traced: Callable[[Tensor], _T] | None = None

    @torch.inference_mode()
    def __call__(self, x: Tensor) -> _T:
        if self._traced is None:
            with _TRACING:
                self._traced = self._traced or torch.jit.trace(self._forward, (x,), check_trace=False)
        return self._traced(x)
