"""The engine that only Amdahl has, and the parts of the service."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from quintet_server.engines.sql import SqlSettings, TenantSql
from quintet_server.services.amdahl.audit import Audit
from quintet_server.services.amdahl.context import Amdahl
from quintet_server.services.amdahl.query.catalog import CATALOG
from quintet_server.services.amdahl.settings import AmdahlSettings

__all__ = ["start_parts"]

FOLDER = "amdahl"


async def start_parts(runtime: Any, settings: AmdahlSettings, stack: AsyncExitStack) -> Amdahl:
    """Start the engines; `stack` stops them, last started first."""
    sql = TenantSql(runtime.db, CATALOG, SqlSettings())
    stack.push_async_callback(sql.stop)
    await sql.start()
    audit = Audit(runtime.db, runtime.clock, kept_days=settings.audit_kept_days)
    audit.start()
    stack.push_async_callback(audit.stop)
    return Amdahl(
        settings=settings,
        db=runtime.db,
        clock=runtime.clock,
        keys=runtime.keys,
        queue=runtime.queue,
        schedules=runtime.schedules,
        runs=runtime.runs,
        hooks=runtime.hooks,
        follower=runtime.follower,
        chat=runtime.chat,
        embedder=runtime.embedder,
        vectors=runtime.vectors,
        sql=sql,
        audit=audit,
        allow_private_targets=runtime.settings.server.allow_private_targets,
        data_dir=runtime.settings.server.data_dir / FOLDER,
        stopping=runtime.stopping,
    )
