"""`/data/ingest`, `/data/explore`, `/data/search`, `/data/documents` and `/search/…`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from quintet_server.engines.sql import SqlError
from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.data import bodies
from quintet_server.services.amdahl.data.documents import KINDS, delete_document
from quintet_server.services.amdahl.data.embedding import start
from quintet_server.services.amdahl.data.exploring import (
    describe_clusters,
    describe_knowledge,
    describe_tables,
)
from quintet_server.services.amdahl.data.filter_lane import ask
from quintet_server.services.amdahl.data.filters import (
    OPERATORS,
    BadFilter,
    Filter,
    Metric,
    Order,
    Question,
)
from quintet_server.services.amdahl.data.ingesting import ingest
from quintet_server.services.amdahl.data.searching import SemanticUnavailable, find_documents
from quintet_server.services.amdahl.data.tables import TABLES
from quintet_server.services.amdahl.endpoints import Endpoint
from quintet_server.services.amdahl.errors import invalid_argument, not_found, unavailable
from quintet_server.services.amdahl.listing import common_filters, envelope, list_args
from quintet_server.services.amdahl.query.refusals import refusal_of
from quintet_server.services.amdahl.wire import instant, no_content_reply, ok
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["ENDPOINTS", "KINDS", "start"]

_INGEST_MAX_BYTES = 16 * 1024 * 1024

_MATCHING = """
FROM amdahl_documents WHERE project_id = %(project)s
  AND (%(q)s::text IS NULL OR strpos(lower(title || ' ' || name), lower(%(q)s)) > 0)
  AND (%(created_at_gte)s::timestamptz IS NULL OR created_at >= %(created_at_gte)s)
  AND (%(created_at_lte)s::timestamptz IS NULL OR created_at <= %(created_at_lte)s)
  AND (%(updated_at_gte)s::timestamptz IS NULL OR updated_at >= %(updated_at_gte)s)
  AND (%(updated_at_lte)s::timestamptz IS NULL OR updated_at <= %(updated_at_lte)s)
"""
_LIST = f"""
SELECT id, name, title, source, content_type, metadata, piece_count, created_at, updated_at
{_MATCHING}
  AND (%(after)s::timestamptz IS NULL OR (created_at, id) < (%(after)s, %(after_id)s::text))
