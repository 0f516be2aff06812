"""Vectors in PostgreSQL: exact ranking, walls between tenants, one model, life without pgvector."""

from __future__ import annotations

import asyncio
import math
import random
import uuid

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from quintet_server.engines.vectors.engine import Vectors, delete_vectors
from quintet_server.engines.vectors.model import ModelMismatch, VectorRow, VectorsUnavailable
from quintet_server.store.database import Database
from quintet_server.store.migrate import migrate

MODEL = "test-model"


def row(id, embedding, document="doc_1", position=0, **metadata):
    return VectorRow(id, document, position, f"text of {id}", embedding, metadata)


class Shelf:
    """One collection, with the usual arguments filled in."""

    def __init__(self, db, vectors, project=None, collection="kb_1"):
        self.db, self.vectors = db, vectors
        self.project = project or uuid.uuid4().hex
        self.collection = collection

    async def put(self, *rows, model=MODEL):
        await self.vectors.prepare()
        async with self.db.transaction() as conn:
            await self.vectors.put(conn, self.project, self.collection, rows, model)

    async def delete(self, **choice):
        async with self.db.transaction() as conn:
            await self.vectors.delete(conn, self.project, self.collection, **choice)

    async def search(self, embedding, **options):
        options = {"model": MODEL, "top_k": 10, **options}
        return await self.vectors.search(self.project, self.collection, embedding, **options)

    async def ids(self, embedding, **options):
        return [hit.id for hit in await self.search(embedding, **options)]

    async def count(self):
        return await self.vectors.count(self.project, self.collection)


@pytest.fixture
def shelf(db: Database) -> Shelf:
    return Shelf(db, Vectors(db))


async def test_nearest_comes_first_with_all_that_was_kept(shelf) -> None:
    await shelf.put(
        row("far", [0, 1]), row("near", [2, 0.1], "doc_2", 3, page=4), row("between", [1, 1])
    )
    hits = await shelf.search([1, 0])
    assert [hit.id for hit in hits] == ["near", "between", "far"]
    best = hits[0]
    assert (best.document_id, best.position, best.content) == ("doc_2", 3, "text of near")
    assert best.metadata == {"page": 4}
    assert [hit.score for hit in hits] == pytest.approx([0.9988, math.sqrt(0.5), 0], abs=1e-3)


async def test_scores_are_between_zero_and_one_and_negative_ones_are_dropped(shelf) -> None:
    await shelf.put(row("same", [0.1, 0.2, 0.3]), row("opposite", [-0.1, -0.2, -0.3]))
    [hit] = await shelf.search([0.1, 0.2, 0.3])
    assert hit.id == "same"
    assert 0.999999 < hit.score <= 1.0


async def test_threshold_is_inclusive_and_never_below_zero(shelf) -> None:
    await shelf.put(row("half", [1, math.sqrt(3)]), row("right", [0, 1]), row("wrong", [-1, 0]))
    assert await shelf.ids([1, 0], threshold=0.49) == ["half"]
    assert await shelf.ids([1, 0], threshold=0.51) == []
    assert await shelf.ids([1, 0], threshold=-5) == ["half", "right"]


async def test_zero_vectors_match_nothing(shelf) -> None:
    await shelf.put(row("zero", [0, 0]), row("some", [1, 0]))
    assert await shelf.ids([1, 0]) == ["some"]
    assert await shelf.ids([0, 0]) == []


async def test_equal_scores_come_in_the_order_of_their_documents(shelf) -> None:
    rows = [row(f"c{n}", [1, 0], f"doc_{n % 3}", n) for n in range(9)]
    random.Random(7).shuffle(rows)
    await shelf.put(*rows)
    found = await shelf.search([1, 0], top_k=5)
    assert [(h.document_id, h.position) for h in found] == [
        ("doc_0", 0),
        ("doc_0", 3),
        ("doc_0", 6),
        ("doc_1", 1),
        ("doc_1", 4),
    ]


