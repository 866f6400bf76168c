from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from selfsup_engine import images, sources
from selfsup_engine.errors import UserError
from selfsup_engine.sources import own

NOISE = np.random.default_rng(0).integers(0, 256, (24, 30, 40, 3), dtype=np.uint8)
FILES = [(f"{number}.png", images.encode(pixels)) for number, pixels in enumerate(NOISE)]


def zipped(files: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return file.getvalue()


def test_files_and_zips_give_the_same() -> None:
    plain = own.prepare(FILES, size=24, channels=3)
    mixed = own.prepare([*FILES[:4], ("rest.zip", zipped(FILES[4:]))], size=24, channels=3)
    assert plain.pixels.shape == (24, 3, 24, 24)
    assert plain.names == mixed.names == tuple(name for name, _ in FILES)
    assert plain.left_out == mixed.left_out == ()
    assert np.array_equal(plain.pixels, mixed.pixels)


def test_crop_and_channels() -> None:
    centre, pad = (own.prepare(FILES, size=32, channels=1, crop=crop).pixels for crop in ("centre", "pad"))
    assert centre.shape == pad.shape == (24, 1, 32, 32)
    assert (pad[:, :, 0] == 255).all()
    assert (centre[:, :, 0] != 255).any()


def test_what_is_left_out_says_why() -> None:
    tiny = images.encode(np.zeros((8, 40, 3), dtype=np.uint8))
    bad = [("again.png", FILES[3][1]), ("tiny.png", tiny), ("fake.png", b"<svg/>"), ("cut.png", FILES[0][1][:500])]
    prepared = own.prepare([*FILES, *bad, ("notes.zip", zipped([("readme.txt", b"hello")]))], size=24, channels=3)
    reasons = dict(prepared.left_out)
    assert list(reasons) == ["again.png", "tiny.png", "fake.png", "cut.png", "readme.txt"]
    assert reasons["again.png"] == "the same picture as 3.png"
    assert "smaller than 16" in reasons["tiny.png"]
    assert "format is not known" in reasons["fake.png"]
    assert "damaged" in reasons["cut.png"]


def test_a_computers_own_files_in_zips_are_passed_over() -> None:
    hidden = [("__MACOSX/._0.png", b"x"), ("photos/", b""), ("photos/.DS_Store", b"x")]
    assert own.prepare([("a.zip", zipped([*hidden, *FILES]))], size=24, channels=3).left_out == ()


def test_paths_in_zips_lead_nowhere(tmp_path: Path) -> None:
    evil = [(f"../../../{tmp_path}/{name}", data) for name, data in FILES[:8]]
    evil += [(f"C:\\Windows\\{name}", data) for name, data in FILES[8:]]
    before = sorted(tmp_path.rglob("*"))
    prepared = own.prepare([("evil.zip", zipped(evil))], size=24, channels=3)
    assert prepared.names == tuple(name for name, _ in FILES)
    assert sorted(tmp_path.rglob("*")) == before


def test_zip_bombs_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "MAX_FILE_BYTES", 100_000)
    monkeypatch.setattr(own, "MAX_UNZIPPED_BYTES", 300_000)
    bomb = zipped([(f"{number}.png", bytes(1_000_000)) for number in range(9)], zipfile.ZIP_DEFLATED)
    left_out = own.prepare([*FILES, ("bomb.zip", bomb)], size=24, channels=3).left_out
    assert len(left_out) == 4
    assert "larger than" in left_out[0][1]
    assert left_out[-1] == ("bomb.zip", "it holds too much; its last files are left out")


def test_a_zip_that_declares_less_than_it_holds_is_left_out() -> None:
    honest = zipped([("a.png", bytes(100_000))], zipfile.ZIP_DEFLATED)
    lying = honest.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != honest
    assert len(own.prepare([*FILES, ("lie.zip", lying)], size=24, channels=3).left_out) == 1


@pytest.mark.parametrize("spoil", [lambda data: data[:300], lambda data: data[:60] + bytes(200) + data[260:]])
def test_broken_zips_are_left_out(spoil: object) -> None:
    broken = spoil(zipped(FILES[:2], zipfile.ZIP_DEFLATED))  # type: ignore[operator]
    prepared = own.prepare([*FILES, ("broken.zip", broken)], size=24, channels=3)
    assert prepared.left_out
    assert len(prepared.names) == len(FILES)


def test_too_few_pictures_say_how_many_were_found() -> None:
    with pytest.raises(UserError, match=r"At least 16 .* needed; 3 were found\. .* fake\.png"):
        own.prepare([*FILES[:3], ("fake.png", b"<svg/>")], size=24, channels=3)


def test_more_than_the_most_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "MAX_IMAGES", 20)
    prepared = own.prepare(FILES, size=24, channels=3)
    assert len(prepared.names) == 20
    assert {reason for _, reason in prepared.left_out} == {"only the first 20 pictures are used"}


def test_saved_pictures_are_a_source(data_root: Path) -> None:
    prepared = own.prepare(FILES, size=24, channels=3)
    source = own.save(prepared, "  My\nholiday ")
    assert own.save(prepared, "My holiday") == source
    assert [file.name for file in (data_root / "uploads").iterdir()] == [
        f"{source.removeprefix('upload:')}.safetensors"
    ]
    info, found = sources.info(source), sources.load(source)
    assert (info.title, info.train, info.test, info.size) == ("My holiday", 22, 2, 24)
    both = {row.tobytes() for row in (*found.train.numpy(), *found.test.numpy())}
    assert both == {row.tobytes() for row in prepared.pixels}


def test_a_damaged_upload_is_a_user_error(data_root: Path) -> None:
    source = own.save(own.prepare(FILES, size=24, channels=3), "Mine")
    (path,) = (data_root / "uploads").iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    for ask in (sources.info, sources.load):
        with pytest.raises(UserError, match="damaged"):
            ask(source)


def test_a_broken_zip_is_called_one() -> None:
    with pytest.raises(
        UserError, match=r"0 were found\. The first that could not be used is mine\.zip: it is not a zip"
    ):
        own.prepare([("mine.zip", b"not a zip at all")], size=28, channels=1, crop="centre")
