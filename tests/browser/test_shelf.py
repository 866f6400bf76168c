"""The library and a run's page, by hand, on the gallery's real models."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from selfsup_engine import tags
from selfsup_engine.runs import GALLERY, Library, Run, RunFolder
from selfsup_engine.training.loop import train
from tests.browser.app import Server, Tab, press, settle

pytestmark = pytest.mark.slow

MINE = {"fashion-2d": "Clothes", "fashion-gan": "Clothes drawn", "mnist-2d": "Digits", "restore": "Sharper"}


@pytest.fixture
def mine(server: Server) -> dict[str, RunFolder]:
    """Copies of models of the gallery as the person's own runs, by the model they are copies of; nothing else is there."""
    shutil.rmtree(server.runs / ".trash", ignore_errors=True)
    library = Library(server.runs)
    for folder in library.runs():
        shutil.rmtree(folder.path)
    folders = {}
    for age, (model, title) in enumerate(MINE.items()):
        folder = RunFolder(Path(shutil.copytree(GALLERY / model, server.runs / f"my-{model}")))
        created = datetime.now(UTC) - timedelta(hours=age)
        folder.save(folder.run.model_copy(update={"title": title, "created": created}))
        folders[model] = folder
    tags.give(library, folders["mnist-2d"], ["talk"])
    return folders


def cards(page: Page) -> list[str]:
    """The cards of one's own runs, in their order."""
    shown = page.locator("[class*=st-key-card-runs-] h3").all_inner_texts()
    return [text.removesuffix("ready").removesuffix("stopped early").strip() for text in shown]


def pick(page: Page, *folders: RunFolder) -> None:
    press(page, "select")
    for number, folder in enumerate(folders, 1):
        page.locator(f".st-key-pick-runs-{folder.name} label").click()
        expect(page.locator(".st-key-selection")).to_contain_text(f"{number} selected")


def test_a_link_filters_and_sorts_and_the_chips_say_so(tab: Tab, mine: dict[str, RunFolder]) -> None:
    page = tab("/library?can=latent.gan&sort=score")
    expect(page.locator(".st-key-card-runs-my-fashion-gan")).to_be_visible()
    errors = {mine[model].run.result.scores["mse"]: MINE[model] for model in ("fashion-2d", "mnist-2d")}  # type: ignore[union-attr]
    assert cards(page) == [*(errors[score] for score in sorted(errors)), "Clothes drawn"]
    expect(page.get_by_text("Error: smaller is better").first).to_be_visible()
    page.get_by_role("button", name="#talk").click()
    page.wait_for_url("**tag=talk*")
    expect(page.get_by_role("heading", name="Yours (1)")).to_be_visible()
    press(page, "show-all")
    page.wait_for_url(lambda address: "can=" not in address and "sort=score" in address)
    page.get_by_label("Search").fill("restore")
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_role("heading", name="Yours (1)")).to_be_visible()
    expect(page.get_by_role("heading", name="Gallery (1)")).to_be_visible()
    expect(page.locator("[class*=st-key-card-runs-] h3")).to_have_count(1)
    assert cards(page) == ["Sharper"]


def test_three_are_deleted_and_one_undo_brings_them_back_also_after_another_page(
    tab: Tab, server: Server, mine: dict[str, RunFolder]
) -> None:
    page = tab("/library")
    pick(page, mine["fashion-2d"], mine["fashion-gan"], mine["restore"])
    press(page, "delete-chosen")
    expect(page.get_by_role("heading", name="Yours (1)")).to_be_visible()
    assert [folder.name for folder in Library(server.runs).runs()] == [mine["mnist-2d"].name]
    page.get_by_role("link", name="Train", exact=True).first.click()
    expect(page.get_by_role("heading", name="Train a model")).to_be_visible()
    page.get_by_role("link", name="Library", exact=True).first.click()
    expect(page.locator(".st-key-undo-bar")).to_contain_text("Deleted Clothes, Clothes drawn and Sharper.")
    press(page, "undo")
    expect(page.get_by_role("heading", name="Yours (4)")).to_be_visible()
    assert all(folder.usable for folder in mine.values())


def test_the_trash_is_emptied_once_that_is_confirmed(tab: Tab, server: Server, mine: dict[str, RunFolder]) -> None:
    Library(server.runs).delete(mine["restore"])
    page = tab("/library")
    page.get_by_role("button", name="Trash").click()
    press(page, "empty-trash")
    expect(page.get_by_role("dialog", name="Empty the trash?")).to_contain_text("1 run goes for good")
    press(page, "empty-it")
    expect(page.get_by_role("button", name="Trash")).to_have_count(0)
    assert not (server.runs / ".trash").exists()