async def test_search_is_exact_among_many(shelf) -> None:
    chance = random.Random(11)
    points = {f"p{n}": [chance.gauss(0, 1) for _ in range(16)] for n in range(1200)}
    await shelf.put(*(row(id, vector) for id, vector in points.items()))
    asked = [chance.gauss(0, 1) for _ in range(16)]

    def score(id):
        dot = sum(a * b for a, b in zip(points[id], asked, strict=True))
        return dot / math.hypot(*points[id]) / math.hypot(*asked)

    expected = sorted(points, key=score, reverse=True)[:20]
    assert await shelf.ids(asked, top_k=20) == expected
    assert await shelf.count() == 1200


async def test_metadata_can_be_asked_for(shelf) -> None:
    await shelf.put(
        row("a", [1, 0], lang="en", year=1), row("b", [1, 0], lang="de"), row("c", [1, 0])
    )
    assert await shelf.ids([1, 0], where={"lang": "en"}) == ["a"]
    assert await shelf.ids([1, 0], where={"lang": "en", "year": 2}) == []
    assert await shelf.ids([1, 0], where={}) == ["a", "b", "c"]


async def test_putting_again_replaces(shelf) -> None:
    await shelf.put(row("a", [1, 0]))
    await shelf.put(row("a", [0, 1], "doc_9"))
    [hit] = await shelf.search([0, 1])
    assert (hit.score, hit.document_id) == (1.0, "doc_9")
    assert await shelf.count() == 1


async def test_deleting_by_document_by_id_and_altogether(shelf) -> None:
    rows = [row(f"c{n}", [1, 0], f"doc_{n % 2}") for n in range(6)]
    await shelf.put(*rows)
    await shelf.delete(document_id="doc_0")
    assert await shelf.ids([1, 0]) == ["c1", "c3", "c5"]
    await shelf.delete(ids=["c3", "c5", "nothing"])
    assert await shelf.ids([1, 0]) == ["c1"]
    await shelf.delete()
    assert await shelf.count() == 0
    await shelf.put(row("new", [1, 2, 3]), model="another")  # the model is forgotten too


async def test_projects_and_collections_do_not_see_each_other(shelf) -> None:
    other = Shelf(shelf.db, shelf.vectors)
    beside = Shelf(shelf.db, shelf.vectors, shelf.project, "kb_2")
    for one in (shelf, other, beside):
        await one.put(row("same-id", [1, 0], content=one.project), model=MODEL)
    await other.put(row("theirs", [1, 0]))
    await other.delete(document_id="doc_1")
    assert await other.count() == 0
    assert await shelf.ids([1, 0]) == await beside.ids([1, 0]) == ["same-id"]
    assert [hit.metadata for hit in await shelf.search([1, 0])] == [{"content": shelf.project}]
    await beside.delete()
    assert await shelf.count() == 1


async def test_collection_that_does_not_exist_is_empty(shelf) -> None:
    assert await shelf.search([1, 0]) == []
    assert await shelf.count() == 0


async def test_vectors_of_another_model_are_refused_both_ways(shelf) -> None:
    await shelf.put(row("a", [1, 0]))
    with pytest.raises(ModelMismatch, match=r"test-model \(2 numbers each\), not of other \(2\)"):
        await shelf.put(row("b", [1, 0]), model="other")
    with pytest.raises(ModelMismatch, match="not of other"):
        await shelf.search([1, 0], model="other")
    assert await shelf.count() == 1


async def test_vectors_of_another_size_are_refused_both_ways(shelf) -> None:
    await shelf.put(row("a", [1, 0]))
    for rows in ([row("b", [1, 0, 0])], [row("b", [1, 0]), row("c", [1])]):
        with pytest.raises(ModelMismatch):
            await shelf.put(*rows)
    with pytest.raises(ModelMismatch, match=r"\(3\)"):
        await shelf.search([1, 0, 0])
    assert await shelf.count() == 1


async def test_two_writers_with_different_models_cannot_both_win(shelf) -> None:
    results = await asyncio.gather(
        *(shelf.put(row(f"r{n}", [1, 0]), model=f"model-{n}") for n in range(4)),
        return_exceptions=True,
    )
    assert [type(result) for result in results].count(ModelMismatch) == 3
    assert await shelf.count() == 1


