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
    with psycopg.connect(cluster_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield make_conninfo(cluster_url, dbname=name)
    finally:
        with psycopg.connect(cluster_url, autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
