"""A photo in tiles is the photo as a whole; memory and time are bounded by where a model is applied."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from selfsup_engine import builtin_photos, photofile
from selfsup_engine.exploring import photo
from selfsup_engine.exploring.photo import carried, difference, levels, macs_per_pixel, tiles
from selfsup_engine.images import from_unit, to_unit
from selfsup_engine.models.color_gradient import SPEC
from selfsup_engine.models.color_gradient_networks import ColorGradientNet, blurred


def model(preset: str = "restore") -> ColorGradientNet:
    torch.manual_seed(0)
    net = ColorGradientNet(SPEC.presets[preset].config.model_copy(update={"widths": (6, 6)}))
    for layer in net.modules():  # an output layer that says something
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=0.1)
    return net.eval()


def noise(height: int, width: int) -> torch.Tensor:
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("preset", ["restore", "colorize", "reference"])
@pytest.mark.parametrize("size", [(75, 131), (32, 32), (1, 1), (1, 200), (90, 3)])
def test_tiles_are_the_whole(preset: str, size: tuple[int, int]) -> None:
    net, picture = model(preset), noise(*size)
    seen = to_unit(picture[None])
    with torch.no_grad():
        whole = (net.restyle(seen) - seen)[0] / 2
    assert whole.abs().max() > 0.003
    assert torch.allclose(difference(net, picture, tile=32).float(), whole, atol=1e-3)  # half precision


def test_every_pixel_is_kept_once() -> None:
    kept = torch.zeros(70, 50, dtype=torch.int)
    for rows, columns, kept_rows, kept_columns in tiles(70, 50, halo=8, side=32):
        kept[rows, columns][kept_rows, kept_columns] += 1
    assert (kept == 1).all()


def test_a_model_is_costed_by_its_weights() -> None:
    reference = ColorGradientNet(SPEC.presets["reference"].config)
    assert macs_per_pixel(reference) == pytest.approx(3.1e6, rel=0.01)
    default = ColorGradientNet(SPEC.presets["restore"].config)
    assert macs_per_pixel(default) == sum(p.numel() for n, p in default.named_parameters() if "weight" in n) / 4


def test_what_is_carried_up_has_the_photos_size_and_nearly_its_change() -> None:
    net = model("colorize")
    picture = noise(60, 90) // 8 + 100
    change = carried(net, picture, pixels=60 * 90 // 4)
    assert change.shape == picture.shape
    assert carried(net, picture, 10**6).equal(difference(net, picture))


def test_levels_go_from_the_preview_to_the_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    net, picture = model(), noise(120, 160)
    sizes = [tuple(change.shape[-2:]) for change in levels(net, picture, base=1_000)]
    assert sizes == [(27, 37), (55, 73), (120, 160)]
    assert [tuple(change.shape[-2:]) for change in levels(net, picture, base=50_000)] == [(120, 160)]
    monkeypatch.setattr(photo, "AFFORDABLE", macs_per_pixel(net) * 5_000)
    assert [tuple(c.shape[-2:]) for c in levels(net, picture, base=1_000)][-1] == (61, 82)


def test_progress_rises_to_one_and_may_give_up() -> None:
    said: list[float] = []
    levels(model(), noise(100, 100), 500, said.append)
    assert said == sorted(said)
    assert said[-1] == 1

    class GivenUpError(Exception):
        pass

    def give_up(share: float) -> None:
        if share > 0.4:
            raise GivenUpError

    with pytest.raises(GivenUpError):
        difference(model(), noise(100, 100), give_up, tile=32)


def test_what_is_sharp_already_gets_no_rings() -> None:
    edge = torch.full((3, 20, 40), 60, dtype=torch.uint8)
    edge[..., 20:] = 180
    ringing = torch.zeros(3, 20, 40)
    ringing[..., 19], ringing[..., 20] = -0.3, 0.3
    made = edge / 255 + photo.limited(ringing.half(), edge).float()
    assert float(made.min()) == pytest.approx(60 / 255 - 0.02, abs=1e-3)
    assert float(made.max()) == pytest.approx(180 / 255 + 0.02, abs=1e-3)
    soft = torch.linspace(60, 180, 40).round().to(torch.uint8).expand(3, 20, 40).contiguous()
    steeper = torch.full((3, 20, 40), 0.01)
    assert photo.limited(steeper.half(), soft).float().equal(steeper.half().float())


@pytest.mark.parametrize("name", ["coffee", "china"])
def test_a_soft_photo_bears_more_than_a_sharp_one(name: str) -> None:
    sharp = photofile.read(builtin_photos.read(name)).pixels
    soft = torch.from_numpy(from_unit(blurred(blurred(to_unit(sharp[None])))))[0]
    assert photo.softness(sharp) == photo.GENTLE
    assert photo.softness(soft) == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 50)])
def test_softness_of_next_to_nothing(size: tuple[int, int]) -> None:
    assert 0 <= photo.softness(torch.full((3, *size), 7, dtype=torch.uint8)) <= 1