ORDER BY created_at DESC, id DESC OFFSET %(offset)s LIMIT %(limit)s
"""
_TOTAL = f"SELECT count(*) {_MATCHING}"


async def explore(call: Call, body: bodies.Explore) -> Response:
    """Describe tables, clusters and knowledge."""
    parts, project_id = call.parts, call.project_id
    shown: dict[str, Any] = {}
    if body.scope in ("all", "schema"):
        shown["tables"] = await describe_tables(
            parts, project_id, with_samples=body.include_samples
        )
    if body.scope in ("all", "clusters"):
        shown["clusters"] = await describe_clusters(parts, project_id)
    if body.scope in ("all", "knowledge"):
        shown["knowledge"] = await describe_knowledge(parts, project_id)
    return ok(shown)


async def search(call: Call, body: bodies.Search) -> Response:
    """Find knowledge documents."""
    try:
        found = await find_documents(call.parts, call.project_id, body.query, body.mode, body.limit)
    except SemanticUnavailable as error:
        raise _no_meaning(error) from error
    results = [
        {
            "id": hit.id,
            "title": hit.title,
            "snippet": hit.snippet,
            "score": round(hit.score, 6),
            "source": hit.source,
        }
        for hit in found.hits
    ]
    shown: dict[str, Any] = {"results": results, "mode_ran": found.mode_ran}
    if found.notice is not None:
        shown["notice"] = found.notice
    return ok(shown)


async def search_query(call: Call, body: bodies.SearchQuery) -> Response:
    """Rows or figures by filters, words or meaning."""
    try:
        answer = await ask(call.parts, call.project_id, _question(body), body.query, body.mode)
    except BadFilter as error:
        raise invalid_argument(str(error), error.at, allowed=error.allowed) from error
    except SemanticUnavailable as error:
        raise _no_meaning(error) from error
    except SqlError as error:
        raise refusal_of(error) from error
    compiled = answer.compiled
    return ok(
        {
            "success": True,
            "mode_ran": answer.mode_ran,
            "results": answer.rows,
            "truncated": answer.truncated,
            "compiled": {
                "sql": compiled.sql,
                "params": compiled.params,
                "filters": compiled.filters,
            },
            "timing": {"total_ms": answer.total_ms},
            # Rows are read where they are written: they are as new as the answer.
            "freshness": {
                "source": "live",
                "synced_at": instant(datetime.fromtimestamp(call.parts.clock.now(), UTC)),
            },
        }
    )


def _question(body: bodies.SearchQuery) -> Question:
    table = TABLES.get(body.surface)
    if table is None:
        message = f"{body.surface[:100]!r} is not one of {', '.join(TABLES)}"
        raise BadFilter(message, "surface", list(TABLES))
    return Question(
        table,
        filters=[Filter(each.field, each.op, each.value) for each in body.filters],
        group_by=body.group_by,
        metrics=[Metric(each.fn, each.field, each.alias) for each in body.metrics],
        order_by=[Order(each.field, each.dir == "desc") for each in body.order_by or []],
        limit=body.limit,
    )


def _no_meaning(error: SemanticUnavailable) -> Exception:
    return unavailable(f"Nothing can be searched by meaning: {error}.", mode="semantic")


async def search_fields(call: Call) -> Response:
    """What can be filtered by."""
    surfaces = [
        {
            "surface": table.name,
            "fields": [
                {
                    "name": column.name,
                    "type": column.type,
                    "description": column.description,
                    "operators": OPERATORS[column.type],
                }
                for column in table.columns
            ],
        }
        for table in TABLES.values()
    ]
    return ok({"surfaces": surfaces})


async def list_documents(call: Call) -> Response:
    """List knowledge documents, the latest first."""
    filters = common_filters(call).as_mapping()
    del filters["status"]  # documents have none
    args = list_args(call, **filters)
    after, after_id = args.after or (None, None)
    values = {
        **filters,
        "project": call.project_id,
        "after": after,
        "after_id": after_id,
        "offset": args.offset,
        "limit": args.limit + 1,
    }
    async with call.parts.db.connection() as conn:
        rows = await (await conn.execute(_LIST.encode(), values)).fetchall()
        total = await (await conn.execute(_TOTAL.encode(), values)).fetchone()
    keys = [(row[7], row[0]) for row in rows]
    return ok(envelope([_document(row) for row in rows], total[0] if total else 0, args, keys))


def _document(row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("id", "name", "title", "source", "content_type", "metadata", "piece_count")
    shown = dict(zip(names, row, strict=False))
    return {**shown, "created_at": instant(row[7]), "updated_at": instant(row[8])}


async def remove_document(call: Call) -> Response:
    """Delete a knowledge document."""
    id = call.path("id")

    async def action(conn: Connection) -> Reply:
        if "\x00" in id or not await delete_document(conn, call.project_id, id):
            raise not_found("Document", id)
        return no_content_reply()

    return await write(call, action)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/data/ingest",
        handler=ingest,
        operation_id="data.ingest",
        summary="Write rows",
        scope="data:write",
        role="editor",
        request=bodies.Ingest,
        response=bodies.Ingested,
        body_max_bytes=_INGEST_MAX_BYTES,
        description="A row replaces the one with its key. Interactions without an `id` get one "
        "made of their values, so a row that is sent again is still one row. All rows are written, "
        "or none.",
    ),
    Endpoint(
        path="/data/explore",
        handler=explore,
        operation_id="data.explore",
        summary="Describe the data",
        scope="data:read",
        request=bodies.Explore,
        response=bodies.Explored,
    ),
    Endpoint(
        path="/data/search",
        handler=search,
        operation_id="data.search",
        summary="Search the knowledge documents",
        scope="data:read",
        request=bodies.Search,
        response=bodies.Searched,
        description="Without embeddings `hybrid` searches by words alone and says so in `notice`.",
    ),
    Endpoint(
        path="/data/documents",
        handler=list_documents,
        operation_id="data.documents.list",
        summary="List the knowledge documents",
        scope="data:read",
        response=bodies.Documents,
        method="GET",
    ),
    Endpoint(
        path="/data/documents/{id}",
        handler=remove_document,
        operation_id="data.documents.delete",
        summary="Delete a knowledge document",
        scope="data:write",
        role="editor",
        status=204,
        method="DELETE",
    ),
    Endpoint(
        path="/search/query",
        handler=search_query,
        operation_id="search.query",
        summary="Find rows or figures without SQL",
        scope="data:read",
        request=bodies.SearchQuery,
        response=bodies.SearchQueried,
        description="At most 32 filters, all of which hold. `auto` is `filter` without a query, "
        "otherwise `fuzzy`, and `semantic` if that finds nothing.",
    ),
    Endpoint(
        path="/search/fields",
        handler=search_fields,
        operation_id="search.fields",
        summary="List what can be filtered by",
        scope="data:read",
        response=bodies.Surfaces,
        method="GET",
    ),
)