def test_two_go_out_in_one_file_and_come_in_again(
    tab: Tab, server: Server, mine: dict[str, RunFolder], tmp_path: Path
) -> None:
    page = tab("/library")
    pick(page, mine["mnist-2d"], mine["restore"])
    with page.expect_download() as waiting:
        press(page, "download-chosen")
    kept = tmp_path / "models.zip"
    waiting.value.save_as(kept)
    with zipfile.ZipFile(kept) as file:
        assert {f"my-{model}/weights.safetensors" for model in ("mnist-2d", "restore")} <= set(file.namelist())
    page.get_by_role("button", name="Upload").click()
    other = tmp_path / "other.zip"
    other.write_bytes(b"no zip")
    page.locator("input[type=file]").set_input_files([kept, other])
    outcomes = page.locator(".st-key-brought-bar")
    expect(outcomes).to_contain_text("2 models are in your library now.")
    expect(outcomes.get_by_test_id("stAlert")).to_contain_text("not a zip, or it is damaged")
    expect(page.get_by_role("heading", name="Yours (6)")).to_be_visible()
    library = Library(server.runs)
    new = [folder for folder in library.runs() if not folder.name.startswith("my-")]
    weights = {folder.run.result.weights for folder in new if folder.run.result}
    assert weights == {mine[model].run.result.weights for model in ("mnist-2d", "restore")}  # type: ignore[union-attr]
    assert sorted(tags.of(library, folder) for folder in new) == [(), ("talk",)]


def test_a_gallerys_model_has_a_page_that_leads_to_its_explorer(tab: Tab) -> None:
    page = tab("/library?can=gan")
    press(page, "open-gallery-fashion-gan")
    page.wait_for_url("**/run?run=fashion-gan*")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.get_by_role("radio", name="Log").click()
    page.wait_for_url("**part=Log*")
    expect(page.locator(".timeline")).to_contain_text("Training began")
    press(page, "way-gan")
    page.wait_for_url("**/gan?model=fashion-gan*")
    expect(page.locator(".screen[data-turn]")).to_be_visible()


def test_rename_tag_download_delete_and_undo_on_a_runs_page(
    tab: Tab, server: Server, make: Callable[..., Run], tmp_path: Path
) -> None:
    library = Library(server.runs)
    folder = library.create(make(steps=20))
    for _ in train(folder):
        pass
    page = tab(f"/run?run={folder.name}")

    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("Scribbles <b>of</b> mine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Scribbles <b>of</b> mine")
    expect(page.get_by_role("textbox", name="Name")).to_be_hidden()  # it is done

    page.get_by_label("Tags").fill("For the Talk")
    page.get_by_label("Tags").press("Enter")
    expect(page.locator(f".st-key-tags-runs-{folder.name}")).to_contain_text("for the talk")
    assert tags.of(library, folder) == ("for the talk",)

    with page.expect_download() as waiting:
        press(page, "download")
    waiting.value.save_as(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as file:
        assert {"run.json", "weights.safetensors", "tags.json"} <= set(file.namelist())

    press(page, "delete")
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    assert not folder.path.exists()
    press(page, "undo")
    expect(page.locator(f".st-key-card-runs-{folder.name}")).to_be_visible()
    expect(page.locator(f".st-key-card-runs-{folder.name}")).to_contain_text("#for the talk")


def test_another_like_it_is_filled_into_the_form(tab: Tab, mine: dict[str, RunFolder]) -> None:
    folder = mine["fashion-2d"]
    folder.save(folder.run.model_copy(update={"config": folder.run.config | {"widths": [48, 24]}}))
    page = tab(f"/run?run={folder.name}")
    press(page, "train-like")
    expect(page.get_by_role("heading", name="Train a model")).to_be_visible()
    settle(page)
    expect(page.get_by_label("Steps", exact=True)).to_have_value("30000")
    page.get_by_text("All settings").click()
    expect(page.get_by_label("Layer widths", exact=True)).to_have_value("48, 24")


@pytest.mark.parametrize("path", ["/library?sort=score", "/run?run=fashion-gan", "/run?run=my-restore&part=Log"])
def test_nothing_is_wider_than_a_phone(tab: Tab, mine: dict[str, RunFolder], path: str) -> None:
    page = tab(path, width=400, height=800, theme="dark")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.get_by_test_id("stMain").evaluate("element => element.scrollWidth - element.clientWidth") <= 0
