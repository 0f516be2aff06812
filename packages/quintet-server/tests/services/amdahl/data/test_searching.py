"""Knowledge documents (`quintet apply`, `/data/search`, `/data/documents`), and interactions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from quintet_server.definitions.apply import BadDefinitions
from quintet_server.engines.embed.model import EmbeddingsUnavailable
from quintet_server.services.amdahl.data.searching import find_interactions, search_interactions

from ..conftest import Api
from .planting import kept, parts_of, utterances

SECURITY = """
# Security

Data is encrypted at rest with AES-256. Penetration tests are done every year.

## Reports

The report of the latest penetration test is sent on request.
"""


def document(name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": "document", "name": name, "spec": spec}


async def search(api: Api, query: str, **more: Any) -> Any:
    return await api.ask("POST", "/data/search", {"query": query, **more})


@pytest.fixture
def without_embeddings(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def embed(self: Any, texts: Any) -> Any:
        raise EmbeddingsUnavailable("the embedding model is not installed")

    embedder = api.runtime.embedder.of(api.runtime.embedder.model)
    monkeypatch.setattr(type(embedder), "embed", embed)


async def test_document_is_found_by_its_words_at_once(api: Api, tmp_path: Path) -> None:
    (tmp_path / "security.md").write_text(SECURITY)
    outcomes = await api.apply(
        tmp_path,
        document("security", title="Security whitepaper", path="security.md"),
        document("pricing", text="A seat costs 40 euros a month; discounts begin at 100 seats."),
    )
    assert outcomes == ["created", "created"]
    found = await search(api, "penetration testing", mode="keyword")
    [hit] = found["results"]
    assert hit.keys() == {"id", "title", "snippet", "score", "source"}
    assert hit["title"] == "Security whitepaper"
    assert hit["source"] == "security.md"
    assert "enetration test" in hit["snippet"]
    assert 0 < hit["score"] <= 1
    assert found["mode_ran"] == "keyword"
    assert (await search(api, "nothingness", mode="keyword"))["results"] == []


async def test_words_need_not_all_be_there_but_those_with_all_come_first(
    api: Api, tmp_path: Path
) -> None:
    await api.apply(
        tmp_path,
        document("a", text="Seats are counted once a month. Seats, seats, seats."),
        document("b", text="The discount on seats is negotiable."),
    )
    found = await search(api, "discount for seats?", mode="keyword")
    assert [hit["title"] for hit in found["results"]] == ["b", "a"]
    found = await search(api, '"discount on seats"', mode="keyword")
    assert [hit["title"] for hit in found["results"]] == ["b"]


async def test_document_is_found_by_meaning_once_it_has_vectors(api: Api, tmp_path: Path) -> None:
    await api.apply(
        tmp_path,
        document("security", text="Data is encrypted at rest. Penetration tests are done yearly."),
        document("food", text="The canteen serves pasta, soup and bread at noon."),
    )
    await api.eventually(kept(2, "documents"), api.project_id)
    for mode in ("semantic", "hybrid"):
        found = await search(api, "What do we eat for lunch?", mode=mode)
        assert found["mode_ran"] == mode
        assert found["results"][0]["title"] == "food"
        assert "notice" not in found
    assert len((await search(api, "lunch", limit=1))["results"]) == 1


async def test_applying_again_changes_what_changed(api: Api, tmp_path: Path) -> None:
    first = document("a", text="Apples are red.", metadata={"team": "sales"})
    assert await api.apply(tmp_path, first) == ["created"]
    [before] = (await api.ask("GET", "/data/documents"))["items"]
    assert await api.apply(tmp_path, first) == ["unchanged"]
    await api.eventually(kept(1, "documents"), api.project_id)
    assert await api.apply(tmp_path, document("a", text="Pears are green.")) == ["updated"]
    [after] = (await api.ask("GET", "/data/documents"))["items"]
    assert after["id"] == before["id"]
    assert (await search(api, "apples", mode="keyword"))["results"] == []
    assert (await search(api, "pears", mode="keyword"))["results"][0]["id"] == before["id"]
    await api.eventually(kept(1, "documents"), api.project_id)
    [[count]] = await api.sql(
        "SELECT count(*) FROM vectors WHERE project_id = %s AND collection = 'amdahl:documents'",
        api.project_id,
    )
    assert count == 1


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({}, "needs either path or text"),
        ({"text": "a", "path": "b"}, "needs either path or text"),
        ({"path": "absent.md"}, "absent.md"),
        ({"path": "bad.docx"}, "are not read"),
        ({"text": "  \n "}, "there is no text in it"),
        ({"text": "a", "metadata": {"x": "y" * 20_000}}, "bytes"),
        ({"text": "a", "tags": []}, "tags"),
    ],
)
async def test_document_that_cannot_be_read_is_a_mistake_of_its_definition(
    api: Api, tmp_path: Path, spec: dict[str, Any], says: str
) -> None:
    (tmp_path / "bad.docx").write_bytes(b"x")
    with pytest.raises(BadDefinitions) as caught:
        await api.apply(tmp_path, document("a", **spec))
    assert says in str(caught.value.mistakes[0])


async def test_documents_are_listed_and_deleted(api: Api, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<h1>Terms</h1><p>Thirty days&#39; notice.</p>")
    await api.apply(
        tmp_path,
        document("terms", path="page.html", metadata={"lang": "en"}),
        document("other", text="x"),
    )
    found = await api.ask("GET", "/data/documents?q=TERMS")
    [item] = found["items"]
    assert found["total"] == 1
    assert item["content_type"] == "text/html"
    assert item["metadata"] == {"lang": "en"}
    other = await api.other_project()
    assert (await other.ask("GET", "/data/documents"))["total"] == 0
    path = f"/data/documents/{item['id']}"
    await other.refused("DELETE", path, None, 404, "not_found")
    await api.ask("DELETE", path, status=204)
    await api.refused("DELETE", path, None, 404, "not_found")
    assert (await search(api, "notice", mode="keyword"))["results"] == []
    page = await api.ask("GET", "/data/documents?limit=1")
    assert (page["total"], page["has_more"]) == (1, False)


async def test_without_the_splitter_paragraphs_are_the_pieces(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "semantic_text_splitter", None)
    text = "\n\n".join(["Apples are red.", "x" * 2_500, "Pears are green.", ""])
    await api.apply(tmp_path, document("a", text=text))
    [item] = (await api.ask("GET", "/data/documents"))["items"]
    assert item["piece_count"] == 4
    [hit] = (await search(api, "pears", mode="keyword"))["results"]
    assert hit["snippet"].endswith("Pears are green.")


@pytest.mark.usefixtures("without_embeddings")
async def test_without_embeddings_hybrid_goes_by_words_and_semantic_says_why(
    api: Api, tmp_path: Path
) -> None:
    await api.apply(tmp_path, document("a", text="Apples are red."))
    found = await search(api, "apple")
    assert [hit["title"] for hit in found["results"]] == ["a"]
    assert found["mode_ran"] == "keyword"
    assert "not installed" in found["notice"]
    body = {"query": "apple", "mode": "semantic"}
    error = await api.refused("POST", "/data/search", body, 503, "unavailable")
    assert "not installed" in error["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"),
        ({"query": "  "}, "query"),
        ({"query": "a", "mode": "psychic"}, "mode"),
        ({"query": "a", "limit": 0}, "limit"),
    ],
)
async def test_search_that_cannot_be_understood_names_the_field(
    api: Api, body: dict[str, Any], field: str
) -> None:
    error = await api.refused("POST", "/data/search", body, 400, "invalid_argument")
    assert error["message"].startswith(field)


@pytest.mark.parametrize("query", ["'; --", "a & | ! (", '"', "-", "the", "\x00", "<script>", "🦊"])
async def test_no_query_breaks_a_search(api: Api, tmp_path: Path, query: str) -> None:
    await api.apply(tmp_path, document("a", text="Apples <script>alert(1)</script> are red."))
    for mode in ("keyword", "hybrid"):
        found = await search(api, query, mode=mode)
        assert all("<script" not in hit["snippet"] for hit in found["results"])


async def test_interactions_are_found_by_words_and_by_meaning(api: Api) -> None:
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": utterances()})
    amdahl = parts_of(api)
    [hit, *_] = await search_interactions(amdahl, api.project_id, "penetration", "keyword")
    assert hit.id == "u1"
    assert hit.title == "Globex, Ann, email, 2026-04-02"
    assert hit.source == "email"
    assert hit.details["occurred_at"] == "2026-04-02T09:00:00.000Z"
    await api.eventually(kept(12), api.project_id)
    found = await find_interactions(amdahl, api.project_id, "it costs too much", "semantic", 5)
    assert found.hits[0].id in {"u0", "u3", "u6", "u9"}
    assert len(found.hits) == 5
    other = await api.other_project()
    [[id]] = await api.sql("SELECT id FROM projects WHERE name = %s", other.project)
    assert await search_interactions(amdahl, id, "penetration") == []


async def test_text_that_changed_is_found_by_its_new_meaning(api: Api) -> None:
    rows = utterances()
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": rows})
    await api.eventually(kept(12), api.project_id)
    rows[0]["content"] = "My dog chased a cat through the garden"
    await api.ask("POST", "/data/ingest", {"table": "interactions", "rows": rows[:1]})
    await api.eventually(kept(12), api.project_id)
    found = await find_interactions(parts_of(api), api.project_id, "pets", "semantic", 1)
    assert found.hits[0].id == "u0"
