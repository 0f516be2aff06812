"""Arguments that cannot be meant: refused with a word of what is wrong, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from amdahl import ConfigurationError, MisuseError, RateLimitError

from .rig import client, ok, refused, reply

WRONG: list[tuple[str, Callable[[Any], Any], str]] = [
    ("create_from", lambda am: am.pages.create_from(None), "the page must be a mapping, not None"),
    ("create_page", lambda am: am.pages.create({"name": "x", "spec": {}}), r"create\(\*\*page\)"),
    ("create_bare", lambda am: am.pages.create("x"), r"needs a spec beside its name"),
    ("update_from", lambda am: am.pages.update_from("p", [1]), "must be a mapping, not list"),
    ("validate", lambda am: am.pages.validate({}, [5]), r"declared_queries\[0\] must be a mapping"),
    ("webhook", lambda am: am.webhooks.update_from("w", None), "must be a mapping, not None"),
    (
        "ingest_row",
        lambda am: am.data.ingest("t", [{}, 5]),
        r"rows\[1\] must be a mapping, not int",
    ),
    ("ingest_rows", lambda am: am.data.ingest("t", 5), "rows must be a list of mappings, not int"),
    ("ingest_one", lambda am: am.data.ingest("t", {"id": 1}), "rows must be a list of mappings"),
    ("ingest_table", lambda am: am.data.ingest(None, []), "table must be a str"),
    ("sql", lambda am: am.data.query(None), "sql must be a str, not NoneType"),
    ("search", lambda am: am.data.search(5), "query must be a str, not int"),
    ("filters", lambda am: am.search.query(filters=5), "filters must be a list of mappings"),
    ("metrics", lambda am: am.search.query(metrics=["n"]), r"metrics\[0\] must be a mapping"),
    ("method", lambda am: am.request(None, "/me"), "method must be a str, not NoneType"),
    ("path", lambda am: am.request("GET", None), "path must be a str, not NoneType"),
    ("session_method", lambda am: am.session.request(None, "/me"), "method must be a str"),
    ("session_url", lambda am: am.session.get(None), "URL must be a str, not NoneType"),
    ("params", lambda am: am.get("/me", params=5), "params must be a mapping, not int"),
    ("headers", lambda am: am.get("/me", headers=5), "headers must be a mapping, not int"),
    ("wait_ms", lambda am: am.agents.status("as_1", wait_ms="x"), "wait_ms must be whole"),
    ("chat_wait_ms", lambda am: am.chat.run("c", "r", wait_ms=-1), "wait_ms must be whole"),
    ("on_input", lambda am: am.agents.wait("as_1", on_input=5), "on_input must be a function"),
    ("first_str", lambda am: am.pages.iter().first("x"), "must be a whole number"),
    ("first_float", lambda am: am.pages.iter().first(1.5), "must be a whole number"),
    ("task", lambda am: am.agents.start("researcher", None), "task must be a str"),
    ("profile", lambda am: am.agents.start(None, "x"), "profile_id must be a str"),
]


@pytest.mark.parametrize(("name", "call", "message"), WRONG, ids=[case[0] for case in WRONG])
async def test_argument_of_the_wrong_type_is_refused(
    name: str, call: Callable[[Any], Any], message: str
) -> None:
    am, transport = client()
    with pytest.raises(MisuseError, match=message):
        await call(am)
    assert not transport.requests


def test_stream_after_what_is_no_id_is_refused() -> None:
    am, _ = client()
    with pytest.raises(MisuseError, match="last_event_id must be a str, not int"):
        am.agents.stream("as_1", last_event_id=5)  # type: ignore[arg-type]


def test_hooks_that_are_none_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="hooks must be a list of hooks, not int"):
        client(hooks=5)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), (" 2.5 ", 2.5), ("soon", None), ("-1", None), ("nan", None), ("", None)],
)
async def test_wait_in_a_body_may_be_written_as_a_string(said: str, seconds: float | None) -> None:
    am, _ = client(refused(429, "rate_limited", retry_after=said), max_retries=0)
    with pytest.raises(RateLimitError) as caught:
        await am.me()
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(("code", "shown"), [(42, "42"), (0, "0"), (True, "unknown")])
async def test_code_may_be_a_number(code: Any, shown: str) -> None:
    am, _ = client(reply(429, json={"error": {"code": code, "message": "no"}}), max_retries=0)
    with pytest.raises(RateLimitError) as caught:
        await am.me()
    assert caught.value.code == shown
    assert caught.value.message == "no"


async def test_empty_task_reaches_the_service() -> None:
    am, transport = client(ok({"session_id": "as_1", "status": "queued"}))
    await am.agents.start("researcher", "")
    assert len(transport.requests) == 1
