"""The background that makes vectors: what was left behind, bounds, and texts that change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from quintet_server.engines.embed.model import EmbeddingsUnavailable
from quintet_server.services.amdahl.data import embedding
from quintet_server.services.amdahl.data.keeping import keep_rows
from quintet_server.services.amdahl.data.rows import RowReader
from quintet_server.services.amdahl.data.searching import search_interactions
from quintet_server.services.amdahl.data.tables import TABLES

from ..conftest import Api
from .planting import kept, parts_of, utterances

JOBS = "SELECT count(*) FROM work_jobs WHERE lane = 'amdahl.embedding' AND project_id = %s"
INTERACTIONS = TABLES["interactions"]


async def plant(api: Api, rows: list[dict[str, Any]]) -> None:
    """Write rows as a process does that dies before it asks for their vectors."""
    reader = RowReader(INTERACTIONS)
    async with api.runtime.db.transaction() as conn:
        read = [reader.read(row) for row in rows]
        await keep_rows(conn, api.project_id, INTERACTIONS, read)


async def count(api: Api) -> int:
    return await parts_of(api).vectors.count(api.project_id, "amdahl:interactions")


async def test_what_an_earlier_process_left_is_embedded_at_the_start(api: Api) -> None:
    await plant(api, utterances())
    assert await api.sql(JOBS, api.project_id) == [(0,)]
    stop = await embedding.start(parts_of(api))
    try:
        await api.eventually(kept(12), api.project_id)
    finally:
        await stop()
    assert await count(api) == 12


async def test_no_more_than_the_bound_gets_vectors(api: Api) -> None:
    await plant(api, utterances())
    parts = parts_of(api)
    few = replace(parts, settings=parts.settings.model_copy(update={"embedded_max_count": 5}))
    await embedding._Embedding(few)._embed(api.project_id, "interaction")
    assert await count(api) == 5
    hits = await search_interactions(parts, api.project_id, "onboarding", "hybrid")
    assert "u5" in {hit.id for hit in hits}


async def test_vector_of_a_text_that_changed_meanwhile_is_not_kept(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    [row] = utterances()[:1]
    await plant(api, [row])
    parts = parts_of(api)
    embedder = parts.embedder.of(parts.embedder.model)
    genuine = type(embedder).embed
    seen: list[str] = []

    async def embed(self: Any, texts: Any) -> Any:
        seen.extend(texts)
        if len(seen) == 1:
            await plant(api, [{**row, "content": "something else"}])
        return await genuine(self, texts)

    monkeypatch.setattr(type(embedder), "embed", embed)
    await embedding._Embedding(parts)._embed(api.project_id, "interaction")
    assert seen == [row["content"], "something else"]
    assert await count(api) == 1


WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND query LIKE %s"
)


async def noted(api: Api, *ids: str) -> embedding._Embedding:
    """Interactions whose notes lie in this order, and who embeds the first three by id."""
    row = utterances()[0]
    for id in ids:
        await plant(api, [{**row, "id": id}])
    await plant(api, [{**row, "id": f"d{number}"} for number in range(100)])
    await api.sql("ANALYZE amdahl_unembedded")  # it is small, so it is read as it lies
    parts = parts_of(api)
    few = parts.settings.model_copy(update={"embedded_max_count": 3})
    return embedding._Embedding(replace(parts, settings=few))


@contextlib.asynccontextmanager
async def held(api: Api, id: str) -> AsyncIterator[None]:
    """While this lasts, nobody gets hold of a note."""
    hold = "SELECT FROM amdahl_unembedded WHERE project_id = %s AND id = %s FOR UPDATE"
    async with await psycopg.AsyncConnection.connect(api.runtime.db.url) as holding:
        await holding.execute(hold, [api.project_id, id])
        yield


async def test_texts_that_change_while_they_are_embedded_wait_in_a_line(api: Api) -> None:
    worker = await noted(api, "b", "c", "a")
    changed = [{**utterances()[0], "id": id, "content": "something else"} for id in ("a", "b")]
    async with held(api, "c"):
        keeping = asyncio.create_task(worker._embed(api.project_id, "interaction"))
        await api.eventually(WAITING, "%DELETE FROM amdahl_unembedded%")
        writing = asyncio.create_task(plant(api, changed))
        await api.eventually(WAITING, "%INSERT INTO amdahl_interactions%")
    await asyncio.gather(keeping, writing)
    assert await count(api) == 3
    left = "SELECT id FROM amdahl_unembedded WHERE project_id = %s AND id IN ('a', 'b', 'c')"
    assert sorted(await api.sql(left, api.project_id)) == [("a",), ("b",)]


async def test_vectors_that_are_forgotten_while_some_are_made_are_gone(api: Api) -> None:
    worker = await noted(api, "c", "a", "b")

    async def forget() -> None:
        async with api.runtime.db.transaction() as conn:
            await embedding.forget_vectors(conn, api.project_id, "interaction")

    async with held(api, "b"):
        keeping = asyncio.create_task(worker._embed(api.project_id, "interaction"))
        await api.eventually(WAITING, "%WITH same AS%")
        forgetting = asyncio.create_task(forget())
        await api.eventually(WAITING, "%WITH noted AS%")
    await asyncio.gather(keeping, forgetting)
    assert await count(api) == 0


async def test_row_that_lost_its_words_needs_no_vector(api: Api) -> None:
    [row] = utterances()[:1]
    await plant(api, [row])
    await plant(api, [{**row, "content": None}])
    await embedding._Embedding(parts_of(api))._embed(api.project_id, "interaction")
    assert await count(api) == 0
    assert await api.eventually(kept(1), api.project_id)


async def test_job_waits_for_embeddings_to_be_installed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def embed(self: Any, texts: Any) -> Any:
        raise EmbeddingsUnavailable("the embedding model is not installed")

    embedder = api.runtime.embedder.of(api.runtime.embedder.model)
    monkeypatch.setattr(type(embedder), "embed", embed)
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": utterances()})
    await api.eventually(
        "SELECT id FROM work_jobs WHERE project_id = %s AND lane = 'amdahl.embedding' "
        "AND state = 'pending' AND due_at > quintet_now() + interval '30 s'",
        api.project_id,
    )
    # One that waits is enough, however much comes.
    more = [{**row, "id": f"m{row['id']}"} for row in utterances()]
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": more})
    assert await api.sql(JOBS, api.project_id) == [(1,)]
