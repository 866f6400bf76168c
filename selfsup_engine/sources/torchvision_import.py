"""Importing `torchvision.datasets` beside any build of torch.

torchvision's compiled operators come in builds that must match torch's own. Where they do not (a torch for CPUs beside the
torchvision that registries offer), they are not loaded, and `import torchvision` fails while it describes two of them. The data sets
need none of these operators: once their schemas are declared, the import goes through, and nothing else of torchvision is used here.
"""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType

from selfsup_engine.errors import UserError

_SCHEMAS = {
    "torchvision::nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "torchvision::qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_lock = threading.Lock()


def torchvision_datasets() -> ModuleType:
    """The module `torchvision.datasets`: by a plain import, and only if that fails for want of its operators, with help.

    Raises:
        UserError: torchvision is not installed.
    """
    with _lock:
        try:
            return importlib.import_module("torchvision.datasets")
        except ImportError as error:
            raise UserError("This source needs torchvision. Install it with: pip install torchvision") from error
        except RuntimeError as error:
            if "operator torchvision::nms does not exist" not in str(error):
                raise
        _declare_operators()
        return importlib.import_module("torchvision.datasets")


def _declare_operators() -> None:
    import torch

    for half_imported in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[half_imported]
    for operator, schema in _SCHEMAS.items():
        torch.library.define(operator, schema)
