"""A PostgreSQL of our own, for servers that share one database."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from quintet_server.store.embedded import EmbeddedPostgres
from tests.support.waiting import until

_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 4 << 30
_MEMORY_FACTS = Path("/proc/meminfo")
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def volatile_folder() -> Path:
    """Where clusters go that need not outlive the machine: into memory, if there is plenty.

    To copy a database is to make some 400 files, which takes a disk's file system ten times as long
    (about 0.7 s of one core).
    """
    if min(_room(), _spare_memory()) >= _MEMORY_BYTES:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _room() -> int:
    return shutil.disk_usage(_MEMORY).free if os.access(_MEMORY, os.W_OK | os.X_OK) else 0


def _spare_memory() -> int:
    """What a file system in memory may take, for itself it tells only how large it may get.

    As much as the kernel could give, and half of what a container may use at all.
    """
    words = {path: _words(path) for path in (_MEMORY_FACTS, *_CONTAINER_LIMITS)}
    facts = words.pop(_MEMORY_FACTS)
    available = facts[facts.index("MemAvailable:") + 1] if "MemAvailable:" in facts else "0"
    limits = [int(found[0]) // 2 for found in words.values() if found and found[0].isdigit()]
    return min(int(available) * 1024, *limits, sys.maxsize)


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


@functools.cache
def _connection(cluster_url: str) -> psycopg.Connection[tuple[object, ...]]:
    conn = psycopg.connect(cluster_url, autocommit=True)
    atexit.register(conn.close)
    return conn


def _living_connection(cluster_url: str) -> psycopg.Connection[tuple[object, ...]]:
    """One connection for all databases of this process; another if the cluster was restarted."""
    with contextlib.suppress(psycopg.OperationalError):
        _connection(cluster_url).execute("SELECT 1")
    if _connection(cluster_url).closed:
        _connection.cache_clear()
    return _connection(cluster_url)


def on_cluster(cluster_url: str, statement: str, *names: str) -> None:
    """Create or drop a database; `{}` in the statement stands for its name.

    PostgreSQL waits five seconds for the connections to a database to be gone, also for those that
    it ends itself. On a busy machine that may be too short; then it is told once more.
    """

    def is_done() -> bool:
        try:
            conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        except psycopg.errors.ObjectInUse:
            return False
        return True

    conn = _living_connection(cluster_url)
    until(is_done)


@contextlib.contextmanager
def cluster(*, durable: bool = True) -> Iterator[str]:
    """Run an embedded cluster and yield its URL; `DATABASE_URL` names another to use instead."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    where = None if durable else volatile_folder()
    folder = Path(tempfile.mkdtemp(prefix="quintet-cluster-", dir=where))
    folder.chmod(0o711)  # the unprivileged user that PostgreSQL runs as passes through
    postgres = EmbeddedPostgres(folder, durable=durable)
    try:
        yield postgres.start()
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def new_database(cluster_url: str) -> Iterator[str]:
    """Yield the URL of an empty database, dropped afterwards."""
    name = f"support_{uuid.uuid4().hex[:12]}"
    on_cluster(cluster_url, "CREATE DATABASE {}", name)
    try:
        yield make_conninfo(cluster_url, dbname=name)
    finally:
        on_cluster(cluster_url, "DROP DATABASE {} WITH (FORCE)", name)
