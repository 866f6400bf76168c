from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from selfsup_engine import host

GB = 10**9
Groups = Callable[[str, dict[str, str]], None]


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Groups:
    """A machine of eight processors and 64 GB, 40 of them free, whose kernel tells of groups: `groups("0::/a", {"a/cpu.max": "max"})`."""
    root, ours = tmp_path / "cgroup", tmp_path / "ours"
    monkeypatch.setattr(host, "GROUPS", root)
    monkeypatch.setattr(host, "OURS", ours)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(host.psutil, "virtual_memory", lambda: SimpleNamespace(total=64 * GB, available=40 * GB))

    def tell(where: str, files: dict[str, str]) -> None:
        ours.write_text(where + "\n")
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content + "\n")

    return tell


def test_without_groups_it_is_the_machine(groups: Groups) -> None:
    assert host.cores() == 8
    assert host.memory() == (64 * GB, 40 * GB)
    groups("0::/", {"memory.max": "max", "memory.current": "5", "cpu.max": "max 100000"})
    assert host.cores() == 8
    assert host.memory() == (64 * GB, 40 * GB)


@pytest.mark.parametrize(
    ("quota", "cores"), [("50000 100000", 1), ("150000 100000", 1), ("200000 100000", 2), ("9900000 100000", 8)]
)
def test_a_quota_gives_fewer_processors(groups: Groups, quota: str, cores: int) -> None:
    groups("0::/", {"cpu.max": quota})
    assert host.cores() == cores


def test_a_containers_memory_is_its_limit_less_what_it_uses(groups: Groups) -> None:
    limit = {"memory.max": str(2 * GB), "memory.current": str(1_500_000_000)}
    groups("0::/", limit)
    assert host.memory() == (2 * GB, 500_000_000)
    groups("0::/", limit | {"memory.stat": "anon 3\ninactive_file 300000000"})  # files that were read make room at once
    assert host.memory() == (2 * GB, 800_000_000)
    files = "inactive_file 300000000\nactive_file 200000000\nfile_mapped 50000000"  # but not what programs run from
    groups("0::/", limit | {"memory.stat": files})
    assert host.memory() == (2 * GB, 950_000_000)
    groups("0::/", limit | {"memory.stat": "inactive_file 3\nactive_file 2\nfile_mapped 9"})
    assert host.memory() == (2 * GB, 500_000_000)
    groups("0::/", limit | {"memory.current": str(3 * GB)})
    assert host.memory().free == 0


def test_the_tightest_of_nested_groups_holds(groups: Groups) -> None:
    groups(
        "0::/user/app",
        {
            "user/app/memory.max": "max",
            "user/app/memory.current": "7",
            "user/memory.max": str(4 * GB),
            "user/memory.current": str(GB),
            "user/app/cpu.max": "400000 100000",
            "user/cpu.max": "300000 100000",
        },
    )
    assert host.memory() == (4 * GB, 3 * GB)
    assert host.cores() == 3


def test_the_older_layout_is_read_too(groups: Groups) -> None:
    groups(
        "5:cpuacct,cpu:/docker/abc\n4:memory:/docker/abc\n0::/",  # of which the container sees only the root
        {
            "memory/memory.limit_in_bytes": str(3 * GB),
            "memory/memory.usage_in_bytes": str(GB),
            "memory/memory.stat": "inactive_file 9\ntotal_inactive_file 400000000\ntotal_active_file 130000000\nmapped_file 8\ntotal_mapped_file 30000000",
            "cpu/cpu.cfs_quota_us": "200000",
            "cpu/cpu.cfs_period_us": "100000",
        },
    )
    assert host.memory() == (3 * GB, 2_500_000_000)
    assert host.cores() == 2


def test_the_older_layouts_no_limit_is_none(groups: Groups) -> None:
    groups(
        "5:cpu:/\n4:memory:/",
        {
            "memory/memory.limit_in_bytes": "9223372036854771712",
            "memory/memory.usage_in_bytes": "77",
            "cpu/cpu.cfs_quota_us": "-1",
            "cpu/cpu.cfs_period_us": "100000",
        },
    )
    assert host.memory() == (64 * GB, 40 * GB)
    assert host.cores() == 8


def test_files_are_tried_and_leave_nothing(tmp_path: Path, disk: Callable[[int], None]) -> None:
    assert host.takes_files(tmp_path)
    assert host.takes_files(tmp_path / "not" / "there" / "yet")
    assert list(tmp_path.iterdir()) == []
    for number in (errno.ENOSPC, errno.EROFS):
        disk(number)
        assert not host.takes_files(tmp_path)


def test_free_space_is_that_of_the_folders_disk(tmp_path: Path) -> None:
    assert host.disk_free(tmp_path) > 0
    assert host.existing(tmp_path / "not" / "there" / "yet") == tmp_path
