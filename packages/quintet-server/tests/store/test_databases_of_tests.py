"""The databases that tests make: where their cluster is, and over which connection."""

from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.support import postgres
from tests.support.postgres import new_database, volatile_folder

PLENTY = 4 << 30


@pytest.mark.parametrize(
    ("room", "memory", "is_in_memory"),
    [(PLENTY, PLENTY, True), (PLENTY - 1, PLENTY, False), (PLENTY, PLENTY - 1, False)],
)
def test_cluster_is_in_memory_only_if_there_is_plenty(
    monkeypatch: pytest.MonkeyPatch, room: int, memory: int, is_in_memory: bool
) -> None:
    monkeypatch.setattr(postgres, "_room", lambda: room)
    monkeypatch.setattr(postgres, "_spare_memory", lambda: memory)
    disk = Path(tempfile.gettempdir())
    assert volatile_folder() == (Path("/dev/shm") if is_in_memory else disk)


@pytest.mark.parametrize(
    ("available", "limit", "spare"),
    [
        ("9000000 kB", "max", 9_000_000 * 1024),
        ("9000000 kB", "6000000000", 3_000_000_000),
        ("900 kB", "6000000000", 900 * 1024),
        (None, "6000000000", 0),
    ],
)
def test_spare_memory_is_what_kernel_and_container_allow(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    available: str | None,
    limit: str,
    spare: int,
) -> None:
    facts, limits = tmp_path / "meminfo", tmp_path / "memory.max"
    if available:
        facts.write_text(f"MemTotal: 1 kB\nMemAvailable:   {available}\nBuffers: 7 kB\n")
    limits.write_text(f"{limit}\n")
    monkeypatch.setattr(postgres, "_MEMORY_FACTS", facts)
    monkeypatch.setattr(postgres, "_CONTAINER_LIMITS", (limits, tmp_path / "none"))
    assert postgres._spare_memory() == spare


def test_machine_without_a_folder_in_memory_has_no_room_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "_MEMORY", tmp_path / "none")
    assert volatile_folder() == Path(tempfile.gettempdir())


def test_database_is_made_over_the_same_connection_until_that_is_lost(cluster_url: str) -> None:
    with new_database(cluster_url):
        first = postgres._connection(cluster_url)
    assert postgres._connection(cluster_url) is first
    with psycopg.connect(cluster_url, autocommit=True) as conn:
        ended = conn.execute(
            "SELECT pg_terminate_backend(%s, 30000)", [first.info.backend_pid]
        ).fetchone()
    assert ended == (True,)
    with new_database(cluster_url) as url, psycopg.connect(url) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)
    assert postgres._connection(cluster_url) is not first
