from __future__ import annotations

import io
import subprocess
import sys

import pytest
from PIL import Image

from selfsup_engine import builtin_photos, photofile
from selfsup_engine.builtin_photos import NAMES, PHOTOS
from selfsup_engine.errors import UserError
from selfsup_engine.runs import ROOT


def test_there_are_six() -> None:
    assert NAMES == tuple(PHOTOS) == ("astronaut", "chelsea", "coffee", "rocket", "china", "flower")


@pytest.mark.parametrize("name", NAMES)
def test_each_opens_like_an_upload_at_the_size_that_is_stated(name: str) -> None:
    photo, stated = photofile.read(builtin_photos.read(name)), PHOTOS[name]
    assert tuple(photo.pixels.shape) == (3, stated.height, stated.width)
    assert (photo.alpha, photo.was) == (None, ())
    assert photo.pixels.float().std() > 20


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_is_and_whose(name: str) -> None:
    photo = PHOTOS[name]
    assert photo.name == name
    assert all((photo.title, photo.summary.endswith("."), photo.licence, photo.credit))


def test_the_licences_are_those_that_the_library_states() -> None:
    readme = (builtin_photos.read("china").parent / "README.txt").read_text("utf-8")
    for name in ("china", "flower"):
        for text in (PHOTOS[name].licence, PHOTOS[name].credit):
            address = text.split(", ")[-1]
            assert address in readme


@pytest.mark.parametrize("name", NAMES)
def test_a_thumbnail_is_a_small_jpeg_of_the_same_shape(name: str) -> None:
    with Image.open(io.BytesIO(builtin_photos.thumbnail(name, 80))) as image:
        assert (image.format, max(image.size)) == ("JPEG", 80)
        assert image.width / image.height == pytest.approx(PHOTOS[name].width / PHOTOS[name].height, rel=0.02)


def test_an_unknown_name_is_a_user_error() -> None:
    with pytest.raises(UserError, match=r"no built-in photo 'moon'.*astronaut"):
        builtin_photos.read("moon")


@pytest.mark.parametrize("found", ["no package", "no file"])
def test_a_photo_whose_library_is_not_there_is_a_user_error(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import email  # a package that has no photos
    from importlib.util import find_spec

    spec = None if found == "no package" else find_spec(email.__name__)
    monkeypatch.setattr(builtin_photos, "find_spec", lambda _: spec)
    with pytest.raises(UserError, match="pip install scikit-learn"):
        builtin_photos.read("flower")


def test_reading_them_imports_neither_library_nor_torch() -> None:
    code = (
        "import sys; from selfsup_engine import builtin_photos as photos; list(map(photos.thumbnail, photos.NAMES));"
        "print(*{'torch', 'skimage', 'sklearn', 'scipy', 'pooch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
