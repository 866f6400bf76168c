"""Nothing of the server reaches a page, however it breaks off; and no name of anybody's becomes a link, a picture or a script."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache, explorers, words
from selfsup_engine import tags
from selfsup_engine.events import Queued, Started
from selfsup_engine.kept_directions import Kept, KeptDirections, name_and_vector
from selfsup_engine.runs import ROOT, Library, RunFolder
from tests.made import failure_called

Visit = Callable[..., AppTest]
Put = Callable[..., RunFolder]

PAGES = ("home", "train", "latent", "gan", "gradients", "compare", "inside", "library", "run", "self_test")
SECRET = "hunter2-s3cret"
PLACE = "/srv/private/of-somebody/weights.safetensors"
FAULTS: dict[str, Callable[[], Exception]] = {
    "a defect": lambda: RuntimeError(f"token {SECRET} in {PLACE}"),
    "a file that is gone": lambda: FileNotFoundError(errno.ENOENT, f"No such file ({SECRET})", PLACE),
    "no right to read": lambda: PermissionError(errno.EACCES, f"Permission denied ({SECRET})", PLACE),
    "no memory": lambda: MemoryError(f"cannot allocate {SECRET} at {PLACE}"),
    "a chain of errors": lambda: chained(),
}
HTML = "<script>pwned()</script><img src=x onerror=pwned()>"
MARKDOWN = "[x](http://evil.example/)![y](http://evil.example/y.png) :red[z] $e$ **b** `c`"


def chained() -> Exception:
    try:
        raise KeyError(f"{SECRET} {PLACE}")
    except KeyError as error:
        told = ValueError("outer")
        told.__cause__ = error
        return told


def everything(node: Any) -> Iterator[tuple[str, str, str]]:
    """All texts that are sent to the browser: the kind of the element, the field, the text."""
    proto = getattr(node, "proto", None)
    if proto is not None:
        yield from texts(type(proto).__name__, proto)
    for child in getattr(node, "children", {}).values():
        yield from everything(child)


def texts(kind: str, proto: Any) -> Iterator[tuple[str, str, str]]:
    for field, value in proto.ListFields():
        values = value if field.is_repeated else [value]
        for one in values:
            if isinstance(one, str):
                yield kind, field.name, one
            elif hasattr(one, "ListFields"):
                yield from texts(f"{kind}.{field.name}", one)


def sent(app: AppTest) -> list[tuple[str, str, str]]:
    return list(everything(app._tree))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_breaks_off_tells_nothing_of_the_server(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, page: str, fault: str
) -> None:
    def broken() -> Library:
        raise FAULTS[fault]()

    broken.clear = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setattr(cache, "library", broken)
    monkeypatch.setattr(cache, "jobs", broken)
    monkeypatch.setattr(cache, "source_picture", broken)
    monkeypatch.setattr(explorers, "choose_model", lambda *_: broken())
    app = visit(page)
    told = "\n".join(text for _, _, text in sent(app))
    assert "That is our mistake and not yours" in told
    assert re.search("the number [0-9a-f]{6}", told)
    for secret in (SECRET, PLACE, "/srv", "Traceback", str(ROOT), ".py", "KeyError", "RuntimeError"):
        assert secret not in told


@pytest.mark.parametrize("page", PAGES)
def test_a_disk_that_refuses_is_not_named_by_its_place(
    visit: Visit, put: Put, model: RunFolder, disk: Callable[[int], None], tmp_path: Path, page: str
) -> None:
    folder = put(Queued(), Started(step=0, device="CPU", threads=1, parameters=1))
    disk(errno.EROFS)
    app = visit(page, run=folder.name)
    for button in [button for button in app.button if button.label in ("Resume", "Train", "Delete", "Pause", "Stop")][
        :1
    ]:
        button.click().run()
    assert not app.exception
    assert str(tmp_path) not in "\n".join(text for _, _, text in sent(app))


# ------------------------------------------------------------------------------------------------------- whose name it is


class Reader(HTMLParser):
    """The tags and the attributes of a piece of HTML that act."""

    def __init__(self, piece: str) -> None:
        super().__init__()
        self.acts: list[str] = []
        self.feed(piece)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "form", "link", "meta", "base", "svg", "a"):
            self.acts.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (name in ("src", "href") and not (value or "").startswith("data:")):
                self.acts.append(f"{tag} {name}={value}")


NOT_MARKDOWN = {
    ("Html", "body"),  # judged as HTML
    ("Selectbox", "options"),
    ("MultiSelect", "options"),
    ("TextInput", "default"),
    ("TextInput", "value"),
    ("TextArea", "default"),
    ("TextArea", "value"),
    ("Code", "code_text"),
    ("Json", "body"),
    ("PlotlyChart", "spec"),  # judged by Plotly's own rules
    ("PlotlyChart.figure", "spec"),
}
LIVE_MARKDOWN = re.compile(r"(?<!\\)\]\((?=http)|(?<!\\):red\[(?!\\)|(?<![\\*])\*\*b|(?<!\\)`c|//evil")


def hostile(library: Library, model: RunFolder, text: str) -> str:
    """Gives everything that has a name in a library that name; gives the name of its run."""
    run = model.run
    assert run.result is not None
    result = run.result.model_copy(
        update={
            "classes": tuple(f"{text}{number}" for number in range(20)),
            "licence": text,
            "device": text,
            "scores": run.result.scores | {text: 1.0},
        }
    )
    changed = {"title": text[:80], "note": text, "source": f"folder:/srv/{text[:60]}", "preset": text, "result": result}
    model.save(run.model_copy(update=changed))
    tags.give(library, model, [text[:24].replace(",", "")])
    axis = np.array([0.6, 0.8], np.float32)
    facts = {"effect": 1.0, "chance": 0.1, "share": 0.5, "sizes": (3, 4), "groups": ("l0", "l1"), "made": text}
    named = name_and_vector("x", axis) | {"name": text[:24]}
    KeptDirections(library.root, run.result.weights).keep(Kept.model_validate(named | facts))
    mine = library.create(run.model_copy(update=changed | {"result": None}))
    for event in failure_called(text):
        mine.append(event)
    return mine.name


@pytest.mark.slow
@pytest.mark.parametrize("text", [HTML, MARKDOWN], ids=["HTML", "Markdown"])
@pytest.mark.parametrize("page", PAGES[:-1])  # the self-test shows no names
def test_a_name_is_text_on_every_page(visit: Visit, library: Library, model: RunFolder, page: str, text: str) -> None:
    mine = hostile(library, model, text)
    links: dict[str, list[dict[str, str]]] = {
        "run": [{"run": mine}, {"run": mine, "part": "Log"}, {"run": mine, "part": "Settings"}, {"run": model.name}],
        "train": [{"run": mine}, {}],
        "latent": [{"model": model.name, "tool": tool} for tool in ("Interpolate", "Directions", "Arithmetic")],
        "library": [{}, {"q": text[:80]}, {"tag": text[:24].lower()}],
        "compare": [{"models": model.name}],
        "inside": [{"model": model.name, "part": part} for part in ("layer", "learned")],
    }
    seen = False
    for link in links.get(page, [{"model": text[:64], "run": text[:64], "q": text[:80], "data": text}]):
        app = visit(page, **link)
        assert not app.exception, link
        for kind, field, said in sent(app):
            seen = seen or any(form in said for form in (text[:24], words.plain(text[:24]), escape(text[:24])))
            assert "/srv" not in said, (kind, field, said)
            if kind == "Html":
                assert Reader(said).acts == [], said
            elif kind.startswith("PlotlyChart"):
                assert "<script" not in said and "<img" not in said
            elif field not in ("id", "form_id") and (kind, field) not in NOT_MARKDOWN:
                assert not LIVE_MARKDOWN.search(said), (kind, field, said)
    assert seen or page in ("gan", "gradients")
