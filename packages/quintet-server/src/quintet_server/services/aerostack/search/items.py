"""Items of a project's search: kept with a vector each, replaced, found and deleted.

An item is one row with one vector; its type is what the vectors' engine calls a document, which is
what can be chosen, counted and deleted together there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from quintet_server.engines.vectors.model import VectorHit, VectorItem, VectorRow
from quintet_server.services.aerostack.context import Aerostack, Call, write
from quintet_server.services.aerostack.errors import not_found
from quintet_server.services.aerostack.search.failures import refused
from quintet_server.services.aerostack.search.models import Chosen, chosen_model, hold_model
from quintet_server.services.aerostack.wire import ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["Item", "find_item", "ingest", "search", "update"]


@dataclass(frozen=True, slots=True)
class Item:
    """What is to be found; None in an update means as it was."""

    id: str
    content: str
    type: str | None
    metadata: Mapping[str, Any] | None


class _ModelChanged(Exception):
    """The vector in hand is of a model that is not the project's any more."""


async def ingest(call: Call, item: Item) -> Response:
    """Keep an item in place of the one of the same id, if there is one."""
    return await _keep(call, item, is_update=False)


async def update(call: Call, item: Item) -> Response:
    """Replace an item. Raises ApiError: 404 when there is none of this id."""
    return await _keep(call, item, is_update=True)


async def _keep(call: Call, item: Item, *, is_update: bool) -> Response:
    parts = call.parts
    while True:
        with refused():
            await parts.vectors.prepare()
            chosen = await chosen_model(parts, call.project_id)
            [embedding] = await parts.embedder.of(chosen.model).embed([item.content])
            try:
                return await write(call, _writing(call, item, chosen, embedding, is_update))
            except _ModelChanged:
                continue


def _writing(
    call: Call, item: Item, chosen: Chosen, embedding: Sequence[float], is_update: bool
) -> Any:
    async def action(conn: Connection) -> Reply:
        project_id, vectors = call.project_id, call.parts.vectors
        held = await hold_model(conn, project_id, chosen)
        if held.model != chosen.model:
            raise _ModelChanged
        assert held.collection is not None  # one that is held is written down
        before = None
        if is_update:
            # Locked: what is left as it was is what another update has just made of it.
            before = await vectors.find(conn, project_id, held.collection, item.id, locked=True)
            if before is None:
                raise not_found(f"There is no item {item.id!r}.")
        row = _row(item, embedding, before)
        await vectors.put(conn, project_id, held.collection, [row], chosen.model)
        return ok_reply({"success": True, "id": item.id})

    return action


def _row(item: Item, embedding: Sequence[float], before: VectorItem | None) -> VectorRow:
    type, metadata = item.type, item.metadata
    if before is not None:
        type = before.document_id if type is None else type
        metadata = before.metadata if metadata is None else metadata
    return VectorRow(item.id, type or "", 0, item.content, embedding, metadata or {})


async def search(
    parts: Aerostack,
    project_id: str,
    text: str,
    *,
    top_k: int,
    types: Sequence[str] | None,
    where: Mapping[str, Any] | None,
) -> list[VectorHit]:
    """The items nearest to a text, best first; see :meth:`~...Vectors.search`."""
    with refused():
        await parts.vectors.prepare()
        while True:
            chosen = await chosen_model(parts, project_id)
            if chosen.collection is None:
                return []
            [embedding] = await parts.embedder.of(chosen.model).embed([text])
            found = await parts.vectors.search(
                project_id,
                chosen.collection,
                embedding,
                model=chosen.model,
                top_k=top_k,
                where=where,
                document_ids=types,
            )
            # A change of the model takes the old vectors away under whoever searches them.
            if found or chosen == await chosen_model(parts, project_id):
                return found


async def find_item(parts: Aerostack, project_id: str, id: str) -> VectorItem | None:
    """The item of this id."""
    with refused():
        await parts.vectors.prepare()
    collection = (await chosen_model(parts, project_id)).collection
    if collection is None:
        return None
    async with parts.db.connection() as conn:
        return await parts.vectors.find(conn, project_id, collection, id)
