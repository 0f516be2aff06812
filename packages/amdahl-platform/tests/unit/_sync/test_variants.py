# Generated from tests/unit/_async/test_variants.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Every way in which the generations of the service write the same thing."""

from __future__ import annotations

from typing import Any

import pytest

from amdahl import (
    AgentFailedError,
    AmdahlError,
    APIStatusError,
    AuthenticationError,
    ConflictError,
    InvalidArgumentError,
    InvalidSpecError,
    InvalidSqlError,
    NotFoundError,
    NotOnPublicApiError,
    PermissionDeniedError,
    QueryTimeoutError,
    QuotaError,
    RateLimitError,
    ServerError,
)

from .rig import BASE, HTML, client, header, ok, page_of, question, refused, reply, run, sent

UNEXPLAINED = f"HTTP 404 (GET {BASE}/pages/x answered 404)"
SAYS = {"code": "not_found", "message": "No such page"}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": SAYS}, "not_found", "No such page"),
        ({"data": {"error": SAYS}}, "not_found", "No such page"),
        ({"error": "not_found", "message": "No such page"}, "not_found", "No such page"),
        ({"error": "No such page", "code": "not_found"}, "not_found", "No such page"),
        ({"error": "not_found"}, "not_found", "not_found"),
        ({"error": "No such page"}, "unknown", "No such page"),
        ({"code": "not_found", "message": "No such page"}, "not_found", "No such page"),
        ({"data": SAYS}, "not_found", "No such page"),
        ({"detail": "No such page"}, "unknown", "No such page"),
        ({"error": {"message": "No such page"}}, "unknown", "No such page"),
        ({"error": {"code": 7}, "message": ["x"]}, "7", UNEXPLAINED),
        ({"error": None}, "unknown", UNEXPLAINED),
        ([1, 2], "unknown", UNEXPLAINED),
        ("No such page", "unknown", "No such page"),
        ({}, "unknown", UNEXPLAINED),
    ],
)
def test_error_bodies_are_understood(body: Any, code: str, message: str) -> None:
    am, _ = client(reply(404, json=body))
    with pytest.raises(NotFoundError) as caught:
        am.get("/pages/x")
    error = caught.value
    assert (error.code, error.message, error.body) == (code, message, body)
    assert str(error) == f"[404 {code}] {message}"


@pytest.mark.parametrize("body", [b"", b"oops", HTML, b'{"error":', b"\xff\xfe"])
def test_error_that_is_no_json_keeps_its_status_and_bytes(body: bytes) -> None:
    am, _ = client(reply(404, body=body))
    with pytest.raises(NotFoundError) as caught:
        am.get("/pages/x")
    assert caught.value.code == "http_404"
    assert caught.value.message.startswith("HTTP 404 Not Found")
    assert len(caught.value.message) < 250
    assert caught.value.raw == body


def test_status_that_has_no_name_is_told_by_its_number() -> None:
    am, _ = client(reply(499))
    with pytest.raises(
        APIStatusError, match=r"\[499 http_499\] HTTP 499 \(GET https://\S+/pages answered 499\)$"
    ):
        am.get("/pages")


