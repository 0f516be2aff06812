"""A PostgreSQL of our own, for servers that share one database."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from quintet_server.store.embedded import EmbeddedPostgres
from tests.support.waiting import until


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

    with psycopg.connect(cluster_url, autocommit=True) as conn:
        until(is_done)


@contextmanager
def cluster(*, durable: bool = True) -> Iterator[str]:
    """Run an embedded cluster and yield its URL; `DATABASE_URL` names another to use instead."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="quintet-cluster-"))
    folder.chmod(0o711)  # the unprivileged user that PostgreSQL runs as passes through
    postgres = EmbeddedPostgres(folder, durable=durable)
    try:
        yield postgres.start()
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_database(cluster_url: str) -> Iterator[str]:
    """Yield the URL of an empty database, dropped afterwards."""
    name = f"support_{uuid.uuid4().hex[:12]}"
    on_cluster(cluster_url, "CREATE DATABASE {}", name)
    try:
        yield make_conninfo(cluster_url, dbname=name)
    finally:
        on_cluster(cluster_url, "DROP DATABASE {} WITH (FORCE)", name)
