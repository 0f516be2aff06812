# Generated from tests/unit/_async/test_resources.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Every method: what it sends, how often, and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quintet.errors import ConnectionFailure

from .rig import client, header, ok, page_of, sent

DROP = ConnectionFailure("the peer is gone", progress=1)
SPEC = {"version": 1, "root": {"type": "Divider"}}
Perform = Callable[[Any], Any]
# name, call, method, path, body; and whether it carries a key
CALLS: list[tuple[str, Perform, str, str, Any, bool]] = [
    ("me", lambda am: am.me(), "GET", "/me", None, False),
    ("context", lambda am: am.account.context(), "GET", "/me/context", None, False),
    (
        "create_api_key",
        lambda am: am.account.create_api_key("ci", ["data:read"], role="viewer"),
        "POST",
        "/api_keys",
        {"name": "ci", "scopes": ["data:read"], "role": "viewer"},
        True,
    ),
    (
        "revoke_api_key",
        lambda am: am.account.revoke_api_key("k 1"),
        "DELETE",
        "/api_keys/k%201",
        None,
        True,
    ),
    (
        "query",
        lambda am: am.data.query("SELECT @a", {"a": 1}, limit=5),
        "POST",
        "/data/query",
        {"sql": "SELECT @a", "params": {"a": 1}, "limit": 5},
        False,
    ),
    (
        "explore",
        lambda am: am.data.explore("schema", include_samples=False),
        "POST",
        "/data/explore",
        {"scope": "schema", "include_samples": False},
        False,
    ),
    (
        "search",
        lambda am: am.data.search("pricing", "keyword", limit=3),
        "POST",
        "/data/search",
        {"query": "pricing", "mode": "keyword", "limit": 3},
        False,
    ),
    (
        "ingest",
        lambda am: am.data.ingest("interactions", [{"id": "1"}]),
        "POST",
        "/data/ingest",
        {"table": "interactions", "rows": [{"id": "1"}]},
        True,
    ),
    (
        "search.query",
        lambda am: am.search.query(
            "pricing",
            surface="interactions",
            filters=[{"field": "channel", "op": "eq", "value": "email"}],
            order_by={"field": "timestamp", "dir": "desc"},
            group_by="channel",
            metrics=[{"fn": "count"}],
            limit=5,
        ),
        "POST",
        "/search/query",
        {
            "query": "pricing",
            "mode": "auto",
            "surface": "interactions",
            "filters": [{"field": "channel", "op": "eq", "value": "email"}],
            "order_by": {"field": "timestamp", "dir": "desc"},
            "group_by": ["channel"],
            "metrics": [{"fn": "count"}],
            "limit": 5,
        },
        False,
    ),
    ("search.fields", lambda am: am.search.fields(), "GET", "/search/fields", None, False),
    ("pages.get", lambda am: am.pages.get("p/1"), "GET", "/pages/p%2F1", None, False),
    (
        "pages.create",
        lambda am: am.pages.create("x", SPEC, description="d", tags="one", page_grants=["viewer"]),
        "POST",
        "/pages",
        {"name": "x", "spec": SPEC, "description": "d", "tags": ["one"], "page_grants": ["viewer"]},
        True,
    ),
    (
        "pages.update",
        lambda am: am.pages.update("1", description=None, tags=["a"], expected_version=3),
        "PATCH",
        "/pages/1",
        {"description": None, "tags": ["a"], "expected_version": 3},
        True,
    ),
    (
        "pages.publish",
        lambda am: am.pages.publish("1"),
        "PATCH",
        "/pages/1",
        {"status": "published"},
        True,
    ),
    ("pages.archive", lambda am: am.pages.archive("1"), "DELETE", "/pages/1", None, True),
    (
        "pages.unarchive",
        lambda am: am.pages.unarchive("1"),
        "PATCH",
        "/pages/1",
        {"status": "draft"},
        True,
    ),
    (
        "pages.hard_delete",
        lambda am: am.pages.hard_delete("1"),
        "POST",
        "/pages/1/hard-delete",
        {},
        True,
    ),
    (
        "pages.validate",
        lambda am: am.pages.validate({"type": "Divider"}, [{"name": "q", "sql": "SELECT 1"}]),
        "POST",
        "/pages/validate",
        {"spec": SPEC, "declared_queries": [{"name": "q", "sql": "SELECT 1", "source": "sql"}]},
        False,
    ),
    (
        "pages.render",
        lambda am: am.pages.render("1", {"since": "2026-01-01"}),
        "POST",
        "/pages/1/render",
        {"params": {"since": "2026-01-01"}},
        False,
    ),
    (
        "pages.get_version",
        lambda am: am.pages.get_version("1", 2),
        "GET",
        "/pages/1/versions/2",
        None,
        False,
    ),
    (
        "pages.restore",
        lambda am: am.pages.restore("1", 2),
        "POST",
        "/pages/1/restore",
        {"version": 2},
        True,
    ),
    (
        "pages.rotate_embed_secret",
        lambda am: am.pages.rotate_embed_secret(),
        "POST",
        "/pages/embed-secret/rotate",
        {},
        True,
    ),
    (
        "agents.profile",
        lambda am: am.agents.profile("copilot"),
        "GET",
        "/agent-profiles/copilot",
        None,
        False,
    ),
    (
        "pages.template",
        lambda am: am.pages.template("win-rate-gauge"),
        "GET",
        "/pages/templates/win-rate-gauge",
        None,
        False,
    ),
    (
        "pages.embed_token",
        lambda am: am.pages.embed_token(
            "1", "public", ttl_seconds=60, origins=["https://a.example"]
        ),
        "POST",
        "/pages/1/embed-token",
        {"audience": "public", "ttl_seconds": 60, "origins": ["https://a.example"]},
        True,
    ),
    (
        "agents.start",
        lambda am: am.agents.start("copilot", ""),
        "POST",
        "/agents/run",
        {"profile_id": "copilot", "task": "", "input_params": {}, "async": True},
        True,
    ),
    (
        "agents.status",
        lambda am: am.agents.status("as_1", wait_ms=5),
        "GET",
        "/agents/as_1/status?wait_ms=5",
        None,
        False,
    ),
    (
        "agents.resume",
        lambda am: am.agents.resume("as_1", {"a": 1}),
        "POST",
        "/agents/as_1/resume",
        {"input": {"a": 1}},
        True,
    ),
    (
        "agents.cancel",
        lambda am: am.agents.cancel("as_1"),
        "POST",
        "/agents/as_1/cancel",
        {},
        False,
    ),
    (
        "agents.get_run",
        lambda am: am.agents.get_run("as_1"),
        "GET",
        "/agent-runs/as_1",
        None,
        False,
    ),
    (
        "webhooks.create",
        lambda am: am.webhooks.create("https://a.example", "*", secret="s" * 16),
        "POST",
        "/webhooks",
        {"url": "https://a.example", "events": ["*"], "secret": "s" * 16},
        True,
    ),
    (
        "delete_document",
        lambda am: am.data.delete_document("doc 1"),
        "DELETE",
        "/data/documents/doc%201",
        None,
        True,
    ),
    (
        "chat.start",
        lambda am: am.chat.start(
            "Hi", chat_id="c", agent="copilot", name="N", config={"depth": "quick"}
        ),
        "POST",
        "/chat",
        {
            "input": "Hi",
            "chat_id": "c",
            "agent": "copilot",
            "name": "N",
            "config": {"depth": "quick"},
        },
        True,
    ),
    ("chat.get", lambda am: am.chat.get("c"), "GET", "/chats/c", None, False),
    (
        "chat.update",
        lambda am: am.chat.update("c", name="N", status="archived"),
        "PATCH",
        "/chats/c",
        {"name": "N", "status": "archived"},
        True,
    ),
    (
        "chat.run",
        lambda am: am.chat.run("c", "as_1", wait_ms=5, include_events=True),
        "GET",
        "/chats/c/runs/as_1?wait_ms=5&include=events",
        None,
        False,
    ),
    (
        "chat.resume",
        lambda am: am.chat.resume("c", "as_1", {"a": 1}, request_id="pi_1"),
        "POST",
        "/chats/c/runs/as_1/resume",
        {"input": {"a": 1}, "request_id": "pi_1"},
        True,
    ),
    (
        "chat.cancel",
        lambda am: am.chat.cancel("c", "as_1"),
        "POST",
        "/chats/c/runs/as_1/cancel",
        {},
        False,
    ),
    (
        "pages.restore_expected",
        lambda am: am.pages.restore("p", 1, expected_version=3),
        "POST",
        "/pages/p/restore",
        {"version": 1, "expected_version": 3},
        True,
    ),
    ("webhooks.get", lambda am: am.webhooks.get("whk_1"), "GET", "/webhooks/whk_1", None, False),
    (
        "webhooks.update",
        lambda am: am.webhooks.update("whk_1", active=False, events=["a"], description=None),
        "PATCH",
        "/webhooks/whk_1",
        {"events": ["a"], "description": None, "active": False},
        True,
    ),
    (
        "webhooks.rotate",
        lambda am: am.webhooks.rotate_secret("whk_1"),
        "PATCH",
        "/webhooks/whk_1",
        {"rotate_secret": True},
        True,
    ),
    (
        "webhooks.delete",
        lambda am: am.webhooks.delete("whk_1"),
        "DELETE",
        "/webhooks/whk_1",
        None,
        True,
    ),
    (
        "webhooks.test",
        lambda am: am.webhooks.test("whk_1"),
        "POST",
        "/webhooks/whk_1/test",
        {},
        True,
    ),
    (
        "webhooks.redeliver",
        lambda am: am.webhooks.redeliver("whk_1", "d_1"),
        "POST",
        "/webhooks/whk_1/deliveries/d_1/redeliver",
        {},
        True,
    ),
    (
        "sessions.create",
        lambda am: am.sessions.create("x", {"a": 1}),
        "POST",
        "/sessions",
        {"title": "x", "metadata": {"a": 1}},
        True,
    ),
    ("sessions.get", lambda am: am.sessions.get("plat_1"), "GET", "/sessions/plat_1", None, False),
    (
        "sessions.delete",
        lambda am: am.sessions.delete("plat_1"),
        "DELETE",
        "/sessions/plat_1",
        None,
        True,
    ),
    (
        "artifacts.create",
        lambda am: am.artifacts.create("report", "T", {"x": 1}, status="saved"),
        "POST",
        "/artifacts",
        {"artifact_type": "report", "title": "T", "content_json": {"x": 1}, "status": "saved"},
        True,
    ),
    ("artifacts.get", lambda am: am.artifacts.get("a"), "GET", "/artifacts/a", None, False),
    (
        "artifacts.update",
        lambda am: am.artifacts.update("a", status="archived", change_summary="why"),
        "PATCH",
        "/artifacts/a",
        {"status": "archived", "change_summary": "why"},
        True,
    ),
    ("artifacts.delete", lambda am: am.artifacts.delete("a"), "DELETE", "/artifacts/a", None, True),
    (
        "artifacts.get_version",
        lambda am: am.artifacts.get_version("a", 1),
        "GET",
        "/artifacts/a/versions/1",
        None,
        False,
    ),
    (
        "routines.create",
        lambda am: am.routines.create(
            "n", "p", "0 9 * * 1", timezone="Europe/Berlin", enabled=False
        ),
        "POST",
        "/routines",
        {
            "name": "n",
            "prompt": "p",
            "cron": "0 9 * * 1",
            "timezone": "Europe/Berlin",
            "enabled": False,
        },
        True,
    ),
    ("routines.get", lambda am: am.routines.get("r"), "GET", "/routines/r", None, False),
    (
        "routines.update",
        lambda am: am.routines.update("r", enabled=True),
        "PATCH",
        "/routines/r",
        {"enabled": True},
        True,
    ),
    ("routines.delete", lambda am: am.routines.delete("r"), "DELETE", "/routines/r", None, True),
    (
        "routines.run_now",
        lambda am: am.routines.run_now("r"),
        "POST",
        "/routines/r/run-now",
        {},
        True,
    ),
]
LISTS: list[tuple[str, Perform, str]] = [
    ("pages", lambda am: am.pages.iter(q="a b", limit=None), "/pages?q=a%20b"),
    ("versions", lambda am: am.pages.iter_versions("1"), "/pages/1/versions?limit=100"),
    (
        "runs",
        lambda am: am.agents.iter_runs(profile="copilot", status="failed"),
        "/agent-runs?status=failed&profile=copilot&limit=100",
    ),
    ("webhooks", lambda am: am.webhooks.iter(limit=5), "/webhooks?limit=5"),
    (
        "deliveries",
        lambda am: am.webhooks.iter_deliveries("w", event="webhook.test"),
        "/webhooks/w/deliveries?event=webhook.test&limit=100",
    ),
    ("sessions", lambda am: am.sessions.iter(), "/sessions?limit=100"),
    (
        "artifacts",
        lambda am: am.artifacts.iter(status="saved"),
        "/artifacts?status=saved&limit=100",
    ),
    (
        "artifact_versions",
        lambda am: am.artifacts.iter_versions("a"),
        "/artifacts/a/versions?limit=100",
    ),
    ("documents", lambda am: am.data.iter_documents(q="faq"), "/data/documents?q=faq&limit=100"),
    ("chats", lambda am: am.chat.iter(status="archived"), "/chats?status=archived&limit=100"),
    ("tagged", lambda am: am.pages.iter(tags=["a", "b"]), "/pages?tags=a&tags=b&limit=100"),
    ("routines", lambda am: am.routines.iter(), "/routines?limit=100"),
    ("api_keys", lambda am: am.account.iter_api_keys(), "/api_keys?limit=100"),
    ("audit_log", lambda am: am.account.iter_audit_log(q="pages"), "/audit_log?q=pages&limit=100"),
]
PAGES: list[tuple[str, Perform, str]] = [
    ("pages", lambda am: am.pages.list(limit=2, offset=4), "/pages?limit=2&offset=4"),
    (
        "pages_by_time",
        lambda am: am.pages.list(
            tags="a",
            created_at_gte="2026-01-01",
            created_at_lte="2026-02-01",
            updated_at_gte="2026-01-02",
            updated_at_lte="2026-02-02",
        ),
        "/pages?tags=a&created_at_gte=2026-01-01&created_at_lte=2026-02-01"
        "&updated_at_gte=2026-01-02&updated_at_lte=2026-02-02",
    ),
    ("documents", lambda am: am.data.documents(offset=2), "/data/documents?offset=2"),
    ("chats", lambda am: am.chat.list(q="x", limit=3), "/chats?limit=3&q=x"),
    ("runs", lambda am: am.agents.list_runs(cursor="c"), "/agent-runs?cursor=c"),
    ("webhooks", lambda am: am.webhooks.list(), "/webhooks"),
    (
        "deliveries",
        lambda am: am.webhooks.list_deliveries("w", status="failed"),
        "/webhooks/w/deliveries?status=failed",
    ),
    ("sessions", lambda am: am.sessions.list(), "/sessions"),
    (
        "artifacts",
        lambda am: am.artifacts.list(artifact_type="report"),
        "/artifacts?artifact_type=report",
    ),
]


