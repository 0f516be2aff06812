"""How a command that is not the server reaches the server's database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from quintet_server.cli.options import fail
from quintet_server.instances import running_instances
from quintet_server.logs import configure_logging
from quintet_server.settings import Settings
from quintet_server.store.database import Database, DatabaseTooOld, DatabaseUnreachable
from quintet_server.store.embedded import EmbeddedPostgres, EmbeddedPostgresError
from quintet_server.store.migrate import MigrationError, migrate

__all__ = ["data_dir_of", "missing_data", "with_database"]

T = TypeVar("T")


def data_dir_of(data_dir: Path | None) -> Path:
    """Return the data folder that an option, the environment or the default names."""
    return Settings.load(data_dir=data_dir).server.data_dir


def missing_data(data_dir: Path | None, database_url: str | None) -> str | None:
    """Return a sentence for the user if there is no database yet, None if there is one."""
    server = Settings.load(data_dir=data_dir, database_url=database_url).server
    folder = server.data_dir.expanduser().resolve()
    if server.database_url or running_instances(server.data_dir) or _may_hold_data(folder):
        return None
    return f"no data at {folder}: run `quintet serve` there once, or pass --data-dir"


def _may_hold_data(folder: Path) -> bool:
    """Tell whether to look closer; what cannot be looked into is for the start to complain of."""
    try:
        return EmbeddedPostgres(folder).exists() or folder.is_file()
    except (EmbeddedPostgresError, OSError):
        return True


def with_database(
    data_dir: Path | None,
    database_url: str | None,
    work: Callable[[Database], Awaitable[T]],
    *,
    may_create: bool = False,
) -> T:
    """Run ``work`` with the database, brought up to date; ends the command on failure.

    The database is the one named by option or environment, else the one that a server running on
    the data folder uses, else the embedded one: attached to if it runs, started for the moment if
    it does not. An embedded one that does not exist yet is made only if ``may_create``: a mistyped
    folder must not become a database.
    """
    configure_logging(Settings.load().log)  # standard output is for the command's own words
    if not may_create and (sentence := missing_data(data_dir, database_url)):
        fail(sentence)
    try:
        return asyncio.run(_run(data_dir, database_url, work))
    except (
        *(DatabaseUnreachable, DatabaseTooOld, EmbeddedPostgresError),
        *(MigrationError, OSError),
    ) as error:
        fail(str(error))


async def _run(
    data_dir: Path | None, database_url: str | None, work: Callable[[Database], Awaitable[T]]
) -> T:
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(_url(data_dir, database_url))
        db = await Database.open(url, max_size=2, application_name="quintet-cli", wait_seconds=5)
        stack.push_async_callback(db.close)
        await migrate(db)
        return await work(db)


@contextlib.asynccontextmanager
async def _url(data_dir: Path | None, database_url: str | None) -> AsyncIterator[str]:
    server = Settings.load(data_dir=data_dir, database_url=database_url).server
    named = server.database_url or next(
        (found.database_url for found in running_instances(server.data_dir)), None
    )
    if named is not None:
        yield named
        return
    postgres = EmbeddedPostgres(server.data_dir)
    url = await asyncio.to_thread(postgres.start)
    try:
        yield url
    finally:
        await asyncio.to_thread(postgres.stop)
