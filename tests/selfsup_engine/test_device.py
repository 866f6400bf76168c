from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from selfsup_engine import device
from selfsup_engine.errors import UserError


@pytest.fixture(autouse=True)
def _probe_anew() -> Iterator[None]:
    device.pick.cache_clear()
    yield
    device.pick.cache_clear()


def test_the_wanted_device_is_taken() -> None:
    found = device.pick()
    assert found.torch == torch.device("cpu")
    assert found.autocast_dtype is None  # whatever a CPU claims
    assert found.memory_bytes > 0
    with found.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    assert device.pick() is found


@pytest.mark.parametrize("name", ["cuda:99", "toaster"])
def test_a_device_that_is_not_there_is_a_user_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SELFSUP_DEVICE", name)
    with pytest.raises(UserError, match="SELFSUP_DEVICE"):
        device.pick()


@pytest.mark.parametrize(("wanted", "got"), [(1, 1), (99, 2), (0, 1)])
def test_threads_are_at_least_one_and_at_most_the_devices(wanted: int, got: int) -> None:
    before = torch.get_num_threads()
    try:
        device.make_deterministic(device.Device(torch.device("cpu"), "CPU", None, 2), wanted)
        assert torch.get_num_threads() == got
    finally:
        torch.set_num_threads(before)


def test_the_smallest_numbers_become_zero_where_a_training_computes() -> None:
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot do without denormal numbers")
    torch.set_flush_denormal(False)
    assert (torch.full((64,), 1e-38) * 0.1).all()
    device.make_deterministic(device.pick(), 1)
    assert not (torch.full((64,), 1e-38) * 0.1).any()
    assert (torch.full((64,), 1e-36) * 0.1).all()


def test_the_facts_are_all_there() -> None:
    facts = device.host_facts()
    assert facts["torch"] == torch.__version__
    assert facts["precision"] == "float32"


def test_products_stay_float32_whoever_computes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = torch.backends.mkldnn.matmul
    before = setting.fp32_precision
    try:
        for told in ("vendor_id : AuthenticAMD", "vendor_id : GenuineIntel"):
            setting.fp32_precision = "none"
            monkeypatch.setattr(device.Path, "read_text", lambda path, told=told: told)
            device.prefer_onednn()
            assert setting.fp32_precision in (("none", "bf16") if "AMD" in told else ("none",))
            a = torch.randn(96, 96, generator=torch.Generator().manual_seed(0))
            torch.testing.assert_close(a @ a, (a.double() @ a.double()).float(), rtol=1e-5, atol=1e-4)
    finally:
        setting.fp32_precision = before