async def test_rows_are_kept_when_their_collection_is_deleted_as_they_are_written(shelf) -> None:
    """Between the statement that would have made it and those that need it."""
    await shelf.put(row("old", [1, 0]))

    class Late:
        """A connection before whose second statement somebody deletes the collection."""

        def __init__(self, conn):
            self.conn = conn
            self.count = 0

        async def execute(self, *statement):
            self.count += 1
            if self.count == 2:
                await shelf.delete()
            return await self.conn.execute(*statement)

    async with shelf.db.transaction() as conn:
        await shelf.vectors.put(Late(conn), shelf.project, "kb_1", [row("new", [1, 0, 0])], "other")
    assert await shelf.ids([1, 0, 0], model="other") == ["new"]


async def test_collection_cannot_be_deleted_under_rows_that_are_being_written(shelf) -> None:
    await shelf.put(row("old", [1, 0]))

    class Held:
        """A connection before whose third statement somebody wants to delete the collection."""

        def __init__(self, conn):
            self.conn = conn
            self.count = 0

        async def execute(self, *statement):
            self.count += 1
            if self.count == 3:
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    async with shelf.db.transaction() as other:
                        await other.execute("SET LOCAL lock_timeout = '1ms'")
                        await shelf.vectors.delete(other, shelf.project, "kb_1")
            return await self.conn.execute(*statement)

    async with shelf.db.transaction() as conn:
        await shelf.vectors.put(Held(conn), shelf.project, "kb_1", [row("new", [1, 0])], MODEL)
    assert sorted(await shelf.ids([1, 0])) == ["new", "old"]


async def test_nothing_is_written_when_the_transaction_fails(shelf) -> None:
    await shelf.vectors.prepare()
    with pytest.raises(RuntimeError):
        async with shelf.db.transaction() as conn:
            await shelf.vectors.put(conn, shelf.project, "kb_1", [row("a", [1, 0])], MODEL)
            raise RuntimeError
    assert await shelf.count() == 0


# Without pgvector -----------------------------------------------------------------------------


@pytest.fixture
async def poor(empty_database_url: str, cluster_url: str):
    """A database whose role may not make extensions, and in which nobody made pgvector."""
    role = f"poor_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(empty_database_url, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p'".encode())
        conn.execute(f"GRANT ALL ON SCHEMA public TO {role}".encode())
    url = make_conninfo(**{**conninfo_to_dict(empty_database_url), "options": f"-c role={role}"})
    db = await Database.open(url, application_name="test")
    yield db
    await db.close()
    with psycopg.connect(empty_database_url, autocommit=True) as conn:
        conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


async def test_migration_succeeds_without_pgvector_and_vectors_say_what_to_do(poor) -> None:
    assert "0006_vectors" in await migrate(poor)
    shelf = Shelf(poor, Vectors(poor))
    for work in (shelf.put(row("a", [1, 0])), shelf.search([1, 0]), shelf.count()):
        with pytest.raises(VectorsUnavailable, match="CREATE EXTENSION vector"):
            await work
    async with poor.transaction() as conn:  # what comes with deleting other things must not fail
        await delete_vectors(conn, "p", "kb_1", ["doc_1"])
        await delete_vectors(conn, "p", "kb_1")


async def test_vectors_work_as_soon_as_somebody_has_made_the_extension(
    poor, empty_database_url
) -> None:
    await migrate(poor)
    shelf = Shelf(poor, Vectors(poor))
    with pytest.raises(VectorsUnavailable):
        await shelf.count()
    with psycopg.connect(empty_database_url, autocommit=True) as conn:
        conn.execute("CREATE EXTENSION vector")
    await shelf.put(row("a", [1, 0]))
    assert await shelf.ids([1, 0]) == ["a"]


async def test_many_processes_may_prepare_at_once(poor, empty_database_url) -> None:
    await migrate(poor)
    with psycopg.connect(empty_database_url, autocommit=True) as conn:
        conn.execute("CREATE EXTENSION vector")
    await asyncio.gather(*(Vectors(poor).prepare() for _ in range(8)))
    await Shelf(poor, Vectors(poor)).put(row("a", [1, 0]))


