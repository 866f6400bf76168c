"""No optimiser fetches PyTorch's compiler, and each learns as it would with it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from selfsup_engine.runs import ROOT

SCRIPT = """
import json, sys, torch
if {lean}:
    from selfsup_engine.lean_torch import leave_out_compiler
    leave_out_compiler()
    leave_out_compiler()
found = []
for kind, about in ((torch.optim.AdamW, dict(fused=True)), (torch.optim.Adam, dict(lr=0.1)), (torch.optim.SGD, dict(lr=0.1))):
    weights = torch.nn.Parameter(torch.arange(4.0))
    optimiser = kind([weights], **about)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 5)
    for _ in range(3):
        optimiser.zero_grad()
        weights.square().sum().backward()
        optimiser.step()
        schedule.step()
    optimiser.load_state_dict(optimiser.state_dict())
    found.append([weights.tolist(), weights.requires_grad, torch.is_grad_enabled()])
small = "torch._dynamo" not in sys.modules
print(json.dumps([found, small]))
"""
DCGAN = """
import json, sys
from selfsup_engine.models.saved import load_model
from selfsup_engine.runs import Library
load_model(Library().find("mnist-gan"))
print(json.dumps(sorted({"sympy", "torch._dynamo", "sklearn", "pandas"} & set(sys.modules))))
"""


def told(script: str) -> object:
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_an_optimiser_takes_the_same_steps_without_the_compiler() -> None:
    (lean, small), (usual, _) = told(SCRIPT.format(lean=True)), told(SCRIPT.format(lean=False))
    assert small
    assert lean == usual


@pytest.mark.slow
def test_a_generator_is_opened_without_an_algebra_system() -> None:
    assert told(DCGAN) == []
