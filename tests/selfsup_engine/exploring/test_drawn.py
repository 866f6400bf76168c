"""Groups of a generator's samples: by label, and by a few examples that stand for a hundred."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exhibit import Exhibit
from selfsup_engine.exploring.drawn import ALIKE, COUNT, Drawn
from selfsup_engine.exploring.groups import Group
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot

SIDE = 8


class Halves:
    """Draws on the left where number 0 of z is negative, else on the right, and as bright as number 1 says; the rest does nothing."""

    latent_size = 20

    def generate(self, z: Tensor) -> Tensor:
        images = torch.full((z.shape[0], 1, SIDE, SIDE), -1.0)
        light = torch.sigmoid(z[:, 1])[:, None, None]
        left = (z[:, 0] < 0)[:, None, None]
        images[:, 0, :, : SIDE // 2] += light * left
        images[:, 0, :, SIDE // 2 :] += light * ~left
        return images


def sampler_of(labels: Tensor | None, images: Tensor) -> Sampler:
    sampler = Sampler.__new__(Sampler)
    sampler.model, sampler.latent_size, sampler.kept, sampler.name = Halves(), 20, (), "halves"  # type: ignore[assignment]
    sampler.exhibit = Exhibit(torch.zeros(len(images), 0), torch.zeros(len(images)), images, labels)
    return sampler


@pytest.fixture(scope="module")
def images() -> Tensor:
    z = torch.randn(200, 20, generator=torch.Generator().manual_seed(8))
    z[:, 0] = torch.tensor([-1.0, 1.0]).repeat(100)
    return ((Halves().generate(z) + 1) * 127.5).round().to(torch.uint8)


@pytest.fixture(scope="module")
def drawn(images: Tensor) -> Drawn:
    return Drawn(sampler_of(torch.tensor([0, 1]).repeat(100), images))


def test_samples_have_the_label_of_the_pictures_they_look_like(drawn: Drawn) -> None:
    assert drawn.labels is not None
    clear = drawn.labels >= 0
    assert float(clear.float().mean()) > 0.8  # the darkest say nothing
    assert torch.equal(drawn.labels[clear], (drawn.z[clear, 0] >= 0).long())


@pytest.mark.slow
def test_two_labels_give_the_direction_that_the_generator_was_built_with(drawn: Drawn) -> None:
    found = drawn.contrast(Group.parse("l0"), Group.parse("l1"))
    assert float(found.axis[0]) > 0.95
    assert found.verdict == "clear" and found.sizes[0] > 500


def test_a_few_samples_stand_for_many_that_look_like_them(drawn: Drawn) -> None:
    left = [i for i in range(60) if bool(drawn.z[i, 0] < 0) and bool(drawn.z[i, 1] > 0)][:6]
    right = [i for i in range(60) if bool(drawn.z[i, 0] >= 0) and bool(drawn.z[i, 1] > 0)][:6]
    a, b = (Group.of_samples([Spot(0, i) for i in numbers]) for numbers in (left, right))
    of_a = drawn.members(a, b)
    assert len(of_a) == ALIKE and bool((drawn.z[of_a, 0] < 0).all())
    found = drawn.contrast(a, b)
    assert float(found.axis[0]) > 0.9
    raw = drawn.z[right].mean(0) - drawn.z[left].mean(0)
    assert float(found.axis[0]) > float(raw[0] / raw.norm())
    assert found.verdict == "clear"


def test_samples_picked_at_random_are_called_chance(drawn: Drawn) -> None:
    generator = torch.Generator().manual_seed(4)
    called = []
    for _ in range(8):
        chosen = torch.randperm(COUNT, generator=generator)[:12].tolist()
        a, b = (Group.of_samples([Spot(0, i) for i in part]) for part in (chosen[:6], chosen[6:]))
        called.append(drawn.contrast(a, b).verdict)
    assert called.count("chance") >= 7


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("l0", "l0", "the same group"),
        ("l7", "l0", "only 0 clearly show"),
        ("s0.1~~0.2", "l0", "3 samples at the least"),
        ("i1.2.3", "l0", "no labels"),
    ],
)
def test_what_gives_no_direction_is_refused_in_a_sentence(drawn: Drawn, a: str, b: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        drawn.contrast(Group.parse(a), Group.parse(b))


def test_without_labels_samples_can_be_picked_all_the_same(images: Tensor) -> None:
    drawn = Drawn(sampler_of(None, images))
    with pytest.raises(UserError, match="have no labels"):
        drawn.contrast(Group.parse("l0"), Group.parse("l1"))
    assert drawn.labels is None
    assert len(drawn.contrast(Group.parse("s0.1~~0.2~~0.3"), Group.parse("s0.4~~0.5~~0.6")).axis) == 20
