"""`sdk.database` on the server: every type of value, errors with their advice, batches."""

from __future__ import annotations

import pytest

from aerostack import SDK, errors
from tests.e2e.aerostack.faces import Face
from tests.support.aerostack import AerostackServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

TABLE = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE)"


async def test_values_of_every_type_go_and_come(face: Face, sdk: SDK) -> None:
    sql = "SELECT ? AS empty, ? AS yes, ? AS big, ? AS real, ?5 AS text, ?5 AS again"
    params = [None, True, 2**63 - 1, 1.5, "größe 🐋"]
    found = await face.do(sdk.database.db_query, {"sql": sql, "params": params})
    assert found.results == [
        {
            "empty": None,
            "yes": 1,
            "big": 2**63 - 1,
            "real": 1.5,
            "text": "größe 🐋",
            "again": "größe 🐋",
        }
    ]
    assert (found.count, found.success, found.meta.target) == (1, True, "d1")
    blob = await face.do(sdk.database.db_query, {"sql": "SELECT x'00ff' AS blob"})
    assert blob.results == [{"blob": "AP8="}]


async def test_rows_are_written_counted_and_returned(face: Face, sdk: SDK) -> None:
    query = sdk.database.db_query
    await face.do(query, {"sql": TABLE})
    added = await face.do(
        query, {"sql": "INSERT INTO notes (text) VALUES (?), (?)", "params": ["a", "b"]}
    )
    assert (added.results, added.count) == ([], 2)
    assert (added.meta.changes, added.meta.last_row_id) == (2, 2)
    returned = await face.do(
        query, {"sql": "DELETE FROM notes WHERE text = 'a' RETURNING id, text"}
    )
    assert (returned.results, returned.count) == ([{"id": 1, "text": "a"}], 1)
    left = await face.do(query, {"sql": "SELECT * FROM notes /* aerostack:target=postgres */"})
    assert (left.results, left.meta.target) == ([{"id": 2, "text": "b"}], "d1")


async def test_query_is_spelled_as_in_newer_sdks(face: Face, sdk: SDK) -> None:
    query = sdk.database.dbQuery_async if face.is_async else sdk.database.dbQuery
    found = await face.finish(query(sql="SELECT ? AS n", params=[7]))
    assert found.results == [{"n": 7}]


@pytest.mark.parametrize(
    ("sql", "params", "reason", "action"),
    [
        ("SELEC 1", None, "DB_QUERY_INVALID", None),
        ("SELECT 1; SELECT 2", None, "DB_QUERY_INVALID", None),
        ("SELECT * FROM missing", None, "DB_TABLE_NOT_FOUND", "CREATE_TABLE"),
        ("SELECT missing FROM notes", None, "DB_COLUMN_NOT_FOUND", "ALTER_TABLE"),
        ("INSERT INTO notes (text) VALUES ('a')", None, "DB_CONSTRAINT_FAILED", None),
        ("SELECT ?", [], "DB_PARAMETERS_INVALID", None),
        ("SELECT ?", [1, 2], "DB_PARAMETERS_INVALID", None),
    ],
)
async def test_statement_that_fails_is_a_typed_error_with_advice(
    face: Face, sdk: SDK, sql: str, params: list[object] | None, reason: str, action: str | None
) -> None:
    await face.do(sdk.database.db_query, {"sql": TABLE})
    await face.do(sdk.database.db_query, {"sql": "INSERT INTO notes (text) VALUES ('a')"})
    request = {"sql": sql} if params is None else {"sql": sql, "params": params}
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.database.db_query, request)
    assert type(caught.value) is errors.ErrorResponse
    assert (caught.value.status_code, caught.value.data.code) == (400, "DB_QUERY_FAILED")
    assert caught.value.data.details is not None
    assert caught.value.data.details["reason"] == reason
    assert caught.value.data.details.get("recoveryAction") == action


@pytest.mark.parametrize(
    "sql",
    ["ATTACH 'other.db' AS other", "VACUUM INTO 'copy.db'", "SELECT load_extension('x')"],
)
async def test_statement_that_leaves_the_project_is_refused(face: Face, sdk: SDK, sql: str) -> None:
    with pytest.raises(errors.SDKBaseError) as caught:
        await face.do(sdk.database.db_query, {"sql": sql})
    assert caught.value.status_code in (400, 403)


async def test_parameter_that_is_no_value_is_refused(face: Face, sdk: SDK) -> None:
    for params in ([[1]], [{"a": 1}]):
        with pytest.raises(errors.ErrorResponse) as caught:
            await face.do(sdk.database.db_query, {"sql": "SELECT ?", "params": params})
        assert caught.value.status_code == 400
    with pytest.raises(errors.RequestTypeError, match="bytes"):
        await face.do(sdk.database.db_query, {"sql": "SELECT ?", "params": [b"x"]})
    with pytest.raises(errors.RequestValidationError):
        await face.do(sdk.database.db_query, {"sql": "SELECT ?", "params": [float("nan")]})


async def test_batch_keeps_what_succeeded(face: Face, sdk: SDK) -> None:
    queries = [
        {"sql": TABLE},
        {"sql": "INSERT INTO notes (text) VALUES (?)", "params": ["a"]},
        {"sql": "INSERT INTO notes (text) VALUES (?)", "params": ["a"]},
        {"sql": "SELECT text FROM notes"},
    ]
    found = await face.do(sdk.database.db_batch, {"queries": queries})
    assert found.success is False
    assert [each.success for each in found.results] == [True, True, False, True]
    assert "UNIQUE" in found.results[2].error
    assert found.results[3].results == [{"text": "a"}]


async def test_atomic_batch_is_all_or_nothing(face: Face, sdk: SDK) -> None:
    await face.do(sdk.database.db_query, {"sql": TABLE})
    queries = [{"sql": "INSERT INTO notes (text) VALUES ('a')"}, {"sql": "SELECT nonsense"}]
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.database.db_batch, {"queries": queries, "atomic": True})
    assert caught.value.data.code == "DB_QUERY_FAILED"
    assert caught.value.data.details is not None
    assert caught.value.data.details["failedIndex"] == 1
    counted = await face.do(sdk.database.db_query, {"sql": "SELECT count(*) AS n FROM notes"})
    assert counted.results == [{"n": 0}]


async def test_other_project_has_another_database(
    face: Face, sdk: SDK, server: AerostackServer
) -> None:
    await face.do(sdk.database.db_query, {"sql": TABLE})
    other = face.sdk(server.project())
    tables = await face.do(
        other.database.db_query,
        {"sql": "SELECT name FROM pragma_table_list() WHERE name = 'notes'"},
    )
    assert tables.results == []