def perform(call: Perform, am: Any) -> Any:
    return call(am)


@pytest.mark.parametrize(
    ("name", "call", "method", "path", "body", "keyed"), CALLS, ids=[c[0] for c in CALLS]
)
def test_call_is_sent_as_documented_and_repeated_with_one_key(
    name: str, call: Perform, method: str, path: str, body: Any, keyed: bool
) -> None:
    am, transport = client(DROP, ok({"id": "1", "rows": [], "session_id": "as_1", "status": "x"}))
    perform(call, am)
    assert [sent(transport, n) for n in range(2)] == [(method, path, body)] * 2
    keys = {header(transport, "Idempotency-Key", n) for n in range(2)}
    assert len(keys) == 1
    assert (None not in keys) is keyed


@pytest.mark.parametrize(("name", "call", "path"), LISTS, ids=[c[0] for c in LISTS])
def test_iterator_asks_for_its_list(name: str, call: Perform, path: str) -> None:
    am, transport = client(page_of([{"id": "1"}], next_cursor=None))
    assert [item["id"] for item in call(am)] == ["1"]
    assert sent(transport) == ("GET", path, None)


@pytest.mark.parametrize(("name", "call", "path"), PAGES, ids=[c[0] for c in PAGES])
def test_list_asks_for_one_page(name: str, call: Perform, path: str) -> None:
    am, transport = client(page_of([{"id": "1"}], next_cursor="c"))
    found = perform(call, am)
    assert (found["items"][0]["id"], found["next_cursor"]) == ("1", "c")
    assert sent(transport) == ("GET", path, None)
