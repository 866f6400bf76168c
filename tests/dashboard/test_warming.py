"""What a server gets ready by itself ends quietly when the server does, and hides nothing before."""

from __future__ import annotations

import threading

import pytest
import torch

from dashboard.warming import Warm
from selfsup_engine import device


@pytest.mark.parametrize("serving", [True, False])
def test_what_breaks_off_is_a_matter_only_while_the_server_runs(serving: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("can't register atexit after shutdown")

    monkeypatch.setattr(device, "pick", broken)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)  # other tests go on in this process
    if serving:
        with pytest.raises(RuntimeError):
            Warm()._work()
    else:
        monkeypatch.setattr(threading, "main_thread", threading.Thread)  # one that does not run
        Warm()._work()
