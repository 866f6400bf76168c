from __future__ import annotations

from collections.abc import Callable

import pytest

from selfsup_engine import tags
from selfsup_engine.errors import UserError
from selfsup_engine.runs import Library, Run, RunFolder

Make = Callable[..., Run]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ([], ()),
        (["  For  the   TALK "], ("for the talk",)),
        (["shoes, boots", "Shoes"], ("shoes", "boots")),
        (["#best", "", " , "], ("best",)),
        (["ﬁne", "fine"], ("fine",)),  # a ligature is its letters
        (["ÄRGER"], ("ärger",)),
        (["x" * 24], ("x" * 24,)),
    ],
)
def test_tags_have_one_form(words: list[str], kept: tuple[str, ...]) -> None:
    assert tags.normal(words) == kept
    assert tags.normal(kept) == kept


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["x" * 25], "at most 24 characters"),
        ([f"tag {i}" for i in range(9)], "at most 8 tags. These are 9"),
        (["a\x1bb"], "can be seen"),
        (["a\u202eb"], "can be seen"),  # turns round what is written after it
    ],
)
def test_what_is_no_tag_is_refused_with_a_reason(words: list[str], why: str) -> None:
    with pytest.raises(UserError, match=why):
        tags.normal(words)


def test_a_run_is_tagged_and_its_tags_go_where_it_goes(library: Library, make: Make) -> None:
    folder = library.create(make())
    assert tags.of(library, folder) == ()
    assert tags.give(library, folder, ["Talk", "boots"]) == ("talk", "boots")
    assert tags.of(library, folder) == ("talk", "boots")
    library.delete(folder)
    with pytest.raises(UserError, match="any more"):
        tags.give(library, folder, ["late"])
    assert not folder.path.exists()
    back = library.restore(folder.name)
    assert tags.of(library, back) == ("talk", "boots")
    assert tags.give(library, back, []) == () == tags.of(library, back)


def test_a_model_of_the_gallery_is_tagged_in_the_library(library: Library, make: Make) -> None:
    shown, mine = RunFolder(library.gallery / "digits"), RunFolder(library.root / "digits")
    shown.save(make())
    mine.save(make())
    before = sorted(library.gallery.rglob("*"))
    tags.give(library, shown, ["theirs"])
    tags.give(library, mine, ["mine"])
    assert sorted(library.gallery.rglob("*")) == before
    again = Library(library.root, library.gallery)
    assert (tags.of(again, shown), tags.of(again, mine)) == (("theirs",), ("mine",))
    assert [folder.name for folder in again.runs()] == ["digits"]


@pytest.mark.parametrize("content", [b"", b"{", b'"talk"', b'{"a": 1}', b"[1]", b'["' + b"x" * 25 + b'"]', b"\xff"])
def test_a_file_that_is_no_list_of_tags_tags_nothing(library: Library, make: Make, content: bytes) -> None:
    folder = library.create(make())
    folder.file(tags.FILE).write_bytes(content)
    assert tags.of(library, folder) == ()
    with pytest.raises(UserError):
        tags.read(folder.file(tags.FILE))
    tags.give(library, folder, ["new"])
    assert tags.of(library, folder) == ("new",)


def test_tags_in_use_come_by_how_often() -> None:
    assert tags.in_use([("b", "c"), (), ("c", "a")]) == ["c", "a", "b"]
