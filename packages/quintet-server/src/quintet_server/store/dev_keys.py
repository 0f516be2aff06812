"""Development keys: one per service, minted at the first start, kept in a file of the data folder.

They are what makes ``eval "$(quintet env)"`` enough to try a service. The file is readable by its
owner only. A database that does not know the keys of an existing file (a fresh one) is taught them;
a revoked key stays revoked.
"""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from quintet_server.store.database import Database
from quintet_server.store.key_formats import KEY_FORMATS
from quintet_server.store.keys import create_key, is_known

__all__ = ["ensure_dev_keys", "read_dev_keys"]

_FILE = "dev-keys.json"
# One process at a time, on whichever machine: the file and the database must agree.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('dev_keys', 0))"


def read_dev_keys(data_dir: Path) -> dict[str, str]:
    """Return service → key; empty when the server has never been started on this folder."""
    try:
        keys: dict[str, str] = orjson.loads((data_dir / _FILE).read_bytes())
    except FileNotFoundError:
        return {}
    return keys


async def ensure_dev_keys(db: Database, data_dir: Path) -> dict[str, str]:
    """Return one usable key per service, minting what is missing."""
    async with db.transaction() as conn:
        await conn.execute(_LOCK)
        keys = read_dev_keys(data_dir)
        wanted = {
            service: keys.get(service) or form.mint() for service, form in KEY_FORMATS.items()
        }
        for service, secret in wanted.items():
            if not await is_known(conn, secret):
                await create_key(conn, service, name="development", secret=secret)
        if wanted != keys:
            _write(data_dir / _FILE, orjson.dumps(wanted, option=orjson.OPT_INDENT_2))
    return wanted


def _write(path: Path, content: bytes) -> None:
    """Replace the file in one step, never readable by others, on disk before it is named."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
