"""PyTorch's optimisers without its compiler, which nothing here uses and which they fetch all the same, only to switch it off: some 800
modules, a second of a processor, and 70 MB in every process (torch 2.13). What asks for the compiler itself still gets it.

Where a later PyTorch is made otherwise, nothing is changed, and it is fetched again: `tests/selfsup_engine/test_lean_torch.py` will say so.
"""

import torch
from torch.optim import SGD, Adam, AdamW, Optimizer

_MARKED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
"""Methods that fetch the compiler at their first call, to be left alone by it."""
_KEPT = "__dynamo_disable"
"""Where they then keep what they are to be called by: by itself, in our case."""


def leave_out_compiler() -> None:
    """From now on no optimiser fetches the compiler."""
    for name in _MARKED:
        own = getattr(vars(Optimizer)[name], "__wrapped__", None)
        if own is not None and not hasattr(own, _KEPT):
            setattr(own, _KEPT, own)
    for kind in (Adam, AdamW, SGD):
        step = vars(kind).get("step")
        own = getattr(step, "__wrapped__", None)
        code = getattr(step, "__code__", None)
        if own is not None and code is not None and code.co_name == "_use_grad":  # it fetches it for marks in its graph
            kind.step = torch.no_grad()(own)  # type: ignore[method-assign]
