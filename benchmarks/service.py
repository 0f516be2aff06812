"""The server under test: `quintet serve` on a durable PostgreSQL, access log off, defaults else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import cluster, new_database
from tests.support.server import ServerProcess


@contextmanager
def running_server(settings: Mapping[str, str] | None = None) -> Iterator[ServerProcess]:
    """Start a PostgreSQL and a server on it; both end with the block."""
    with (
        tempfile.TemporaryDirectory(prefix="quintet-bench-") as folder,
        cluster() as cluster_url,
        new_database(cluster_url) as url,
        ServerProcess(Path(folder) / "data", database_url=url, settings=settings) as server,
    ):
        yield server


def port_of(server: ServerProcess) -> int:
    """Return the port it listens on."""
    return int(server.url.rpartition(":")[2])
