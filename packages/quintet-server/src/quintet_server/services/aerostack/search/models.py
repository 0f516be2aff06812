"""Which embedding model a project's search uses, and changing it.

The two choices are the vendor's. `english` stands for the server's own embedding model,
`multilingual` for one that has to be asked for elsewhere: the model inside the server knows
English. What a choice stood for is kept with the project, so a server that is configured otherwise
later goes on with the model that made the vectors there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from quintet_server.engines.vectors.model import VectorItem, VectorRow
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.errors import conflict
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_ulid

__all__ = ["Choice", "Chosen", "change_model", "chosen_model", "hold_model", "model_of_choice"]

Choice = Literal["english", "multilingual"]

_PAGE_COUNT = 64
_PREFIX = "search:"

_LOOK = "SELECT choice, model, collection FROM aerostack_search_models WHERE project_id = %s"
_BEGIN = """
INSERT INTO aerostack_search_models (project_id, choice, model, collection)
VALUES (%s, %s, %s, %s) ON CONFLICT (project_id) DO NOTHING
"""
_CHANGE = """
UPDATE aerostack_search_models SET choice = %s, model = %s, collection = %s WHERE project_id = %s
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A project's model; without a collection nothing has been kept yet."""

    choice: str
    model: str
    collection: str | None = None


def model_of_choice(parts: Aerostack, choice: str) -> str:
    """The model that a choice stands for on this server now."""
    if choice == "multilingual":
        return parts.settings.search_multilingual_model
    return parts.embedder.model


async def chosen_model(parts: Aerostack, project_id: str) -> Chosen:
    """What the project has chosen; `english` if it never said."""
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_LOOK, (project_id,))).fetchone()
    return Chosen(*row) if row else Chosen("english", model_of_choice(parts, "english"))


async def hold_model(conn: Connection, project_id: str, expected: Chosen) -> Chosen:
    """The project's model, which cannot change before the end of the transaction.

    It is `expected` if the project had none.
    """
    statement = f"{_LOOK} FOR SHARE"
    row = await (await conn.execute(statement.encode(), (project_id,))).fetchone()
    if row is None:
        await _begin(conn, project_id, expected)
        row = await (await conn.execute(statement.encode(), (project_id,))).fetchone()
    assert row is not None  # nobody deletes it before its project
    return Chosen(*row)


async def change_model(parts: Aerostack, project_id: str, wanted: Chosen, dims: int) -> int:
    """Use another model; returns how many items had to be embedded again.

    Searches go on with the old vectors until the last of the new ones is there.

    Raises:
        ApiError: 409 when there are more items than may be embedded again, and when somebody else
            has changed the model at the same time.
        EmbeddingsUnavailable: nothing has changed.
    """
    async with parts.db.transaction() as conn:
        source = await _source(conn, project_id, wanted)
        kept = await parts.vectors.kept_model(conn, project_id, source)
        if kept is None or kept == (wanted.model, dims):
            await _put_in_place(conn, parts, project_id, wanted, source)
            return 0
    await _refuse_too_many(parts, project_id, source)
    target = _new_collection()
    try:
        return await _move(parts, project_id, wanted, source, target)
    except BaseException:
        async with parts.db.connection() as conn:
            await parts.vectors.delete(conn, project_id, target)
        raise


async def _source(conn: Connection, project_id: str, wanted: Chosen) -> str:
    """Where the project's vectors are; nobody writes any before the end of the transaction."""
    await _begin(conn, project_id, wanted)
    row = await (await conn.execute(f"{_LOOK} FOR UPDATE".encode(), (project_id,))).fetchone()
    assert row is not None  # made just now if there was none
    return str(row[2])


async def _move(parts: Aerostack, project_id: str, wanted: Chosen, source: str, target: str) -> int:
    """Embed page by page while others go on writing; only what is left at the end holds them up."""
    total, after = 0, ""
    while True:
        async with parts.db.connection() as conn:
            page = await parts.vectors.differing(
                conn, project_id, source, target, after=after, limit=_PAGE_COUNT
            )
        rows = await _embedded(parts, wanted.model, page)
        async with parts.db.transaction() as conn:
            await parts.vectors.put(conn, project_id, target, rows, wanted.model)
        total += len(page)
        if len(page) < _PAGE_COUNT:
            left = await _finish(parts, project_id, wanted, source, target)
            if left is not None:
                return total + left
            after = ""
        else:
            after = page[-1].id


async def _finish(
    parts: Aerostack, project_id: str, wanted: Chosen, source: str, target: str
) -> int | None:
    """Put the new vectors in place; None when too many items have come meanwhile."""
    async with parts.db.transaction() as conn:
        now = await _source(conn, project_id, wanted)
        if now != source:
            message = "The embedding model was changed by another request at the same time."
            raise conflict(message, "SEARCH_MODEL_CHANGED")
        page = await parts.vectors.differing(conn, project_id, source, target, limit=_PAGE_COUNT)
        if len(page) == _PAGE_COUNT:
            return None
        rows = await _embedded(parts, wanted.model, page)
        await parts.vectors.put(conn, project_id, target, rows, wanted.model)
        await parts.vectors.remove_missing(conn, project_id, source, target)
        await _put_in_place(conn, parts, project_id, wanted, target)
        return len(page)


async def _put_in_place(
    conn: Connection, parts: Aerostack, project_id: str, wanted: Chosen, collection: str
) -> None:
    await conn.execute(_CHANGE, (wanted.choice, wanted.model, collection, project_id))
    for name in await parts.vectors.names(conn, project_id, _PREFIX):
        # Also what a process left that died in the middle of a change.
        if name != collection:
            await parts.vectors.delete(conn, project_id, name)


async def _embedded(parts: Aerostack, model: str, items: Sequence[VectorItem]) -> list[VectorRow]:
    embeddings = await parts.embedder.of(model).embed([item.content for item in items])
    return [
        VectorRow(item.id, item.document_id, item.position, item.content, embedding, item.metadata)
        for item, embedding in zip(items, embeddings, strict=True)
    ]


async def _begin(conn: Connection, project_id: str, chosen: Chosen) -> None:
    values = (project_id, chosen.choice, chosen.model, _new_collection())
    await conn.execute(_BEGIN, values)


async def _refuse_too_many(parts: Aerostack, project_id: str, collection: str) -> None:
    count = await parts.vectors.count(project_id, collection)
    most = parts.settings.search_reembed_max_count
    if count > most:
        raise conflict(
            f"Another embedding model means embedding all {count} items of this project again, "
            f"and at most {most} are (QUINTET_AEROSTACK_SEARCH_REEMBED_MAX_COUNT): delete them "
            "and ingest them anew.",
            "SEARCH_TOO_MANY_ITEMS",
        )


def _new_collection() -> str:
    return f"{_PREFIX}{new_ulid()}"
