"""`/ai/search/…` and `/ai/embed`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from quintet_server.engines.vectors.model import VectorHit, VectorItem
from quintet_server.services.aerostack.context import Call, write
from quintet_server.services.aerostack.endpoints import Endpoint
from quintet_server.services.aerostack.errors import invalid_field
from quintet_server.services.aerostack.search import bodies, items
from quintet_server.services.aerostack.search.failures import refused
from quintet_server.services.aerostack.search.items import Item
from quintet_server.services.aerostack.search.models import (
    Chosen,
    change_model,
    chosen_model,
    hold_model,
    model_of_choice,
)
from quintet_server.services.aerostack.wire import ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply
from quintet_server.store.ids import new_id

__all__ = ["ENDPOINTS"]

# The two choices, by their own names and by those of the models behind them at the vendor.
_CHOICES = {
    "english": "english",
    "multilingual": "multilingual",
    "@cf/baai/bge-base-en-v1.5": "english",
    "@cf/baai/bge-m3": "multilingual",
}


async def ingest(call: Call, body: bodies.Ingest) -> Response:
    """Keep an item."""
    _bounded(call, body.content, body.metadata)
    id = body.id or new_id("item")
    return await items.ingest(call, Item(id, body.content, body.type, body.metadata or {}))


async def update(call: Call, body: bodies.Update) -> Response:
    """Replace an item."""
    _bounded(call, body.content, body.metadata)
    return await items.update(call, Item(body.id, body.content, body.type, body.metadata))


async def query(call: Call, body: bodies.Query) -> Response:
    """Find items by meaning."""
    found = await items.search(
        call.parts,
        call.project_id,
        body.text,
        top_k=body.top_k,
        types=body.types or None,
        where=body.filter or None,
    )
    return ok({"results": [{**_shown(hit), "score": hit.score} for hit in found]})


async def get(call: Call, body: bodies.Get) -> Response:
    """Look at an item."""
    found = await items.find_item(call.parts, call.project_id, body.id)
    return ok({"result": found and _shown(found), "exists": found is not None})


async def delete(call: Call, body: bodies.Id) -> Response:
    """Delete an item; one that is not there is fine."""
    return await _remove(call, id=body.id)


async def delete_by_type(call: Call, body: bodies.Type) -> Response:
    """Delete every item of a type."""
    return await _remove(call, document_id=body.type)


async def count(call: Call, body: bodies.Count) -> Response:
    """Count items."""
    parts, collection = call.parts, await _collection(call)
    if collection is None:
        return ok({"count": 0})
    return ok({"count": await parts.vectors.count(call.project_id, collection, body.type)})


async def list_types(call: Call) -> Response:
    """List the types in use."""
    collection = await _collection(call)
    counts = []
    if collection is not None:
        counts = await call.parts.vectors.counts(call.project_id, collection)
    return ok({"types": [{"type": type, "count": count} for type, count in counts]})


async def configure(call: Call, body: bodies.Configure) -> Response:
    """Choose the embedding model; what is there is embedded again.

    Doing it again does nothing, so an idempotency key changes nothing.
    """
    parts = call.parts
    wanted = Chosen(body.embedding_model, model_of_choice(parts, body.embedding_model))
    with refused():
        await parts.vectors.prepare()
        # Before anything is changed: that the model is there at all.
        [probe] = await parts.embedder.of(wanted.model).embed(["search"])
        again = await change_model(parts, call.project_id, wanted, len(probe))
    return ok({"success": True, "model": wanted.model, "reembedded": again})


async def embed(call: Call, body: bodies.Embed) -> Response:
    """Embed a text."""
    parts = call.parts
    choice = "english" if body.model is None else _CHOICES.get(body.model)
    model = body.model if choice is None else model_of_choice(parts, choice)
    assert model is not None  # a choice stands for one
    with refused():
        embedder = parts.embedder.of(model)
        [embedding] = await embedder.embed([body.text])
    return ok({"embedding": embedding, "model": embedder.model})


async def _collection(call: Call) -> str | None:
    with refused():
        await call.parts.vectors.prepare()
    return (await chosen_model(call.parts, call.project_id)).collection


async def _remove(call: Call, *, document_id: str | None = None, id: str | None = None) -> Response:
    parts = call.parts
    with refused():
        await parts.vectors.prepare()
    chosen = await chosen_model(parts, call.project_id)

    async def action(conn: Connection) -> Reply:
        deleted = 0
        if chosen.collection is not None:
            held = await hold_model(conn, call.project_id, chosen)
            assert held.collection is not None  # one that is held is written down
            deleted = await parts.vectors.remove(
                conn, call.project_id, held.collection, document_id=document_id, id=id
            )
        return ok_reply({"success": True, "deleted": deleted})

    return await write(call, action)


def _bounded(call: Call, content: str, metadata: Mapping[str, Any] | None) -> None:
    settings = call.parts.settings
    if len(content) > settings.search_content_max_chars:
        most = settings.search_content_max_chars
        message = f"must have at most {most} characters: ingest longer texts in parts"
        raise invalid_field("content", message)
    if metadata and len(orjson.dumps(metadata)) > settings.search_metadata_max_bytes:
        most = settings.search_metadata_max_bytes
        raise invalid_field("metadata", f"must have at most {most} bytes as JSON")


def _shown(item: VectorHit | VectorItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "content": item.content,
        "type": item.document_id,
        "metadata": item.metadata,
    }


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/ai/search/ingest",
        handler=ingest,
        operation_id="ingest",
        summary="Index content for search",
        scope="ai:ingest",
        request=bodies.Ingest,
        response=bodies.Kept,
        description="An item of the same id is replaced.",
    ),
    Endpoint(
        path="/ai/search/query",
        handler=query,
        operation_id="query",
        summary="Search content by meaning",
        scope="ai:search",
        request=bodies.Query,
        response=bodies.Found,
        description="Only items of one of `types`, if there are any, and whose metadata has the "
        "values in `filter`.",
    ),
    Endpoint(
        path="/ai/search/get",
        handler=get,
        operation_id="searchGet",
        summary="Get an item",
        scope="ai:search",
        request=bodies.Get,
        response=bodies.Gotten,
    ),
    Endpoint(
        path="/ai/search/update",
        handler=update,
        operation_id="searchUpdate",
        summary="Replace an item",
        scope="ai:ingest",
        request=bodies.Update,
        response=bodies.Kept,
    ),
    Endpoint(
        path="/ai/search/delete",
        handler=delete,
        operation_id="delete",
        summary="Delete an item",
        scope="ai:ingest",
        request=bodies.Id,
        response=bodies.Deleted,
    ),
    Endpoint(
        path="/ai/search/deleteByType",
        handler=delete_by_type,
        operation_id="deleteByType",
        summary="Delete every item of a type",
        scope="ai:ingest",
        request=bodies.Type,
        response=bodies.Deleted,
    ),
    Endpoint(
        path="/ai/search/count",
        handler=count,
        operation_id="searchCount",
        summary="Count items",
        scope="ai:search",
        request=bodies.Count,
        response=bodies.Counted,
    ),
    Endpoint(
        path="/ai/search/listTypes",
        handler=list_types,
        operation_id="listTypes",
        summary="List the types of items",
        scope="ai:search",
        response=bodies.Types,
        request=None,
        method="GET",
    ),
    Endpoint(
        path="/ai/search/configure",
        handler=configure,
        operation_id="configure",
        summary="Choose the embedding model",
        scope="ai:ingest",
        request=bodies.Configure,
        response=bodies.Configured,
        description="Items that are there already are embedded again.",
    ),
    Endpoint(
        path="/ai/embed",
        handler=embed,
        operation_id="embed",
        summary="Embed a text",
        scope="ai:search",
        request=bodies.Embed,
        response=bodies.Embedded,
    ),
)
