"""`POST /jobs/export` (contract §5.7)."""

from __future__ import annotations

import asyncio
import csv
import io
import json

import pytest
import pytest_asyncio

WIDE = {"from": "2000-01-01", "until": "2000-03-01"}


async def export(api, **fields):
    answer = await api.post("/jobs/export", {"from": "2020-01-01T00:00:00Z", **fields})
    assert answer.status_code == 200, answer.text
    return answer


@pytest_asyncio.fixture(loop_scope="session")
async def pauseless(started):
    async with started(export_pause_seconds=0, export_batch_rows=2, export_max_days=36_500) as api:
        yield api


async def test_ndjson_is_one_full_job_object_a_line_newest_first(pauseless):
    jobs = [await pauseless.create(payload={"n": n, "text": "a\nb"}) for n in range(5)]
    answer = await export(pauseless)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert "content-length" not in answer.headers
    assert [json.loads(line) for line in answer.text.splitlines()] == jobs[::-1]


async def test_csv_has_a_header_and_a_row_for_each_job(pauseless):
    fields = {"queue": "q", "payload": {"a": [1]}, "tags": {"k": "v"}}
    job = await pauseless.create('quo"te, and comma', **fields)
    await pauseless.in_state("dead_letter")
    answer = await export(pauseless, format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 2
    assert rows[0]["error_message"] == "it broke"
    assert rows[1]["id"] == job["id"]
    assert rows[1]["job_type"] == 'quo"te, and comma'
    assert json.loads(rows[1]["payload"]) == {"a": [1]}
    assert json.loads(rows[1]["tags"]) == {"k": "v"}
    assert rows[1]["started_at"] == ""


async def test_filters_narrow_an_export(pauseless):
    await pauseless.create("a", queue="q1")
    wanted = await pauseless.create("b", queue="q1")
    await pauseless.create("b", queue="q2")
    answer = await export(pauseless, queue="q1", job_type="b", state="pending")
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == [wanted["id"]]
    assert (await export(pauseless, state="failed")).content == b""


async def test_the_window_is_from_inclusive_until_exclusive(pauseless):
    job = await pauseless.create()
    at = job["created_at"]
    assert (await export(pauseless, **{"from": at})).text != ""
    assert (await export(pauseless, until=at)).text == ""


async def test_jobs_of_another_project_are_not_exported(pauseless):
    await pauseless.create()
    other = await pauseless.other_project()
    async with other.http:
        assert (await export(other)).content == b""


async def test_an_export_is_streamed_in_chunks(pauseless):
    for _ in range(7):
        await pauseless.create()
    async with pauseless.http.stream("POST", "/jobs/export", json={"from": "2020-01-01"}) as answer:
        lines = [line async for line in answer.aiter_lines()]
    assert len(lines) == 7


async def test_one_export_a_minute_and_project(alone, advance):
    body = {"from": "2029-01-01", "until": "2029-02-01"}
    assert (await alone.post("/jobs/export", body)).status_code == 200
    answer = await alone.post("/jobs/export", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert 30 <= int(answer.headers["retry-after"]) <= 60
    other = await alone.other_project()
    async with other.http:
        assert (await other.post("/jobs/export", body)).status_code == 200
    await advance(61)
    assert (await alone.post("/jobs/export", body)).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "from"),
        ({"from": "x"}, "from"),
        ({"from": "2000-01-01", "until": "2000-04-02"}, "from"),
        ({"from": "2000-01-01"}, "from"),
        ({"from": "2000-01-02", "until": "2000-01-01"}, "until"),
        ({"from": "2000-01-02", "until": "2000-01-02"}, "until"),
        ({"from": "2999-01-01"}, "until"),
        ({**WIDE, "format": "xml"}, "format"),
        ({**WIDE, "state": "lost"}, "state"),
        ({**WIDE, "queue": 4}, "queue"),
        ({**WIDE, "job_type": ""}, "job_type"),
    ],
)
async def test_a_bad_export_is_refused_and_does_not_start_the_pause(api, body, field):
    answer = await api.post("/jobs/export", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert answer.json()["error"]["details"][0]["field"] == field
    assert (await api.post("/jobs/export", WIDE)).status_code == 200


async def test_a_window_of_exactly_ninety_days_is_fine(api):
    body = {"from": "2000-01-01", "until": "2000-03-31"}
    assert (await api.post("/jobs/export", body)).status_code == 200


@pytest.mark.parametrize("known", [False, True])
async def test_of_two_exports_at_once_one_is_told_how_long_to_wait(api, known):
    """The other's turn is not in the snapshot of the statement that waited for it."""
    turn = "INSERT INTO flare_exports VALUES (%s, quintet_now())"
    if known:
        old = "INSERT INTO flare_exports VALUES (%s, quintet_now() - interval '1 day')"
        await api.sql(old, api.project_id)
        turn = "UPDATE flare_exports SET started_at = quintet_now() WHERE project_id = %s"
    async with api.runtime.db.transaction() as conn:
        await conn.execute(turn.encode(), (api.project_id,))
        second = asyncio.create_task(api.post("/jobs/export", WIDE))
        await api.eventually(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND query LIKE '%%flare_exports%%' AND datname = current_database()"
        )
    answer = await second
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert 30 <= int(answer.headers["retry-after"]) <= 60
