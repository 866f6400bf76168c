"""What a page has offered can be fetched while it is drawn anew, by whomever; it is forgotten after a while, or with its visitor."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from streamlit.runtime import media_file_manager
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from dashboard import leftovers


@dataclass
class Host:
    """A server's files, whose visitor is drawing now, and a clock."""

    visitor: str = "one"
    now: float = 1000.0
    storage: MemoryMediaFileStorage = field(default_factory=lambda: MemoryMediaFileStorage("/media"))

    def __post_init__(self) -> None:
        self.files = MediaFileManager(self.storage)

    def draws(self, visitor: str, *offers: str) -> list[str]:
        """A page from its beginning to its end: the addresses of what it offers."""
        self.visitor = visitor
        self.files.clear_session_refs()
        offered = [self.files.add_deferred(offer.encode, "text/plain", f"0.{i}") for i, offer in enumerate(offers)]
        self.files.remove_orphaned_files()
        return offered

    def press(self, offered: str) -> str:
        return self.files.execute_deferred(offered)

    def fetch(self, url: str) -> bytes:
        return self.storage.get_file(url.removeprefix("/media/")).content


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    for name in ("remove_orphaned_files", "clear_session_refs"):
        monkeypatch.setattr(MediaFileManager, name, getattr(MediaFileManager, name))  # as it was, after the test
    leftovers.mend()
    host = Host()
    monkeypatch.setattr(media_file_manager, "_get_session_id", lambda: host.visitor)
    monkeypatch.setattr(leftovers, "time", SimpleNamespace(monotonic=lambda: host.now))
    return host


def test_what_is_pressed_while_its_page_and_others_are_drawn_anew_is_made_and_can_be_fetched(host: Host) -> None:
    (offered,) = host.draws("one", "a")
    host.visitor = "one"
    host.files.clear_session_refs()  # its page begins
    for _ in range(3):
        host.draws("other", "b")
    url = host.press(offered)
    for _ in range(3):
        host.draws("other", "b")
    assert host.fetch(url) == b"a"


def test_a_picture_can_be_fetched_after_the_next_was_drawn_in_its_place(host: Host) -> None:
    url = host.files.add(b"picture", "image/png", "0.0")
    host.files.add(b"next", "image/png", "0.0")
    host.draws("other")
    assert host.fetch(url) == b"picture"


def test_what_no_page_names_is_forgotten_after_a_while_and_not_before(host: Host) -> None:
    (offered,) = host.draws("one", "a")
    url = host.press(offered)
    host.draws("one", "b")
    host.now += leftovers.LASTS - 1
    host.draws("one", "b")
    assert host.fetch(host.press(offered)) == b"a"
    host.now += 2
    host.draws("one", "b")
    with pytest.raises(MediaFileStorageError):
        host.press(offered)
    with pytest.raises(MediaFileStorageError):
        host.fetch(url)


def test_what_is_named_again_begins_anew(host: Host) -> None:
    url = host.files.add(b"picture", "image/png", "0.0")
    host.draws("one")
    host.now += leftovers.LASTS - 1
    host.files.add(b"picture", "image/png", "0.0")
    host.files.remove_orphaned_files()
    host.draws("one")
    host.now += 2
    host.draws("one")
    assert host.fetch(url) == b"picture"


def test_with_a_visitor_goes_what_its_page_could_make_but_nobody_else_s(host: Host) -> None:
    (before,) = host.draws("one", "a")
    (offered,) = host.draws("one", "b")
    (other,) = host.draws("other", "c")
    host.files.clear_session_refs("one")
    for gone in (before, offered):
        with pytest.raises(MediaFileStorageError):
            host.press(gone)
    assert host.fetch(host.press(other)) == b"c"


def test_nothing_stays_for_ever(host: Host) -> None:
    for i in range(50):
        host.press(host.draws("one", f"{i}")[0])
        host.now += 1
    assert len(host.files._deferred_callables) + len(host.files._file_metadata) <= 2 * (leftovers.LASTS + 2)
    host.files.clear_session_refs("one")
    host.now += leftovers.LASTS
    host.draws("other")
    host.now += leftovers.LASTS
    host.draws("other")
    assert (host.files._deferred_callables, host.files._file_metadata) == ({}, {})
