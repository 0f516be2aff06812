"""What a tenant has: tables with examples of their values, groups of utterances, documents."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from quintet_server.engines.embed.model import EmbeddingsUnavailable
from quintet_server.services.amdahl.data.clustering import ClustersUnavailable, find_clusters
from quintet_server.services.amdahl.data.tables import TABLES, ColumnInfo, Table
from quintet_server.services.amdahl.wire import instant

if TYPE_CHECKING:
    from quintet_server.services.amdahl.context import Amdahl

__all__ = ["describe_clusters", "describe_knowledge", "describe_tables"]

_SAMPLES_COUNT = 5
_SAMPLE_MAX_CHARS = 120
# Distinct values are looked for in the latest so many rows.
_LOOKED_AT_COUNT = 1_000

_WAITING = "SELECT count(*) FROM amdahl_unembedded WHERE project_id = %s AND kind = 'interaction'"
_KNOWLEDGE = """
SELECT count(*), coalesce(sum(piece_count), 0), max(updated_at) FROM amdahl_documents
WHERE project_id = %s
"""


async def describe_tables(
    parts: Amdahl, project_id: str, *, with_samples: bool
) -> list[dict[str, Any]]:
    """Each table with its columns; `samples` are values that are there, or empty."""
    described = []
    for table in TABLES.values():
        count = 0
        samples: list[list[Any]] = [[] for _ in table.columns]
        if with_samples:
            count, samples = await _samples(parts, project_id, table)
        columns = [
            {
                "name": column.name,
                "type": column.type,
                "nullable": column.nullable,
                "description": column.description,
                "samples": values,
            }
            for column, values in zip(table.columns, samples, strict=True)
        ]
        shown: dict[str, Any] = {"name": table.name, "columns": columns}
        if with_samples:
            shown["row_count"] = count
        described.append(shown)
    return described


async def _samples(parts: Amdahl, project_id: str, table: Table) -> tuple[int, list[list[Any]]]:
    async with parts.db.connection() as conn:
        found = await conn.execute(_sampling(table.name).encode(), {"project": project_id})
        row = await found.fetchone()
    assert row is not None  # of aggregates
    return row[0], [[_shown(value) for value in values or ()] for values in row[1:]]


@cache
def _sampling(name: str) -> str:
    table = TABLES[name]
    listed = ", ".join(_distinct(column) for column in table.columns)
    latest = '"timestamp" DESC' if table.column("timestamp") else f'"{table.key}"'
    return f"""
SELECT (SELECT count(*) FROM {table.kept_in} WHERE project_id = %(project)s), {listed}
FROM (SELECT * FROM {table.kept_in} WHERE project_id = %(project)s
      ORDER BY {latest} LIMIT {_LOOKED_AT_COUNT}) latest
"""


def _distinct(column: ColumnInfo) -> str:
    name = f'"{column.name}"'
    value, condition = name, f"{name} IS NOT NULL"
    if column.type == "STRING":
        value = f"left({name}, {_SAMPLE_MAX_CHARS})"
    elif column.type == "JSON":
        value, condition = f"{name}::text", f"length({name}::text) <= {4 * _SAMPLE_MAX_CHARS}"
    return f"(array_agg(DISTINCT {value}) FILTER (WHERE {condition}))[1:{_SAMPLES_COUNT}]" + (
        "::jsonb[]" if column.type == "JSON" else ""
    )


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    return orjson.loads(value) if isinstance(value, bytes) else value


async def describe_clusters(parts: Amdahl, project_id: str) -> dict[str, Any]:
    """The groups of utterances; `available` is false where no vectors can be made."""
    try:
        clusters = await find_clusters(parts, project_id)
        if not clusters:  # nothing has a vector yet: will it ever?
            await parts.embedder.embed(["interactions"])
    except (EmbeddingsUnavailable, ClustersUnavailable) as error:
        return {"available": False, "count": 0, "reason": str(error)}
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_WAITING, (project_id,))).fetchone()
    items = [
        {
            "label": cluster.label,
            "size": cluster.size,
            "share": cluster.share,
            "sentiment": cluster.sentiment,
            "examples": cluster.examples,
        }
        for cluster in clusters
    ]
    waiting = row[0] if row else 0
    return {"available": True, "count": len(items), "pending": waiting, "items": items}


async def describe_knowledge(parts: Amdahl, project_id: str) -> dict[str, Any]:
    """How many documents there are, in how many pieces, and when the latest was applied."""
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_KNOWLEDGE, (project_id,))).fetchone()
    assert row is not None  # of aggregates
    return {"documents": row[0], "pieces": int(row[1]), "updated_at": instant(row[2])}
