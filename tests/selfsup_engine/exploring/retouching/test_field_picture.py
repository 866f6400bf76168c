"""The field's picture: black where nothing changes, red across x, cyan across y."""

import torch

from selfsup_engine.exploring.retouching.field_picture import field_picture


def edge() -> torch.Tensor:
    photo = torch.full((3, 20, 20), 60, dtype=torch.uint8)
    photo[..., 10:] = 200
    return photo


def test_flat_areas_are_black_and_axes_have_their_hues() -> None:
    across_x = field_picture(edge())
    assert across_x[:, 5, 9].tolist() == [255, 0, 0]
    assert (across_x[..., 5, :8] == 0).all()
    assert field_picture(edge().transpose(1, 2).contiguous())[:, 9, 5].tolist() == [0, 255, 255]


def test_a_given_top_makes_two_pictures_compare() -> None:
    weak = edge() // 2
    assert field_picture(weak, top=2.0)[0, 5, 9] < field_picture(edge(), top=2.0)[0, 5, 9]


def test_one_pixel_has_no_gradient() -> None:
    assert field_picture(torch.zeros(3, 1, 1, dtype=torch.uint8)).sum() == 0
