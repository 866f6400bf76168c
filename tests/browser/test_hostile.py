"""A name that is a script, a link or a picture is none of these in a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page

from selfsup_engine import tags
from selfsup_engine.runs import GALLERY, Library, RunFolder
from tests.browser.app import Server, Tab, settle
from tests.made import failure_called

pytestmark = pytest.mark.slow

SCRIPT = "<img src=x onerror=pwned=1><script>pwned=1</script>"
LINK = "[a](http://evil.example/)![b](http://evil.example/b.png)<a href=//evil.example>c</a>"

FOUND = """() => {
    const seen = [], where = (one) => one.closest('[data-testid]')?.dataset.testid + ': ' + one.outerHTML;
    const look = (root) => {
        for (const one of root.querySelectorAll('*')) {
            if (/evil\\.example/.test((one.getAttribute('href') ?? '') + (one.getAttribute('src') ?? ''))) seen.push(where(one));
            if (one.getAttribute('onerror')) seen.push(one.outerHTML);
            if (one.shadowRoot) look(one.shadowRoot);
        }
    };
    look(document);
    return [...seen, ...('pwned' in window ? ['it ran'] : [])];
}"""


def hostile(library: Library) -> tuple[str, str]:
    """A finished run and a failed one in which everything that has a name is called so."""
    text = SCRIPT + LINK
    model = RunFolder(Path(shutil.copytree(GALLERY / "mnist-2d", library.root / "hostile")))
    run = model.run
    assert run.result is not None
    result = run.result.model_copy(
        update={"classes": tuple(f"{text}{i}" for i in range(10)), "licence": text, "device": text}
    )
    changed = {"title": SCRIPT + LINK[:28], "note": text, "source": f"npz:{text}"}
    model.save(run.model_copy(update=changed | {"result": result}))
    tags.give(library, model, [LINK[:24]])
    mine = library.create(run.model_copy(update=changed | {"title": LINK[:80], "result": None}))
    for event in failure_called(text):
        mine.append(event)
    return model.name, mine.name


def test_no_name_acts(server: Server, tab: Tab) -> None:
    model, mine = hostile(Library(server.runs))
    page = tab("/library")

    def harmless(page: Page) -> None:
        page.wait_for_timeout(400)  # a picture that is not there takes a moment to say so
        assert page.evaluate(FOUND) == []

    harmless(page)
    for path in (
        "/",
        f"/run?run={mine}",
        f"/run?run={model}&part=Time+machine",
        f"/train?run={mine}",
        f"/latent?model={model}&tool=Directions",
        f"/inside?model={model}",
        f"/compare?models={model}",
        f"/library?q={LINK[:40]}",
        f"/gan?model={SCRIPT}",
    ):
        page.goto(f"{server.url}{path}")
        harmless(settle(page))
