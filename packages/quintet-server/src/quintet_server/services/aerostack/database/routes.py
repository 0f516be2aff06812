"""The endpoints of the database."""

from __future__ import annotations

from quintet_server.services.aerostack.database import models, queries
from quintet_server.services.aerostack.endpoints import Endpoint

__all__ = ["ENDPOINTS"]

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/db/query",
        handler=queries.db_query,
        operation_id="dbQuery",
        summary="Execute an SQL query",
        description="One statement of SQLite, a transaction by itself; it is on disk when the "
        "answer arrives. With an `Idempotency-Key` a statement that writes is carried out once.",
        scope="database",
        request=models.DbQuery,
        response=models.DbQueryDone,
    ),
    Endpoint(
        path="/db/batch",
        handler=queries.db_batch,
        operation_id="dbBatch",
        summary="Execute several SQL queries",
        description=f"Up to {models.BATCH_MAX_COUNT} statements, in order. One that fails says so "
        "in its place and the others still apply, unless `atomic` makes them one transaction.",
        scope="database",
        request=models.DbBatch,
        response=models.DbBatchDone,
    ),
)