def test_success_that_says_it_is_an_error_is_one() -> None:
    error = {"code": "action_not_allowed", "message": "Not this"}
    for body in ({"data": {"success": False, "error": error}}, {"success": False, "error": error}):
        am, _ = client(ok(body))
        with pytest.raises(APIStatusError) as caught:
            am.agents.cancel("as_1")
        assert (caught.value.status, caught.value.code) == (200, "action_not_allowed")
        assert caught.value.attempts == 1
    am, _ = client(ok({"success": False, "error": "just a word"}))
    assert am.get("/me") == {"success": False, "error": "just a word"}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_argument", InvalidArgumentError),
        (400, "invalid_request", InvalidArgumentError),
        (400, "invalid_sql", InvalidSqlError),
        (400, "invalid_spec", InvalidSpecError),
        (400, "brand_new", InvalidArgumentError),
        (401, "unauthenticated", AuthenticationError),
        (403, "missing_scope", PermissionDeniedError),
        (403, "role_too_low", PermissionDeniedError),
        (403, "not_on_public_api", NotOnPublicApiError),
        (404, "not_found", NotFoundError),
        (405, "method_not_allowed", APIStatusError),
        (408, "timeout", QueryTimeoutError),
        (409, "version_conflict", ConflictError),
        (410, "request_expired", APIStatusError),
        (413, "payload_too_large", APIStatusError),
        (429, "rate_limited", RateLimitError),
        (429, "quota_exhausted", QuotaError),
        (500, "internal", ServerError),
        (503, "unavailable", ServerError),
        (504, "timeout", QueryTimeoutError),
        # The code says more than the status.
        (500, "not_found", NotFoundError),
        (418, "rate_limited", RateLimitError),
    ],
)
def test_class_comes_from_the_code_then_the_status(
    status: int, code: str, kind: type[AmdahlError]
) -> None:
    am, _ = client(refused(status, code), max_retries=0)
    with pytest.raises(AmdahlError) as caught:
        am.get("/pages")
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code) == (status, code)


def test_details_are_at_hand() -> None:
    am, _ = client(
        refused(
            400, "invalid_argument", details={"fields": [{"field": "url"}], "allowed": ["a", "b"]}
        ),
        refused(400, "invalid_argument", "bad", details={"field": "url"}),
        refused(400, "invalid_sql", details={"reason": "not_select"}),
        refused(400, "invalid_spec", details={"verdict": {"valid": False}}),
        refused(403, "missing_scope", details={"required_scopes": ["pages:write"]}),
        refused(409, "version_conflict", details={"current_version": 4}),
    )

    def fail() -> Any:
        with pytest.raises(AmdahlError) as caught:
            am.get("/pages")
        return caught.value

    first, second = fail(), fail()
    assert (first.fields, first.allowed) == ([{"field": "url"}], ["a", "b"])
    assert second.fields == [{"field": "url", "message": "bad"}]
    assert fail().reason == "not_select"
    assert fail().verdict == {"valid": False}
    assert fail().required_scopes == ["pages:write"]
    assert fail().current_version == 4


def test_rate_limit_is_on_its_error_and_on_the_client() -> None:
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-Request-Id": "r1"}
    am, _ = client(refused(429, "rate_limited", headers=headers), ok({}), max_retries=0)
    with pytest.raises(RateLimitError) as caught:
        am.get("/me")
    assert (caught.value.limit, caught.value.remaining) == (100, 0)
    assert caught.value.request_id == "r1"
    assert am.rate_limit is not None
    assert am.rate_limit.remaining == 0


def test_used_up_allowance_is_not_waited_for() -> None:
    for code in ("quota_exceeded", "quota_exhausted", "too_many_pending"):
        am, transport = client(refused(429, code, headers={"Retry-After": "1"}))
        with pytest.raises(QuotaError) as caught:
            am.get("/me")
        assert len(transport.requests) == 1
        assert not caught.value.is_retryable


def test_write_under_way_is_asked_for_again_with_its_key() -> None:
    busy = refused(409, "idempotency_in_progress", headers={"Retry-After": "1"})
    am, transport = client(busy, ok({"id": "p"}, 201))
    am.pages.create("x", {"version": 1, "root": {"type": "Divider"}})
    assert len({header(transport, "Idempotency-Key", n) for n in range(2)}) == 1
    am, transport = client(refused(409, "idempotency_conflict"))
    with pytest.raises(ConflictError):
        am.pages.create("x", {"version": 1, "root": {"type": "Divider"}})


def test_stopped_query_is_repeated_only_if_asked_for() -> None:
    am, transport = client(refused(504, "timeout"))
    with pytest.raises(QueryTimeoutError):
        am.data.query("SELECT 1")
    assert len(transport.requests) == 1
    am, transport = client(refused(504, "timeout"), ok({"rows": []}), retry_timeouts=True)
    am.data.query("SELECT 1")
    assert len(transport.requests) == 2


