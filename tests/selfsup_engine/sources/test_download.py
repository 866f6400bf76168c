"""Downloads from a server on this machine that breaks off, stalls, or has another file."""

from __future__ import annotations

import errno
import hashlib
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfsup_engine.sources import download
from selfsup_engine.sources.download import fetch

FILE = bytes(range(256)) * 4000
MD5 = hashlib.md5(FILE, usedforsecurity=False).hexdigest()


class Flaky(http.server.ThreadingHTTPServer):
    """Gives FILE. `breaks`: after how many bytes each of its next answers breaks off; `ranges`: it gives parts; `silent`: seconds
    without a word before the break."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks: list[int] = []
        self.ranges, self.content, self.silent = True, FILE, 0.0
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file"


class Handler(http.server.BaseHTTPRequestHandler):
    """One answer of `Flaky`."""

    server: Flaky

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.asked.append(wanted)
        begin = int(wanted[6:-1]) if wanted and self.server.ranges else 0
        if begin >= len(self.server.content):
            self.send_error(416)
            return
        body = self.server.content[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks:
            body = body[: self.server.breaks.pop(0)]
        self.wfile.write(body)
        self.wfile.flush()
        time.sleep(self.server.silent)

    def log_message(self, *about: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Flaky]:
    with Flaky() as flaky:
        threading.Thread(target=flaky.serve_forever, args=(0.01,), daemon=True).start()
        yield flaky
        flaky.shutdown()


def quiet(done: int) -> None:
    pass


def test_a_download_that_breaks_off_is_gone_on_from(server: Flaky, tmp_path: Path) -> None:
    server.breaks = [300_000, 300_000]
    seen: list[int] = []
    fetch([server.url], tmp_path / "f", MD5, seen.append)
    assert (tmp_path / "f").read_bytes() == FILE
    assert server.asked == [None, "bytes=300000-", "bytes=600000-"]
    assert seen == sorted(seen)
    assert seen[-1] == len(FILE)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_half_a_file_is_never_taken_for_the_whole_and_waits_for_the_next_time(server: Flaky, tmp_path: Path) -> None:
    server.breaks = [300_000, 0]
    with pytest.raises(OSError, match="the connection broke off"):
        fetch([server.url], tmp_path / "f", MD5, quiet)
    assert not (tmp_path / "f").exists()
    assert (tmp_path / "f.part").read_bytes() == FILE[:300_000]
    fetch([server.url], tmp_path / "f", MD5, quiet)
    assert (tmp_path / "f").read_bytes() == FILE
    assert server.asked[-1] == "bytes=300000-"


def test_a_server_that_gives_no_parts_gives_all_of_it_again(server: Flaky, tmp_path: Path) -> None:
    server.breaks, server.ranges = [300_000], False
    fetch([server.url], tmp_path / "f", MD5, quiet)
    assert (tmp_path / "f").read_bytes() == FILE


@pytest.mark.parametrize("left", [b"of another file", FILE + b"and more"])
def test_what_lies_there_of_another_file_is_thrown_away(server: Flaky, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "f.part").write_bytes(left)
    fetch([server.url], tmp_path / "f", MD5, quiet)
    assert (tmp_path / "f").read_bytes() == FILE


def test_a_server_that_stalls_is_given_up_and_a_mirror_goes_on(
    server: Flaky, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", 0.2)
    server.breaks, server.silent = [1000, 0], 1.0
    with pytest.raises(OSError, match="the server was silent"):
        fetch([server.url], tmp_path / "f", MD5, quiet)
    assert (tmp_path / "f.part").read_bytes() == FILE[:1000]
    server.silent = 0.0
    fetch(["http://127.0.0.1:9/file", server.url], tmp_path / "f", MD5, quiet)
    assert (tmp_path / "f").read_bytes() == FILE


def test_another_file_is_not_asked_for_again(server: Flaky, tmp_path: Path) -> None:
    server.content = b"<html>Please log in</html>"
    with pytest.raises(OSError, match="not the expected file"):
        fetch([server.url], tmp_path / "f", MD5, quiet)
    assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_says_so_and_keeps_what_was_fetched(server: Flaky, tmp_path: Path) -> None:
    def full(done: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space") as caught:
        fetch([server.url], tmp_path / "f", MD5, full)
    assert caught.value.errno == errno.ENOSPC
    assert (tmp_path / "f.part").stat().st_size > 0
