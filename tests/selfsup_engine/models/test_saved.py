from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from selfsup_engine.errors import UserError
from selfsup_engine.models.saved import WEIGHTS, load_model, read_tensors, write_tensors
from selfsup_engine.runs import RunFolder


def test_tensors_come_back_and_are_named_by_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "new" / "some.safetensors"
    tensors = {"a": torch.arange(6).reshape(2, 3).T, "b": torch.tensor(2.5, requires_grad=True)}
    digest = write_tensors(path, tensors)
    assert len(digest) == 16
    assert digest == write_tensors(path, tensors) != write_tensors(path, {"a": torch.zeros(1)})
    write_tensors(path, tensors)
    found = read_tensors(path)
    assert torch.equal(found["a"], tensors["a"])
    assert float(found["b"]) == 2.5


def test_a_loaded_model_is_ready_to_be_asked(trained_once: RunFolder) -> None:
    model = load_model(trained_once)
    assert not model.training
    for parameter in model.parameters():
        assert parameter.dtype == torch.float32
        assert not parameter.requires_grad


def test_a_snapshot_in_half_precision_is_nearly_the_model(trained_once: RunFolder) -> None:
    last = max((trained_once.path / "snapshots").iterdir())
    exact, halved = load_model(trained_once).state_dict(), load_model(trained_once, last).state_dict()
    for name, tensor in exact.items():
        assert halved[name].dtype == tensor.dtype
        torch.testing.assert_close(halved[name], tensor, rtol=1e-3, atol=1e-4)
    assert any(not torch.equal(halved[name], exact[name]) for name in exact)


def test_no_weights_and_broken_weights_are_user_errors(trained: RunFolder) -> None:
    weights = trained.file(WEIGHTS)
    whole = weights.read_bytes()
    for broken in (b"", whole[:200], whole[:-50], pickle.dumps({"a": 1})):
        weights.write_bytes(broken)
        with pytest.raises(UserError, match="damaged"):
            load_model(trained)
    weights.unlink()
    with pytest.raises(UserError, match="Resume it"):
        load_model(trained)


def test_weights_of_another_run_are_refused(trained: RunFolder) -> None:
    tensors = read_tensors(trained.file(WEIGHTS))
    name = next(iter(tensors))
    for others in (tensors | {"more": torch.zeros(1)}, tensors | {name: torch.zeros(2, 2)}, {}):
        write_tensors(trained.file(WEIGHTS), others)
        with pytest.raises(UserError, match="belong to another run"):
            load_model(trained)


def test_settings_that_do_not_fit_the_weights_never_cost_their_memory(trained: RunFolder) -> None:
    run = trained.run
    widths = [2048] * 8
    trained.save(run.model_copy(update={"config": run.config | {"size": 64, "channels": 3, "widths": widths}}))
    torch.manual_seed(0)
    with pytest.raises(UserError, match="do not fit"):
        load_model(trained)
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(1))  # no weight was drawn
