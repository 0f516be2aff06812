"""`POST /data/ingest`."""

from __future__ import annotations

from typing import Any

from ..conftest import Api

WHEN = "2026-04-14T18:22:11Z"
COUNT = "SELECT count(*) FROM amdahl_interactions WHERE project_id = %s"


async def ingest(api: Api, *rows: dict[str, Any], table: str = "interactions") -> dict[str, int]:
    answer = await api.ask("POST", "/data/ingest", {"table": table, "rows": list(rows)})
    assert answer["table"] == table
    return {name: answer[name] for name in ("received", "inserted", "updated", "unchanged")}


def counts(
    received: int, inserted: int = 0, updated: int = 0, unchanged: int = 0
) -> dict[str, int]:
    return {
        "received": received,
        "inserted": inserted,
        "updated": updated,
        "unchanged": unchanged,
    }


async def test_rows_are_inserted_changed_or_left_alone(api: Api) -> None:
    first, second = {"id": "a", "timestamp": WHEN}, {"id": "b", "timestamp": WHEN, "owner": "x"}
    assert await ingest(api, first, second) == counts(2, inserted=2)
    changed = {"id": "b", "timestamp": WHEN, "metadata": {"k": [1]}, "sentiment": 0.5}
    assert await ingest(api, first, changed, {"id": "c", "timestamp": WHEN}) == counts(
        3, inserted=1, updated=1, unchanged=1
    )
    [[owner, metadata, sentiment]] = await api.sql(
        "SELECT owner, metadata, sentiment FROM amdahl_interactions "
        "WHERE project_id = %s AND id = 'b'",
        api.project_id,
    )
    assert (owner, metadata, sentiment) == (None, {"k": [1]}, 0.5)
    assert await ingest(api) == counts(0)


async def test_rows_without_an_id_are_the_same_when_sent_again(api: Api) -> None:
    row = {"timestamp": WHEN, "content": "We need a discount"}
    other = {**row, "content": "No"}
    assert await ingest(api, row, row, other) == counts(3, inserted=2)
    assert await ingest(api, row, other) == counts(2, unchanged=2)


async def test_deals_and_qualifications_are_kept_by_their_keys(api: Api) -> None:
    deal = {"deal_id": "d1", "deal_amount": 10, "deal_stage_status": "won"}
    assert await ingest(api, deal, table="deals") == counts(1, inserted=1)
    row = {"company_id": "c1", "outcome_score": 0.8, "outcome_band": "high"}
    assert await ingest(api, row, table="deal_qualification") == counts(1, inserted=1)
    found = await api.sql(
        "SELECT deal_stage_is_won FROM amdahl_deals WHERE project_id = %s", api.project_id
    )
    assert found == [(True,)]


async def test_call_with_one_bad_row_writes_none(api: Api) -> None:
    rows = [{"timestamp": WHEN}, {"timestamp": WHEN, "sentiment": 2}, {"channel": "fax"}]
    body = {"table": "interactions", "rows": rows}
    error = await api.refused("POST", "/data/ingest", body, 400, "invalid_argument")
    assert error["message"] == "rows[1].sentiment: must be from -1 to 1"
    fields = [problem["field"] for problem in error["details"]["fields"]]
    assert fields == ["rows[1].sentiment", "rows[2].timestamp", "rows[2].channel"]
    assert await api.sql(COUNT, api.project_id) == [(0,)]


async def test_key_given_twice_for_different_rows_is_refused(api: Api) -> None:
    rows = [{"id": "a", "timestamp": WHEN}, {"id": "a", "timestamp": WHEN, "owner": "x"}]
    body = {"table": "interactions", "rows": rows}
    error = await api.refused("POST", "/data/ingest", body, 400, "invalid_argument")
    assert error["message"] == "rows[1].id: 'a' is the key of rows[0] already"


async def test_unknown_table_and_too_many_rows_are_refused(api: Api) -> None:
    body: dict[str, Any] = {"table": "projects", "rows": []}
    error = await api.refused("POST", "/data/ingest", body, 400, "invalid_argument")
    assert error["details"]["allowed"] == ["interactions", "deals", "deal_qualification"]
    body = {"table": "deals", "rows": [{}] * 5_001}
    error = await api.refused("POST", "/data/ingest", body, 413, "payload_too_large")
    assert "at most 5000 rows" in error["message"]
    body = {"table": "deals", "rows": [1]}
    error = await api.refused("POST", "/data/ingest", body, 400, "invalid_argument")
    assert error["message"].startswith("rows.0: ")


async def test_many_rows_go_in_at_once(api: Api) -> None:
    rows = [{"id": f"r{number}", "timestamp": WHEN, "content": "x"} for number in range(2_000)]
    assert await ingest(api, *rows) == counts(2_000, inserted=2_000)
    assert await ingest(api, *rows) == counts(2_000, unchanged=2_000)


async def test_ingesting_needs_its_scope_and_role(api: Api) -> None:
    body: dict[str, Any] = {"table": "deals", "rows": []}
    reader = await api.with_scopes("data:read")
    error = await reader.refused("POST", "/data/ingest", body, 403, "missing_scope")
    assert error["details"]["required_scopes"] == ["data:write"]
    viewer = await api.with_role("viewer", "data:write")
    await viewer.refused("POST", "/data/ingest", body, 403, "role_too_low")


async def test_businesses_keep_rows_of_the_same_id_apart(api: Api) -> None:
    other = await api.other_project()
    await ingest(api, {"id": "a", "timestamp": WHEN})
    assert await ingest(other, {"id": "a", "timestamp": WHEN}) == counts(1, inserted=1)
    assert await api.sql(COUNT, api.project_id) == [(1,)]


async def test_ingesting_under_an_idempotency_key_happens_once(api: Api) -> None:
    body = {"table": "interactions", "rows": [{"id": "a", "timestamp": WHEN}]}
    headers = {"Idempotency-Key": "once"}
    first = await api.post("/data/ingest", body, headers=headers)
    again = await api.post("/data/ingest", body, headers=headers)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_rows_go_with_their_project(api: Api) -> None:
    other = await api.other_project()
    await ingest(other, {"id": "a", "timestamp": WHEN, "content": "x"})
    [[id]] = await api.sql("SELECT id FROM projects WHERE name = %s", other.project)
    await api.sql("DELETE FROM projects WHERE id = %s", id)
    assert await api.sql(COUNT, id) == [(0,)]
