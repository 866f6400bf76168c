from __future__ import annotations

import pytest
import torch

from selfsup_engine.device import Device
from selfsup_engine.errors import UserError
from selfsup_engine.models.autoencoder import REFERENCE
from selfsup_engine.models.autoencoder_networks import Autoencoder, AutoencoderConfig
from selfsup_engine.models.spec import preset_config
from selfsup_engine.runs import Budget
from selfsup_engine.training import estimate as room
from selfsup_engine.training.estimate import estimate, parameter_count, refuse_oversized


class Tiny(Device):
    """A machine with 140 MB to spare."""

    @property
    def memory_bytes(self) -> int:
        return 140_000_000


TINY = Tiny(torch.device("cpu"), "CPU", None, 1)


def test_parameters_are_counted_without_being_made() -> None:
    made = sum(parameter.numel() for parameter in Autoencoder(REFERENCE).parameters())
    assert parameter_count("autoencoder", REFERENCE) == made


def test_a_run_is_measured_on_its_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MEASURED_SECONDS", 0.02)
    found = estimate("autoencoder", REFERENCE, 1000, Budget(steps=500))
    assert found.steps == 500
    assert found.epochs == pytest.approx(500 * 128 / 1000)
    assert found.seconds == pytest.approx(500 * 128 / found.rate)
    assert found.memory_bytes > room.OVERHEAD_BYTES + 1000 * 784
    timed = estimate("autoencoder", REFERENCE, 1000, Budget(seconds=20))
    assert timed.seconds == 20
    assert timed.steps == pytest.approx(20 * timed.rate / 128, rel=0.01)


@pytest.mark.parametrize("images", [1, 2, 9])
def test_few_images_are_no_trouble(images: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MEASURED_SECONDS", 0.0)
    config = AutoencoderConfig(widths=(8,), norm=True)
    assert estimate("autoencoder", config, images, Budget(steps=1)).steps == 1


class Small(Device):
    @property
    def memory_bytes(self) -> int:
        return 150_000_000  # less than a container of 690 MB has free while a model of each family is in use


def test_the_default_preset_on_the_digits_is_not_refused_where_it_was_seen_to_fit() -> None:
    _, config = preset_config("autoencoder", None, {})
    refuse_oversized("autoencoder", config, 1437, Small(torch.device("cpu"), "CPU", None, 1))


def test_what_does_not_fit_is_refused_before_it_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MEASURED_SECONDS", 0.0)
    assert estimate("autoencoder", REFERENCE, 1000, Budget(steps=1), TINY)
    for config, images, what in (
        (AutoencoderConfig(widths=(2048, 2048)), 1000, "network and image set"),
        (REFERENCE, 100_000, "network and image set"),
        (AutoencoderConfig(network="conv", widths=(16, 8), batch=1024), 2000, "batch"),
    ):
        with pytest.raises(UserError, match=rf"This {what} needs about [\d.]+ [MG]B, and \d+ MB are free"):
            estimate("autoencoder", config, images, Budget(steps=1), TINY)


def test_the_usual_training_needs_no_images_to_be_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MEASURED_SECONDS", 0.0)
    monkeypatch.setattr(room, "STEPS", 1)
    found = room.usual()
    assert found.seconds == 30
    assert found.rate > 0
    assert found.epochs == pytest.approx(found.rate * 30 / 60_000, rel=0.05)
