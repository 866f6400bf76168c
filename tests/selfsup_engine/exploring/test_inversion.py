"""Inversion finds a generator's own samples again, and says of anything else whether it can be drawn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from selfsup_engine.exploring import inversion
from selfsup_engine.exploring.inversion import fidelity, invert
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.runs import GALLERY, RunFolder


def test_fidelity_is_the_share_of_the_variance_that_is_drawn() -> None:
    wanted = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.equal(fidelity(wanted, wanted), torch.ones(3))
    assert torch.allclose(
        fidelity(wanted.mean((2, 3), keepdim=True).expand_as(wanted), wanted), torch.zeros(3), atol=1e-5
    )
    half = wanted.mean((2, 3), keepdim=True) + (wanted - wanted.mean((2, 3), keepdim=True)) / 2
    assert torch.allclose(fidelity(half, wanted), torch.full((3,), 0.75), atol=1e-5)
    assert bool(fidelity(wanted, torch.zeros_like(wanted)).isfinite().all())  # a plain area has no variance


@pytest.mark.slow
def test_own_samples_are_found_again_noise_is_not(gan_once: RunFolder) -> None:
    sampler = Sampler(gan_once)
    shares: list[float] = []
    own = invert(sampler, sampler.images([Spot(11, 4)])[0], shares.append)
    assert shares == sorted(shares) and shares[0] > 0 and shares[-1] <= 1
    assert own.psnr > 30 and own.fidelity > 0.9 and own.representable
    assert np.array_equal(sampler.images([own.spot])[0], own.image)  # the spot draws what was shown
    noise = np.random.default_rng(0).integers(0, 256, (1, 32, 32)).astype(np.uint8)
    assert not invert(sampler, noise).representable
    assert not invert(sampler, np.full((1, 32, 32), 128, np.uint8)).representable


@pytest.mark.slow
def test_what_is_usual_is_found_out_once(gan_once: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Sampler(gan_once)
    monkeypatch.setattr(inversion, "STEPS", 20)
    invert(sampler, sampler.sample(1)[0])
    assert sampler.usual_fidelity is not None
    monkeypatch.setattr(inversion, "usual_fidelity", lambda *about: pytest.fail("once is enough"))
    invert(sampler, sampler.sample(1)[0])


def test_progress_may_give_up(gan_once: RunFolder) -> None:
    class GivenUpError(Exception):
        pass

    def give_up(share: float) -> None:
        raise GivenUpError

    sampler = Sampler(gan_once)
    with pytest.raises(GivenUpError):
        invert(sampler, sampler.sample(1)[0], give_up)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.name for path in GALLERY.glob("*-gan")))
def test_a_model_of_the_gallery_finds_its_own_samples_at_30_db(name: str) -> None:
    """One is tried, as it takes seconds."""
    sampler = Sampler(RunFolder(GALLERY / name))
    sampler.usual_fidelity = 0.0  # what it says of pictures that are not its own is another test's business
    assert invert(sampler, sampler.images([Spot(5, 0)])[0]).psnr >= 30
