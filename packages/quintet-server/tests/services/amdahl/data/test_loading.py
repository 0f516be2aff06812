"""Files into tables: all or nothing, again without effect, whatever the format."""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg.errors import DeadlockDetected

from quintet_server.services.amdahl.data import loading
from quintet_server.services.amdahl.data.files import format_of
from quintet_server.services.amdahl.data.headers import Headers
from quintet_server.services.amdahl.data.keeping import Kept
from quintet_server.services.amdahl.data.loading import LoadRefused, load_file
from quintet_server.services.amdahl.data.searching import search_interactions
from quintet_server.services.amdahl.data.tables import TABLES

from ..conftest import Api
from .planting import kept, parts_of, utterances

COUNT = "SELECT count(*) FROM amdahl_interactions WHERE project_id = %s"


async def load(
    api: Api, path: Path, table: str = "interactions", *, replace: bool = False, **mapping: str
) -> Kept:
    told: list[int] = []
    found = await load_file(
        api.runtime.db,
        api.project_id,
        TABLES[table],
        path,
        format_of(path),
        Headers(TABLES[table], mapping),
        replace=replace,
        told=told.append,
    )
    assert told == sorted(told)
    return found


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows in the format of the name."""
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_BATCH_COUNT", 5)


async def test_same_rows_in_any_format_are_the_same_rows(api: Api, tmp_path: Path) -> None:
    rows = utterances()
    assert await load(api, written(tmp_path / "a.csv", rows)) == Kept(12, 0, 0)
    assert await load(api, written(tmp_path / "a.jsonl", rows)) == Kept(0, 0, 12)
    assert await load(api, written(tmp_path / "a.parquet", rows)) == Kept(0, 0, 12)
    rows[3]["owner"] = "Bob"
    rows.append({**rows[0], "id": "new"})
    assert await load(api, written(tmp_path / "b.jsonl", rows)) == Kept(1, 1, 11)


async def test_rows_without_ids_add_nothing_the_second_time(api: Api, tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "id"} for row in utterances()]
    assert await load(api, written(tmp_path / "a.csv", rows)) == Kept(12, 0, 0)
    assert await load(api, written(tmp_path / "a.csv", rows)) == Kept(0, 0, 12)
    assert await load(api, written(tmp_path / "b.jsonl", rows)) == Kept(0, 0, 12)


async def test_later_line_of_the_same_key_counts(api: Api, tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text("id,name\n" + "".join(f"d,{n}\n" for n in range(8)))
    assert await load(api, tmp_path / "deals.csv", "deals") == Kept(1, 1, 0)
    statement = "SELECT deal_name FROM amdahl_deals WHERE project_id = %s"
    assert await api.sql(statement, api.project_id) == [("7",)]


def deadlocks(monkeypatch: pytest.MonkeyPatch, most: int) -> list[Any]:
    """Let so many loads end as PostgreSQL ends one side of a deadlock, in their second batch."""
    batches: list[Any] = []
    keep = loading.Stage.keep

    async def crossed(stage: Any, rows: Any) -> Kept:
        batches.append(stage)
        if batches.count(stage) == 2 and len({id(one) for one in batches}) <= most:
            raise DeadlockDetected("deadlock detected")
        return await keep(stage, rows)

    monkeypatch.setattr(loading.Stage, "keep", crossed)
    return batches


async def test_load_that_crossed_somebody_else_begins_again(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "a.jsonl", utterances())
    await load(api, file)
    deadlocks(monkeypatch, 2)
    path, told = tmp_path / "a.jsonl", list[int]()
    kept = await load_file(
        *(api.runtime.db, api.project_id, TABLES["interactions"], path, "jsonl"),
        Headers(TABLES["interactions"], {}),
        replace=True,
        told=told.append,
    )
    assert kept == Kept(12, 0, 0)
    assert await api.sql(COUNT, api.project_id) == [(12,)]


async def test_load_that_always_crosses_others_gives_up_and_leaves_the_table(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "a.csv", utterances())
    await load(api, file)
    batches = deadlocks(monkeypatch, 1_000)
    with pytest.raises(DeadlockDetected):
        await load(api, file, replace=True)
    assert len(batches) == 10
    assert await api.sql(COUNT, api.project_id) == [(12,)]


async def test_mistake_in_the_last_batch_takes_all_back(api: Api, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = utterances()
    rows[11]["sentiment"] = 7
    rows[10]["timestamp"] = "soon"
    with pytest.raises(LoadRefused) as caught:
        await load(api, written(tmp_path / "a.csv", rows))
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (12, "timestamp: must be an instant such as 2026-04-14T18:22:11Z, not 'soon'"),
        (13, "sentiment: must be from -1 to 1"),
    ]
    assert await api.sql(COUNT, api.project_id) == [(0,)]


async def test_file_that_breaks_off_is_refused_whole(api: Api, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", utterances())
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(LoadRefused) as caught:
        await load(api, path)
    assert caught.value.problems[0].line == 12
    assert await api.sql(COUNT, api.project_id) == [(0,)]


async def test_replacing_leaves_only_the_file(api: Api, tmp_path: Path) -> None:
    await load(api, written(tmp_path / "a.csv", utterances()))
    await api.eventually(kept(12), api.project_id)
    other = await api.other_project()
    rows = [{"id": "only", "timestamp": "2026-04-14", "content": "We love the product"}]
    assert await load(api, written(tmp_path / "b.csv", rows), replace=True) == Kept(1, 0, 0)
    await api.eventually(kept(1), api.project_id)
    hits = await search_interactions(parts_of(api), api.project_id, "price", "semantic")
    assert [hit.id for hit in hits] in ([], ["only"])
    assert other.project_id != api.project_id


async def test_planner_is_told_of_many_new_rows(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_ANALYZED_COUNT", 12)
    await load(api, written(tmp_path / "a.csv", utterances()))
    statement = "SELECT reltuples > 0 FROM pg_class WHERE relname = 'amdahl_interactions'"
    assert await api.sql(statement) == [(True,)]


async def test_types_of_parquet_are_understood(api: Api, tmp_path: Path) -> None:
    rows = [
        {
            "id": 7,
            "timestamp": datetime(2026, 4, 14, 18, tzinfo=UTC),
            "closed_at": datetime(2026, 4, 14).date(),
            "amount": Decimal("12.50"),
            "sentiment": float("nan"),
            "metadata": {"region": "EMEA"},
            "score": 3,
        }
    ]
    assert await load(api, written(tmp_path / "a.parquet", rows)) == Kept(1, 0, 0)
    [found] = await api.sql(
        'SELECT id, "timestamp", closed_at, amount, sentiment, metadata '
        "FROM amdahl_interactions WHERE project_id = %s",
        api.project_id,
    )
    day = datetime(2026, 4, 14, tzinfo=UTC)
    assert found == ("7", day.replace(hour=18), day, 12.5, None, {"region": "EMEA", "score": 3})


async def test_damaged_parquet_and_missing_library_are_said(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 no PAR1")
    with pytest.raises(LoadRefused, match="it is no Parquet"):
        await load(api, path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(LoadRefused, match=r"quintet-server\[parquet\]"):
        await load(api, path)
