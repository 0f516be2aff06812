"""Indexing: every format, failures that are seen, models that do not mix, life without pgvector."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from types import SimpleNamespace

import httpx
import orjson
import pytest
import pytest_asyncio
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from quintet_server.engines.embed.engine import Embeddings
from quintet_server.engines.embed.model import EmbeddingsFailed
from quintet_server.engines.embed.settings import EmbedSettings
from quintet_server.engines.work.lane_worker import HandBack, PermanentFailure, Running
from quintet_server.engines.work.model import JobSpec
from quintet_server.services.flowmaestro.knowledge.indexing import LANE, Indexer
from quintet_server.services.flowmaestro.knowledge.search import (
    KnowledgeBaseNotFound,
    search,
)
from quintet_server.services.flowmaestro.knowledge.settings import KnowledgeSettings

HANDBOOK = """\
# Handbook

## Accounts

### Forgotten passwords

{filler}

## Kitchen

{filler}
"""


def pdf(*lines: str) -> bytes:
    """A PDF of one line a page, written by pypdf's own parts."""
    writer = PdfWriter()
    for line in lines:
        page = writer.add_blank_page(612, 792)
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 72 720 Td ({line}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def parts(desk):
    """Of the running service, what indexing and searching use."""
    runtime = desk.api.runtime
    return SimpleNamespace(
        db=runtime.db, queue=runtime.queue, embedder=runtime.embedder, vectors=runtime.vectors
    )


async def job_of(desk, name):
    """The latest job of a document, as if it were claimed."""
    [[job_id, document, revision]] = await desk.api.sql(
        "SELECT job_id, id, revision FROM flowmaestro_documents"
        " WHERE name = %s AND project_id = %s",
        name,
        desk.api.project_id,
    )
    return await parts(desk).queue.get(LANE, job_id), document, revision


async def test_pieces_of_a_pdf_tell_their_page(desk) -> None:
    desk.write({"paper.pdf": pdf("Penguins live in the south.", "Bears live in the north.")})
    await desk.apply(chunk_size=50)
    await desk.indexed()
    hits = (await desk.ask("bears in the north"))["results"]
    assert hits[0]["content"] == "Bears live in the north."
    assert hits[0]["metadata"] == {"page": 2}
    assert hits[0]["chunk_index"] == 1


async def test_pieces_are_found_by_the_headings_they_stand_under(desk) -> None:
    filler = " ".join(["It is done on the second floor by a friendly person."] * 6)
    desk.write({"handbook.md": HANDBOOK.format(filler=filler)})
    await desk.apply(chunk_size=200, chunk_overlap=0)
    await desk.indexed()
    hits = (await desk.ask("I forgot my password", top_k=2))["results"]
    for hit in hits:
        words = [*hit["metadata"].get("headings", ()), hit["content"]]
        assert "passwords" in " ".join(words)
    trails = [hit["metadata"].get("headings") for hit in (await desk.ask("floor"))["results"]]
    assert ["Handbook", "Accounts", "Forgotten passwords"] in trails
    assert ["Handbook", "Kitchen"] in trails


async def test_documents_that_cannot_be_read_are_shown_and_the_others_answer(desk) -> None:
    desk.write({"broken.pdf": b"%PDF-1.4 nonsense", "scan.pdf": pdf(""), "good.md": "Penguins."})
    await desk.apply()
    base = await desk.indexed()
    assert base["documents"] == {"ready": 1, "pending": 0, "failed": 2}
    assert (base["document_count"], base["chunk_count"]) == (3, 1)
    broken, scan = base["failed_documents"]
    assert (broken["name"], scan["name"]) == ("docs/broken.pdf", "docs/scan.pdf")
    assert "not a PDF" in broken["error"]
    assert "no text" in scan["error"]
    assert await desk.names("penguins") == ["docs/good.md"]
    assert await desk.apply() == "unchanged"  # trying again would not help
    desk.write({"broken.pdf": pdf("Mended.")})
    assert await desk.apply() == "updated"
    assert (await desk.indexed())["documents"]["failed"] == 1


async def test_document_that_becomes_unreadable_does_not_go_on_answering(desk) -> None:
    desk.write({"paper.pdf": pdf("Penguins live in the south.")})
    await desk.apply()
    await desk.indexed()
    assert await desk.names("penguins") == ["docs/paper.pdf"]
    desk.write({"paper.pdf": b"nonsense"})
    await desk.apply()
    base = await desk.indexed()
    assert (base["chunk_count"], base["documents"]["failed"]) == (0, 1)
    assert await desk.names("penguins") == []


async def test_empty_document_is_ready_without_pieces(desk) -> None:
    desk.write({"empty.md": ""})
    await desk.apply()
    base = await desk.indexed()
    assert (base["documents"]["ready"], base["chunk_count"]) == (1, 0)


async def test_document_of_too_many_pieces_fails(desk) -> None:
    desk.write({"long.txt": "word " * 200})
    await desk.apply(chunk_size=50, chunk_overlap=0)
    await desk.indexed()
    job, _, _ = await job_of(desk, "docs/long.txt")
    indexer = Indexer(parts(desk), KnowledgeSettings(chunks_max_count=3))
    with pytest.raises(PermanentFailure, match="QUINTET_KNOWLEDGE_CHUNKS_MAX_COUNT"):
        await indexer.handle(Running(job))
    assert (await desk.indexed())["documents"]["failed"] == 1


async def test_job_of_an_earlier_revision_writes_nothing(desk) -> None:
    desk.write({"a.md": "First."})
    await desk.apply()
    await desk.indexed()
    old, _, _ = await job_of(desk, "docs/a.md")
    desk.write({"a.md": "Second."})
    await desk.apply()
    await desk.indexed()
    await Indexer(parts(desk), KnowledgeSettings()).handle(Running(old))
    [hit] = (await desk.ask("First."))["results"]
    assert hit["content"] == "Second."


async def test_document_changed_while_it_is_indexed_is_left_to_the_next_job(
    desk, monkeypatch
) -> None:
    desk.write({"a.md": "First."})
    await desk.apply()
    await desk.indexed()
    job, document, _ = await job_of(desk, "docs/a.md")
    service = parts(desk)
    embedder = service.embedder.of("wordllama")
    embed = embedder.embed

    async def change_meanwhile(texts):
        await desk.api.sql(
            "UPDATE flowmaestro_documents SET revision = revision + 1 WHERE id = %s", document
        )
        return await embed(["another"] * len(texts))

    monkeypatch.setattr(embedder, "embed", change_meanwhile)
    rows = "SELECT id, embedding::text FROM vectors WHERE document_id = %s"
    kept = await desk.api.sql(rows, document)
    await Indexer(service, KnowledgeSettings()).handle(Running(job))
    assert await desk.api.sql(rows, document) == kept


async def test_passing_trouble_is_noted_and_in_the_end_given_up(desk, monkeypatch) -> None:
    desk.write({"a.md": "First."})
    await desk.apply()
    await desk.indexed()
    job, document, _ = await job_of(desk, "docs/a.md")
    service = parts(desk)

    async def fail(_texts):
        raise EmbeddingsFailed("the embeddings API answered 500: busy")

    with monkeypatch.context() as patched:
        patched.setattr(service.embedder.of("wordllama"), "embed", fail)
        with pytest.raises(EmbeddingsFailed):
            await Indexer(service, KnowledgeSettings()).handle(Running(job))
        look = "SELECT state, error FROM flowmaestro_documents WHERE id = %s"
        assert await desk.api.sql(look, document) == [
            ("pending", "the embeddings API answered 500: busy")
        ]
        last = replace(job, attempt=job.max_attempts)
        with pytest.raises(EmbeddingsFailed):
            await Indexer(service, KnowledgeSettings()).handle(Running(last))
    base = await desk.api.data("/knowledge-bases/kb_faq")
    assert base["documents"]["failed"] == 1
    assert base["failed_documents"][0]["error"] == "the embeddings API answered 500: busy"
    assert await desk.apply() == "updated"  # it is tried again, the fault was not its own
    base = await desk.indexed()
    assert base["documents"] == {"ready": 1, "pending": 0, "failed": 0}


async def test_document_whose_job_died_is_shown_as_failed_and_can_be_tried_again(desk) -> None:
    desk.write({"a.md": "First."})
    await desk.apply()
    await desk.indexed()
    spec = JobSpec(lane="nobody", project_id=desk.api.project_id, job_type="x", logged=False)
    job = await parts(desk).queue.enqueue_one(spec)
    await desk.api.sql(
        "UPDATE flowmaestro_documents SET state = 'pending', job_id = %s WHERE project_id = %s",
        job.id,
        desk.api.project_id,
    )
    error = '{"message": "the lease expired"}'
    await desk.api.sql(
        "UPDATE work_jobs SET state = 'dead_letter', error = %s::jsonb,"
        " completed_at = quintet_now() WHERE id = %s",
        error,
        job.id,
    )
    base = await desk.api.data("/knowledge-bases/kb_faq")
    assert [one["error"] for one in base["failed_documents"]] == ["the lease expired"]
    assert await desk.apply() == "updated"
    assert (await desk.indexed())["documents"]["ready"] == 1


# Models ---------------------------------------------------------------------------------------


class Upstream:
    """Vectors of three numbers, from an API that this process plays."""

    def __init__(self):
        self.models = []

        def answer(request):
            body = orjson.loads(request.content)
            self.models.append(body["model"])
            data = [{"embedding": [1.0, len(text) % 7, 2.0]} for text in body["input"]]
            return httpx.Response(200, json={"data": data})

        settings = EmbedSettings(model="up-model", base_url="http://up.test/v1")
        self.embeddings = Embeddings(settings, transport=httpx.MockTransport(answer))


@pytest_asyncio.fixture(loop_scope="session")
async def upstream(desk, monkeypatch):
    upstream = Upstream()
    original = parts(desk).embedder
    for name in ("of", "embed"):
        monkeypatch.setattr(original, name, getattr(upstream.embeddings, name))
    yield upstream
    await upstream.embeddings.stop()


async def test_model_of_the_definition_is_used_and_recorded(desk, upstream) -> None:
    desk.write({"a.md": "First."})
    await desk.apply(embedding_model="up-model")
    base = await desk.indexed()
    assert (base["embedding_model"], base["documents"]["ready"]) == ("up-model", 1)
    assert len((await desk.ask("First."))["results"]) == 1
    assert set(upstream.models) == {"up-model"}
    [[model, dims]] = await desk.api.sql(
        "SELECT model, dims FROM vector_collections WHERE project_id = %s", desk.api.project_id
    )
    assert (model, dims) == ("up-model", 3)


async def test_another_model_throws_the_old_pieces_away(desk, upstream) -> None:
    desk.write({"a.md": "First.", "b.md": "Second."})
    await desk.apply()
    await desk.indexed()
    assert await desk.apply(embedding_model="up-model") == "updated"
    base = await desk.indexed()
    assert (base["chunk_count"], base["documents"]["ready"]) == (2, 2)
    sizes = await desk.api.sql(
        "SELECT DISTINCT vector_dims(embedding) FROM vectors WHERE project_id = %s",
        desk.api.project_id,
    )
    assert sizes == [(3,)]
    assert await desk.apply(embedding_model="up-model") == "unchanged"
    assert await desk.apply(embedding_model="wordllama") == "updated"
    await desk.indexed()
    assert (await desk.ask("First."))["results"][0]["content"] == "First."


async def test_mixing_models_is_refused(desk, upstream) -> None:
    """A knowledge base whose record was changed by hand is not searched with the wrong model."""
    desk.write({"a.md": "First."})
    await desk.apply()
    await desk.indexed()
    await desk.api.sql(
        "UPDATE flowmaestro_knowledge_bases SET embedding_model = 'up-model' WHERE project_id = %s",
        desk.api.project_id,
    )
    answer = await desk.api.post("/knowledge-bases/kb_faq/query", {"query": "x"})
    assert answer.status_code == 503
    assert "not of up-model" in answer.json()["error"]["message"]
    job, _, _ = await job_of(desk, "docs/a.md")
    with pytest.raises(PermanentFailure, match="not of up-model"):
        await Indexer(parts(desk), KnowledgeSettings()).handle(Running(job))


async def test_model_that_this_server_does_not_have_is_waited_for(desk) -> None:
    await desk.apply(documents=[{"text": "x", "name": "n"}], embedding_model="text-embedding-9")
    answer = await desk.api.post("/knowledge-bases/kb_faq/query", {"query": "x"})
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert error["code"] == "service_unavailable"
    assert "AI_BASE_URL" in error["message"]
    rows = await desk.api.eventually(
        "SELECT error FROM flowmaestro_documents WHERE project_id = %s AND error IS NOT NULL",
        desk.api.project_id,
    )
    assert "AI_BASE_URL" in rows[0][0]
    assert (await desk.api.data("/knowledge-bases/kb_faq"))["documents"]["pending"] == 1


# For the node and the tool --------------------------------------------------------------------


async def test_search_takes_names_ids_and_a_threshold(faq) -> None:
    service, project = parts(faq), faq.api.project_id
    question = "How do I reset my password?"
    for ref in ("faq", "kb_faq"):
        answer = await search(service, project, ref, question, 3)
        assert (answer.kb_id, answer.hits[0].document_name) == ("kb_faq", "docs/password.md")
    [only] = (await search(service, project, "faq", question, 10, threshold=0.4)).hits
    assert only.score >= 0.4
    assert (await search(service, project, "faq", question, 10, threshold=0.99)).hits == []
    for project_id, ref in [(project, "nothing"), ("prj_other", "faq"), (project, "a\x00b")]:
        with pytest.raises(KnowledgeBaseNotFound):
            await search(service, project_id, ref, question, 3)


# Without pgvector -----------------------------------------------------------------------------


async def test_without_pgvector_everything_else_works_and_says_what_is_missing(
    alone, tmp_path
) -> None:
    await alone.sql("DROP TABLE vectors")
    await alone.sql("DROP EXTENSION vector")
    [[real]] = await alone.sql("SELECT pg_get_functiondef('vectors_prepare'::regproc)")
    await alone.sql(
        "CREATE OR REPLACE FUNCTION vectors_prepare() RETURNS boolean"
        " LANGUAGE sql AS 'SELECT false'"
    )
    document = {
        "kind": "knowledge_base",
        "name": "faq",
        "spec": {"documents": [{"text": "Penguins live in the south.", "name": "penguins"}]},
    }
    assert await alone.apply(tmp_path, document) == ["created"]
    rows = await alone.eventually(
        "SELECT state, error FROM flowmaestro_documents WHERE error IS NOT NULL"
    )
    assert rows[0][0] == "pending"
    assert "CREATE EXTENSION vector" in rows[0][1]
    assert (await alone.data("/knowledge-bases"))[0]["document_count"] == 1
    answer = await alone.post("/knowledge-bases/kb_faq/query", {"query": "x"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "service_unavailable"
    assert "CREATE EXTENSION vector" in answer.json()["error"]["message"]
    document["spec"]["documents"].append({"text": "Another.", "name": "b"})
    assert await alone.apply(tmp_path, document) == ["updated"]
    document["spec"]["documents"].pop()
    assert await alone.apply(tmp_path, document) == ["updated"]
    # Somebody installs it: the jobs that wait find out by themselves.
    await alone.sql(real)
    await alone.sql(
        "UPDATE clock SET shift = shift + make_interval(secs => %s)",
        KnowledgeSettings().unavailable_wait_seconds + 1,
    )
    await alone.eventually("SELECT 1 FROM flowmaestro_documents WHERE state = 'ready'")
    answer = await alone.post("/knowledge-bases/kb_faq/query", {"query": "penguins"})
    assert answer.json()["data"]["results"][0]["document_name"] == "penguins"


async def test_handing_back_does_not_use_up_attempts(desk) -> None:
    await desk.apply(documents=[{"text": "x", "name": "n"}], embedding_model="text-embedding-9")
    await desk.api.eventually(
        "SELECT 1 FROM flowmaestro_documents WHERE project_id = %s AND error IS NOT NULL",
        desk.api.project_id,
    )
    async with asyncio.timeout(60):
        while (job := (await job_of(desk, "n"))[0]).state != "pending":
            await asyncio.sleep(0.01)
    assert job.attempt == 0
    with pytest.raises(HandBack):
        await Indexer(parts(desk), KnowledgeSettings()).handle(Running(job))
