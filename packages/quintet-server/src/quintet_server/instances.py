"""Which servers run on a data folder: one small file per process, removed at its end.

``quintet env`` and ``quintet status`` read them. A killed server leaves its file behind, so a file
counts only while its process lives. The file may hold the password of a database and is readable by
its owner only.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from quintet_server.store.processes import is_running

__all__ = ["Instance", "announce", "running_instances"]


@dataclass(frozen=True, slots=True)
class Instance:
    """One running server."""

    pid: int
    url: str
    database_url: str | None
    """None: the embedded database of this folder."""


def _folder(data_dir: Path) -> Path:
    return data_dir / "servers"


@contextlib.contextmanager
def announce(data_dir: Path, url: str, database_url: str | None) -> Iterator[None]:
    """Leave a note that this process serves, as long as the block runs."""
    folder = _folder(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}.json"
    content = orjson.dumps(asdict(Instance(os.getpid(), url, database_url)))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running_instances(data_dir: Path) -> list[Instance]:
    """Return the servers that run on a folder, the longest-running first."""
    found = []
    for file in _folder(data_dir).glob("*.json"):
        try:
            since = file.stat().st_mtime
            instance = Instance(**orjson.loads(file.read_bytes()))
        except (OSError, ValueError, TypeError):
            continue  # being written or removed right now
        if is_running(instance.pid):
            found.append((since, instance))
    return [instance for _, instance in sorted(found, key=lambda one: one[0])]
