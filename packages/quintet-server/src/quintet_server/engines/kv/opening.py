"""Which store a server's cache is in."""

from __future__ import annotations

from quintet_server.engines.kv.model import Kv
from quintet_server.engines.kv.postgres import PostgresKv
from quintet_server.engines.kv.settings import KvSettings
from quintet_server.store.clock import Clock
from quintet_server.store.database import Database

__all__ = ["open_kv"]


def open_kv(settings: KvSettings, db: Database, clock: Clock) -> Kv:
    """The cache in Valkey when there is a URL, else in PostgreSQL; connects to nothing yet.

    Raises:
        ModuleNotFoundError: a URL is given and the extra `quintet-server[valkey]` is not installed.
    """
    if settings.url is None:
        return PostgresKv(db, settings)
    try:
        from quintet_server.engines.kv.valkey import ValkeyKv
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "CACHE_URL is set, but the library for Valkey is not installed: "
            'pip install "quintet-server[valkey]"',
            name=error.name,
        ) from error
    return ValkeyKv(settings.url.get_secret_value(), settings, clock.now)
