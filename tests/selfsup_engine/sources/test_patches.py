"""Patches of photos: none is both learned from and tested on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selfsup_engine import sources
from selfsup_engine.errors import UserError
from selfsup_engine.sources.patches import PER_PHOTO, SIZE, cut


def gradient_photo(width: int, height: int) -> Image.Image:
    """Red rises along x, green along y: a patch says where it is from."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, np.zeros_like(x)], 2).astype(np.uint8))


@pytest.mark.parametrize("size", [(512, 400), (130, 64), (64, 512), (3000, 300)])
def test_learned_and_tested_patches_share_no_column(size: tuple[int, int]) -> None:
    arrays = cut([gradient_photo(*size)])
    assert arrays.train.shape == (340, 3, SIZE, SIZE)
    assert arrays.test.shape == (60, 3, SIZE, SIZE)
    if min(size[0], 256 * size[0] // max(size)) > 8 * SIZE:  # where both fit in
        assert arrays.train[:, 0].max() <= arrays.test[:, 0].min() + 1


def test_patches_come_from_everywhere_and_at_several_scales() -> None:
    trained = cut([gradient_photo(1100, 800)]).train.astype(int)
    slopes = trained[:, 0, 0, -1] - trained[:, 0, 0, 0]
    assert slopes.max() > 3 * slopes.min()  # a quarter of the scene, and a detail of it
    assert np.ptp(trained[:, 1]) > 250


def test_a_small_photo_is_refused() -> None:
    with pytest.raises(UserError, match="too small"):
        cut([gradient_photo(63, 200)])


def test_patches_of_a_file_and_of_a_folder(tmp_path: Path) -> None:
    gradient_photo(200, 150).save(tmp_path / "one.png")
    one = sources.load(f"patches:{tmp_path / 'one.png'}")
    assert (one.train_labels, one.classes) == (None, ())
    gradient_photo(150, 200).save(tmp_path / "two.png")
    both = sources.load(f"patches:{tmp_path}")
    assert both.classes == ("one", "two")
    assert len(both.train) + len(both.test) == 2 * PER_PHOTO
    assert both.test_labels is not None
    assert both.test_labels.bincount().tolist() == [60, 60]
    with pytest.raises(UserError, match=r"no pictures|no folder"):
        sources.info(f"patches:{tmp_path / 'nothing'}")


def test_a_side_sets_how_much_of_the_scene_a_patch_shows(tmp_path: Path) -> None:
    gradient_photo(1000, 800).save(tmp_path / "one.png")
    wide = sources.load(f"patches:{tmp_path / 'one.png'}?side=160").train[:, 0, 0].int()
    assert int((wide[:, -1] - wide[:, 0]).min()) > 90  # of 255
    assert sources.is_local(f"patches:{tmp_path / 'one.png'}?side=160")
    with pytest.raises(UserError, match="128 to 8192"):
        sources.info(f"patches:{tmp_path / 'one.png'}?side=8")