async def test_documents_are_chosen_counted_and_removed(shelf) -> None:
    await shelf.put(row("a", [1, 0], "x"), row("b", [1, 1], "y"), row("c", [0, 1], "y"))
    vectors, place = shelf.vectors, (shelf.project, shelf.collection)
    assert await shelf.ids([1, 0], document_ids=["y"]) == ["b", "c"]
    assert await shelf.ids([1, 0], document_ids=["x", "y"]) == ["a", "b", "c"]
    assert await shelf.ids([1, 0], document_ids=["z"]) == []
    assert await shelf.ids([1, 0], document_ids=[]) == []
    assert await vectors.counts(*place) == [("x", 1), ("y", 2)]
    assert await vectors.count(*place, "y") == 2
    async with shelf.db.transaction() as conn:
        assert await vectors.remove(conn, *place, id="a") == 1
        assert await vectors.remove(conn, *place, document_id="x") == 0
        assert await vectors.remove(conn, *place, document_id="y", id="b") == 1
        assert await vectors.remove(conn, shelf.project, "other") == 0
    assert await vectors.counts(*place) == [("y", 1)]


async def test_row_is_found_by_id(shelf) -> None:
    await shelf.put(row("a", [1, 0], "doc_1", 1, n=1))
    vectors, place = shelf.vectors, (shelf.project, shelf.collection)
    async with shelf.db.connection() as conn:
        one = await vectors.find(conn, *place, "a")
        assert (one.id, one.document_id, one.position) == ("a", "doc_1", 1)
        assert (one.content, one.metadata) == ("text of a", {"n": 1})
        assert await vectors.find(conn, *place, "e") is None
        assert await vectors.find(conn, "other", shelf.collection, "a") is None
        assert await vectors.kept_model(conn, *place) == (MODEL, 2)
        assert await vectors.kept_model(conn, shelf.project, "other") is None


async def test_copy_of_a_collection_is_compared_and_brought_up_to_date(shelf) -> None:
    """What a copy of another model needs: vectors differ, all the rest is to be the same."""
    await shelf.put(*(row(id, [1, 0], "doc_1", 0, n=1) for id in "badc"))
    vectors, project = shelf.vectors, shelf.project
    copy = Shelf(shelf.db, vectors, project, "kb_2")
    pair = (project, "kb_1", "kb_2")

    async def differing(**options):
        async with shelf.db.connection() as conn:
            return [item.id for item in await vectors.differing(conn, *pair, **options)]

    assert await differing(limit=3) == ["a", "b", "c"]
    assert await differing(after="c", limit=3) == ["d"]
    await copy.put(row("a", [9, 9, 9], "doc_1", 0, n=1), model="other")
    await copy.put(row("b", [9, 9, 9], "doc_1", 0, n=2), model="other")
    await copy.put(row("c", [9, 9, 9], "doc_2", 0, n=1), model="other")
    await copy.put(row("d", [9, 9, 9], "doc_1", 0, n=1), model="other")
    await copy.put(row("z", [9, 9, 9]), model="other")
    assert await differing(limit=9) == ["b", "c"]
    async with shelf.db.transaction() as conn:
        await vectors.remove_missing(conn, *pair)
        assert await vectors.names(conn, project, "kb_") == ["kb_1", "kb_2"]
        assert await vectors.names(conn, project, "kb_2") == ["kb_2"]
        assert await vectors.names(conn, "other", "kb_") == []
    assert await copy.count() == 4


async def test_sample_is_the_same_rows_each_time(shelf) -> None:
    await shelf.put(*(row(f"v{number}", [number, 1]) for number in range(20)))
    sample = await shelf.vectors.sample(shelf.project, shelf.collection, limit=5)
    assert len(sample) == 5
    assert all(embedding == [int(id[1:]), 1] for id, embedding in sample)
    assert sample == await shelf.vectors.sample(shelf.project, shelf.collection, limit=5)
    assert len(await shelf.vectors.sample(shelf.project, shelf.collection, limit=50)) == 20
    assert await shelf.vectors.sample(shelf.project, "other", limit=5) == []
