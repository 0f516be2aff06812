"""Declared queries run side by side; what one of them meets does not touch the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from quintet_server.engines.sql.model import Column, QueryResult, SqlTimeout
from quintet_server.http.errors import ApiError
from quintet_server.services.amdahl.pages.model import DeclaredQuery, Param
from quintet_server.services.amdahl.rendering import running
from quintet_server.services.amdahl.rendering.running import run_queries

Answer = Callable[..., Awaitable[QueryResult]]


def parts(answer: Answer) -> Any:
    """Parts of a server whose SQL is this function."""
    return SimpleNamespace(sql=SimpleNamespace(query=answer))


def sql(name: str, **params: Param) -> DeclaredQuery:
    return DeclaredQuery(name, "sql", sql=f"SELECT {name}", params=params)


async def one_row(_project: str, text: str, values: Any, **_options: Any) -> QueryResult:
    row = {"text": text, "values": dict(values)}
    columns = (Column("text", "STRING"), Column("values", "JSON"))
    return QueryResult(
        columns=columns, rows=[row], rows_json=b"[]", truncated=False, duration_ms=1.0
    )


async def test_each_query_gets_its_own_parameters_and_the_row_cap() -> None:
    seen = []

    async def answer(project: str, text: str, values: Any, **options: Any) -> QueryResult:
        seen.append((project, options["limit"]))
        return await one_row(project, text, values)

    queries = [sql("a", x=Param("integer")), sql("b", y=Param("string", default="d"))]
    outcomes = await run_queries(parts(answer), "p1", queries, {"x": "5"})

    assert list(outcomes) == ["a", "b"]
    assert outcomes["a"].columns == ("text", "values")
    assert [o.rows[0]["values"] for o in outcomes.values()] == [{"x": 5}, {"y": "d"}]
    assert seen == [("p1", 1000)] * 2


async def test_declared_types_go_with_the_values_null_or_not() -> None:
    seen = []

    async def answer(project: str, text: str, values: Any, **options: Any) -> QueryResult:
        seen.append((dict(values), dict(options["param_types"])))
        return await one_row(project, text, values)

    query = sql("a", x=Param("integer"), y=Param("date"))
    await run_queries(parts(answer), "p", [query], {"x": "5"})

    assert seen == [({"x": 5, "y": None}, {"x": "integer", "y": "date"})]


async def test_wrong_parameter_is_refused_before_anything_runs() -> None:
    async def answer(*_args: Any, **_options: Any) -> QueryResult:
        raise AssertionError("it ran")

    for params in ({"x": "five"}, {"z": 1}):
        with pytest.raises(ApiError) as caught:
            await run_queries(parts(answer), "p", [sql("a", x=Param("integer"))], params)
        assert caught.value.status == 400


async def test_failing_query_sets_its_own_error() -> None:
    async def answer(project: str, text: str, values: Any, **options: Any) -> QueryResult:
        if "slow" in text:
            raise SqlTimeout(25)
        if "odd" in text:
            raise RuntimeError("password=hunter2")
        return await one_row(project, text, values)

    outcomes = await run_queries(parts(answer), "p", [sql("slow"), sql("odd"), sql("fine")], {})

    assert outcomes["fine"].error is None
    assert outcomes["slow"].error is not None
    assert outcomes["slow"].error["code"] == "timeout"
    assert outcomes["odd"].error == {
        "code": "internal",
        "message": "Something went wrong on the server.",
    }
    assert outcomes["odd"].wire()["row_count"] == 0


async def test_only_a_few_run_at_a_time() -> None:
    running_now, most, go = 0, 0, asyncio.Event()

    async def answer(project: str, text: str, values: Any, **_options: Any) -> QueryResult:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        if running_now == running.AT_ONCE_COUNT:
            go.set()
        await go.wait()
        running_now -= 1
        return await one_row(project, text, values)

    outcomes = await run_queries(parts(answer), "p", [sql(f"q{i}") for i in range(20)], {})

    assert most == running.AT_ONCE_COUNT
    assert all(outcome.error is None for outcome in outcomes.values())


async def test_queries_share_one_deadline() -> None:
    times = iter([0.0, 0.0, 20.0, 30.0])
    given = []

    async def answer(project: str, text: str, values: Any, **options: Any) -> QueryResult:
        given.append(options["deadline_seconds"])
        return await one_row(project, text, values)

    queries = [sql("a"), sql("b"), sql("c")]
    outcomes = await run_queries(parts(answer), "p", queries, {}, now=lambda: next(times))

    assert given == [25.0, 5.0]
    assert outcomes["c"].error is not None
    assert outcomes["c"].error["code"] == "timeout"


async def test_search_text_takes_parameters_that_are_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from quintet_server.services.amdahl.data import searching

    asked = []

    async def found(_parts: Any, project: str, query: str, **_options: Any) -> list[Any]:
        asked.append((project, query))
        return [SimpleNamespace(id="i1", title="T", snippet="s", score=0.5, source=None)]

    monkeypatch.setattr(searching, "search_interactions", found)
    monkeypatch.setattr(searching, "search_documents", found)
    topic = {"topic": Param("string")}
    queries = [
        DeclaredQuery("c", "cluster_search", query="about @topic by a@b.c", params=topic),
        DeclaredQuery("k", "kb_search", query="@topic", target=None, params=topic),
        DeclaredQuery("x", "cluster_search", query="y", target="elsewhere"),
    ]
    outcomes = await run_queries(parts(one_row), "p", queries, {"topic": "price"})

    assert sorted(asked) == [("p", "about price by a@b.c"), ("p", "price")]
    assert outcomes["c"].wire()["rows"] == [
        {"id": "i1", "title": "T", "snippet": "s", "score": 0.5, "source": None}
    ]
    assert outcomes["x"].error is not None
    assert outcomes["x"].error["details"]["allowed"] == ["interactions"]
