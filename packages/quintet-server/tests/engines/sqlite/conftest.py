"""Databases in a folder of their own: `databases` with the defaults, `opened(...)` with others."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from quintet_server.engines.sqlite import Databases, SqliteSettings

Opened = Callable[..., AbstractAsyncContextManager[Databases]]

FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
# What a test does not let run out on purpose must not do so on a busy machine either.
PATIENT = {"statement_seconds": 60.0, "wait_seconds": 60.0}


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    @contextlib.asynccontextmanager
    async def open_them(**settings: Any) -> AsyncIterator[Databases]:
        now = settings.pop("now", None)
        more = {} if now is None else {"now": now}
        databases = Databases(SqliteSettings(**PATIENT | settings), tmp_path / "sqlite", **more)
        await databases.start()
        try:
            yield databases
        finally:
            await databases.stop()

    return open_them


@pytest.fixture
async def databases(opened: Opened) -> AsyncIterator[Databases]:
    async with opened() as those:
        yield those
