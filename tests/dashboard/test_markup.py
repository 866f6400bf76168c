"""Whatever text goes into a piece of HTML comes out of it as text."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from dashboard import markup
from selfsup_engine.health import Finding
from selfsup_engine.images import encode

HOSTILE = """<script>alert(1)</script>"><img src=x onerror='alert(2)'>&amp;"""

PICTURE = np.zeros((1, 4, 4), np.uint8)


class Reader(HTMLParser):
    """What a browser makes of a piece: its tags, its attributes and its text."""

    def __init__(self, piece: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.depth = 0
        self.feed(piece)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.depth += tag not in ("img", "br")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1

    def handle_data(self, data: str) -> None:
        self.text += data


PIECES = {
    "img": lambda text: markup.img(PICTURE, text),
    "img with a width": lambda text: markup.img(PICTURE, text, width=99),
    "shots": lambda text: markup.shots([(PICTURE, text)]),
    "cover": lambda text: markup.cover(encode(np.zeros((4, 4, 3), np.uint8), "png"), text),
    "cover without a picture": lambda text: markup.cover(None, text),
    "a name of facts": lambda text: markup.facts({text: "1"}),
    "a value of facts": lambda text: markup.facts({"error": text}),
    "what stands beside a fact": lambda text: markup.facts({"error": ("1", text)}),
    "gauge": lambda text: markup.gauge(0.5, text),
    "pill": lambda text: markup.pill(text),
    "kind of a pill": lambda text: markup.pill("training", text),
    "name of a finding": lambda text: markup.finding(Finding(level="problem", name=text, message="m", number=1)),
    "message of a finding": lambda text: markup.finding(Finding(level="good", name="n", message=text, number=1)),
    "advice of a finding": lambda text: markup.finding(
        Finding(level="warning", name="n", message="m", number=1, advice=text)
    ),
    "muted": markup.muted,
    "eyebrow": markup.eyebrow,
}


@pytest.mark.parametrize("name", PIECES)
def test_hostile_text_stays_text(name: str) -> None:
    hostile, harmless = Reader(PIECES[name](HOSTILE)), Reader(PIECES[name]("harmless"))
    assert hostile.tags == harmless.tags
    assert [attribute for attribute, _ in hostile.attributes] == [attribute for attribute, _ in harmless.attributes]
    assert HOSTILE in hostile.text or any(HOSTILE in (value or "") for _, value in hostile.attributes)
    assert hostile.depth == 0


def test_a_picture_travels_with_its_type(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    for format, mime in (("png", "image/png"), ("jpeg", "image/jpeg"), ("webp", "image/webp")):
        data = encode(picture.transpose(1, 2, 0), format)  # type: ignore[arg-type]
        (tmp_path / format).write_bytes(data)
        for given in (data, tmp_path / format):
            found = re.search(f'src="data:{mime};base64,([^"]*)"', markup.img(given, "it"))
            assert found is not None
            assert base64.b64decode(found[1]) == data
    assert f'src="data:image/png;base64,{base64.b64encode(markup.png(picture)).decode()}"' in markup.img(picture, "it")


def test_pictures_have_hard_pixels_and_an_alternative() -> None:
    assert 'class="px"' in markup.img(PICTURE, "a shoe")
    assert 'alt="a shoe"' in markup.img(PICTURE, "a shoe")
    assert "width:99px" in markup.img(PICTURE, "a shoe", width=99)


def test_a_cover_without_a_file_says_so(tmp_path: Path) -> None:
    assert markup.cover(tmp_path / "missing.png", "nothing yet") == markup.cover(None, "nothing yet")
    assert "nothing yet" in markup.cover(None, "nothing yet")


@pytest.mark.parametrize(("share", "percent"), [(-1, "0"), (0, "0"), (0.255, "26"), (1, "100"), (7, "100")])
def test_a_gauge_stays_within_its_bounds(share: float, percent: str) -> None:
    assert f'aria-valuenow="{percent}"' in markup.gauge(share, "progress")
    assert 0 <= float(re.findall(r"width:([\d.]+)%", markup.gauge(share, "progress"))[0]) <= 100


def test_captions_can_be_left_out() -> None:
    assert "figcaption" not in markup.shots([(PICTURE, "one")], captions=False)
    assert 'class="shots fill many"' in markup.shots([(PICTURE, "one")], classes="fill many")


def test_a_file_that_is_no_picture_is_not_shown(tmp_path: Path) -> None:
    secret, link = tmp_path / "cover.png", tmp_path / "link.png"
    secret.write_bytes(b"root:x:0:0")
    picture = tmp_path / "picture.png"
    picture.write_bytes(markup.png(PICTURE))
    link.symlink_to(picture)
    for path in (secret, link, tmp_path):
        assert 'src="data:,"' in markup.img(path, "it")
    assert "base64" in markup.img(picture, "it")
