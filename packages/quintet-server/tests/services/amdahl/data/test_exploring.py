"""`POST /data/explore`, and the groups of utterances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quintet_server.engines.embed.model import EmbeddingsUnavailable
from quintet_server.services.amdahl.data.clustering import find_clusters
from quintet_server.services.amdahl.data.tables import TABLES

from ..conftest import Api
from .planting import HIRING, kept, parts_of, utterances


async def explore(api: Api, **body: Any) -> Any:
    return await api.ask("POST", "/data/explore", body)


def columns(found: Any, table: str) -> dict[str, Any]:
    [shown] = [each for each in found["tables"] if each["name"] == table]
    return {column["name"]: column for column in shown["columns"]}


async def test_empty_business_has_a_schema_and_nothing_in_it(api: Api) -> None:
    found = await explore(api)
    assert found.keys() == {"tables", "clusters", "knowledge"}
    assert [table["name"] for table in found["tables"]] == list(TABLES)
    assert all(not c["samples"] for c in columns(found, "interactions").values())
    assert columns(found, "deals")["deal_id"]["nullable"] is False
    assert "business_id" not in columns(found, "interactions")
    assert found["clusters"] == {"available": True, "count": 0, "pending": 0, "items": []}
    assert found["knowledge"] == {"documents": 0, "pieces": 0, "updated_at": None}


async def test_samples_are_distinct_values_that_are_there(api: Api) -> None:
    rows = [{**row, "metadata": {"region": "EMEA"}} for row in utterances()]
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": rows})
    deal = {"deal_id": "d", "deal_stage_status": "won"}
    await api.ask("POST", "/data/ingest", {"table": "deals", "rows": [deal]})
    other = await api.other_project()
    found = await explore(api, scope="schema")
    assert found.keys() == {"tables"}
    shown = columns(found, "interactions")
    assert shown["channel"]["samples"] == ["call", "chat", "email"]
    assert shown["sentiment"]["samples"] == [-0.5, 0.5]
    assert shown["metadata"]["samples"] == [{"region": "EMEA"}]
    assert shown["timestamp"]["samples"][0] == "2026-04-01T09:00:00.000Z"
    assert len(shown["content"]["samples"]) == 5
    assert shown["owner"]["samples"] == []
    assert columns(found, "deals")["deal_stage_is_won"]["samples"] == [True]
    assert found["tables"][0]["row_count"] == 12
    assert columns(await explore(other, scope="schema"), "interactions")["id"]["samples"] == []


async def test_samples_can_be_left_out(api: Api) -> None:
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": utterances()})
    found = await explore(api, scope="schema", include_samples=False)
    assert columns(found, "interactions")["channel"]["samples"] == []
    assert "row_count" not in found["tables"][0]


async def test_clusters_are_of_utterances_that_mean_the_same(api: Api) -> None:
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": utterances()})
    await api.eventually(kept(12), api.project_id)
    found = (await explore(api, scope="clusters"))["clusters"]
    assert found["available"] is True
    assert found["count"] == len(found["items"]) > 1
    assert sum(item["size"] for item in found["items"]) == 12
    assert all(item["label"] and item["examples"] for item in found["items"])
    clusters = await find_clusters(parts_of(api), api.project_id)
    assert clusters == await find_clusters(parts_of(api), api.project_id)
    together = [set(cluster.ids) for cluster in clusters]
    assert any({"u2", "u8"} <= group for group in together), (HIRING, together)
    assert not any({"u2", "u0", "u1"} <= group for group in together)


async def test_without_embeddings_there_are_no_clusters(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def embed(self: Any, texts: Any) -> Any:
        raise EmbeddingsUnavailable("the embedding model is not installed")

    embedder = api.runtime.embedder.of(api.runtime.embedder.model)
    monkeypatch.setattr(type(embedder), "embed", embed)
    found = await explore(api, scope="clusters")
    reason = "the embedding model is not installed"
    assert found == {"clusters": {"available": False, "count": 0, "reason": reason}}


async def test_knowledge_counts_documents(api: Api, tmp_path: Path) -> None:
    spec = {"text": "Apples are red."}
    await api.apply(tmp_path, {"kind": "document", "name": "a", "spec": spec})
    found = await explore(api, scope="knowledge")
    assert found["knowledge"]["documents"] == 1
    assert found["knowledge"]["pieces"] == 1


async def test_unknown_scope_is_refused_with_those_there_are(api: Api) -> None:
    body = {"scope": "everything"}
    error = await api.refused("POST", "/data/explore", body, 400, "invalid_argument")
    assert "knowledge" in error["message"]
