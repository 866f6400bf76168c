"""What a server gets ready behind its first page's back, so that the second page need not wait for it."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING

from selfsup_engine import memory
from selfsup_engine.errors import UserError

if TYPE_CHECKING:
    from selfsup_engine.training.estimate import Estimate

WAIT = 1.0  # seconds in which the first page is drawn


class Warm:
    """Imports torch in a thread of its own, and tells what that brings to light, empty before: the device that trains, what the usual training
    costs here, and why there is none of the two."""

    def __init__(self) -> None:
        self.device = ""
        self.usual: Estimate | None = None
        self.problem = ""

    def begin(self) -> Warm:
        """In a moment."""
        memory.few_heaps()
        timer = threading.Timer(WAIT, self._work)
        timer.daemon = True
        timer.start()
        return self

    def _work(self) -> None:
        try:
            import torch

            import selfsup_engine.exploring.sampling  # noqa: F401
            from selfsup_engine.device import pick
            from selfsup_engine.training.estimate import usual

            # an image at a time: threads cost more than they bring, and training needs the cores
            torch.set_num_threads(1)
            self.device = pick().label
            self.usual = usual()
        except UserError as error:
            self.problem = str(error)
        except (ImportError, OSError) as error:
            self.problem = f"torch cannot be loaded ({error}). Install the packages again."
        except Exception:
            if threading.main_thread().is_alive():
                raise
            return  # the server was ended meanwhile, and no module can be loaded any more
        memory.give_back()
        gc.freeze()  # a million objects that stay: a collection that looks at them all holds every visitor up for 100 ms