def test_lone_data_is_taken_off_and_nothing_else_is() -> None:
    am, _ = client(ok({"data": {"id": 1}}), ok({"data": 1, "more": 2}), ok({"success": True}))
    assert am.get("/x") == {"id": 1}
    assert am.get("/x") == {"data": 1, "more": 2}
    assert am.get("/x") == {"success": True}
    am, _ = client(reply(200))
    assert am.get("/x") is None


@pytest.mark.parametrize("key", ["items", "sessions", "agents", "whatever"])
def test_items_of_a_list_may_have_any_name(key: str) -> None:
    am, _ = client(ok({key: [{"session_id": "as_1"}], "next_cursor": None, "total": 1}))
    found = am.agents.list_runs()
    assert [item["session_id"] for item in found["items"]] == ["as_1"]
    assert found["total"] == 1


def test_list_may_be_bare() -> None:
    am, _ = client(ok([{"id": "researcher", "producesArtifactType": "report"}]))
    (profile,) = am.agents.profiles()
    assert profile["produces_artifact_type"] == "report"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("complete", "complete"),
        ("completed", "complete"),
        ("error", "failed"),
        ("cancelled", "canceled"),
        ("pending", "queued"),
        ("dreaming", "dreaming"),
    ],
)
def test_states_have_one_word(word: str, expected: str) -> None:
    am, _ = client(ok(run(word)))
    assert am.agents.status("as_1")["status"] == expected


def test_choices_come_as_a_schema_either_way() -> None:
    vendor = question(choice=["red", "green"])
    am, _ = client(ok(run("awaiting_input", pending_input=vendor)))
    status = am.agents.status("as_1")
    assert status["pending_input"] is not None
    assert status["pending_input"]["schema"] == {
        "type": "object",
        "properties": {"choice": {"enum": ["red", "green"]}},
        "required": ["choice"],
    }
    proper = question(type="object", properties={"choice": {"enum": ["red"]}})
    am, _ = client(ok(run("awaiting_input", pending_input=proper)))
    status = am.agents.status("as_1")
    assert status["pending_input"] == proper


def test_webhooks_artifacts_and_sessions_have_both_names() -> None:
    am, _ = client(ok({"id": "wh_1", "enabled": False}), ok({"id": "whk_1", "active": True}))
    assert am.webhooks.get("wh_1")["active"] is False
    assert am.webhooks.get("whk_1")["enabled"] is True
    am, _ = client(ok({"artifact": {"id": "a", "type": "report", "content": {"x": 1}}}))
    artifact = am.artifacts.get("a")
    assert (artifact["artifact_type"], artifact["content_json"]) == ("report", {"x": 1})
    am, _ = client(ok({"session": {"id": "plat_1"}}), ok({"id": "plat_1"}))
    assert am.sessions.get("plat_1") == am.sessions.get("plat_1")


def test_failure_of_a_run_may_be_a_text() -> None:
    am, _ = client(ok(run("error", error="it broke")))
    with pytest.raises(AgentFailedError) as caught:
        am.agents.wait("as_1")
    assert (caught.value.code, caught.value.message) == ("agent_failed", "it broke")


@pytest.mark.parametrize(
    "url",
    [
        "https://amdahl.example",
        "https://amdahl.example/",
        "https://amdahl.example/api/platform/v1",
        "https://amdahl.example/api/platform/v1/",
    ],
)
def test_origin_and_whole_base_url_are_the_same(url: str) -> None:
    am, _ = client()
    assert type(am)(url, "k").base_url == BASE
    am, transport = client(page_of([]), business_id="biz_1")
    am.pages.list()
    assert header(transport, "X-Business-Id") == "biz_1"
    assert sent(transport) == ("GET", "/pages", None)
