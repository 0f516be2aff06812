# Generated from tests/unit/_async/test_former_defects.py by tools/async_to_sync; edit the source and run scripts/fix.
"""What goes wrong with the snippets of the service's guide, by number, and does not here.

Those that need a real socket (4, 10, 14, 17) are in ``wire/test_connections.py`` as well.
"""

from __future__ import annotations

import hashlib
import hmac
import inspect
import json
import os
from typing import Any

import pytest

from amdahl import (
    AmdahlClient,
    AmdahlError,
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    DecodeError,
    MisuseError,
    NotFoundError,
    PaginationError,
    RateLimitError,
    ServerError,
    StreamIdleError,
    WaitTimeoutError,
    page as p,
    verify_webhook_signature,
)
from amdahl._sync import functions as guide
from quintet.errors import ConnectionFailure, TimeoutFailure
from quintet.testing import FakeClock, check_secret_hygiene

from .rig import (
    BASE,
    HTML,
    KEY,
    ORIGIN,
    SSE,
    client,
    frame,
    header,
    ok,
    page_of,
    refused,
    reply,
    run,
    sent,
    stream,
)

DROP = ConnectionFailure("the peer is gone", progress=2)
DROP_BEFORE = ConnectionFailure("connection refused", progress=0)
STARTED = frame("session.started", 1)
COMPLETED = frame("session.completed", 2, {"result": {"text": "done"}})


def follow(am: AmdahlClient, **options: Any) -> list[str]:
    return [event["type"] for event in guide.stream_agent(am, "as_1", **options)]


def test_d01_body_that_is_no_json_does_not_hide_the_status() -> None:
    am, _ = client(reply(502, body=HTML, headers={"Content-Type": "text/html"}), max_retries=0)
    with pytest.raises(ServerError) as caught:
        am.get("/pages")
    error = caught.value
    assert (error.status, error.code, error.body) == (502, "http_502", None)
    assert error.raw == HTML
    assert str(error).startswith("[502 http_502] HTTP 502 Bad Gateway")
    assert "<h1>" not in str(error)
    assert error.message == f"HTTP 502 Bad Gateway (GET {BASE}/pages answered 502)"


def test_404_that_is_not_of_the_service_points_at_the_base_url() -> None:
    am, _ = client(reply(404, body=HTML), reply(404, body=b"nothing here"))
    for rest in ("", ": nothing here"):
        with pytest.raises(NotFoundError) as caught:
            am.get("/pages")
        place = f"(GET {BASE}/pages answered 404)"
        assert caught.value.message == f"HTTP 404 Not Found {place}; is base_url right?{rest}"


def test_d02_error_may_be_a_string() -> None:
    am, _ = client(reply(401, json={"error": "Unauthorized"}))
    with pytest.raises(AuthenticationError) as caught:
        am.get("/pages")
    assert (caught.value.code, caught.value.message) == ("unknown", "Unauthorized")
    assert caught.value.body == {"error": "Unauthorized"}


def test_d03_lost_start_is_repeated_with_one_key() -> None:
    clock = FakeClock()
    am, transport = client(DROP, reply(503), ok(run("queued"), 202), clock=clock)
    guide.start_agent(am, profile_id="researcher", task="Look")
    keys = {header(transport, "Idempotency-Key", n) for n in range(3)}
    assert len(keys) == 1
    assert None not in keys
    assert len(set(transport.bodies)) == 1
    assert len(clock.sleeps) == 2


def test_d03_retry_around_a_start_keeps_its_key_and_sees_failures_of_the_connection() -> None:
    am, transport = client(DROP, reply(500), DROP_BEFORE, ok(run("queued"), 202), max_retries=0)
    clock = FakeClock(randoms=[0.5])

    def start() -> Any:
        return guide.start_agent(am, profile_id="researcher", task="Look")

    assert guide.with_retry(start, clock=clock)["session_id"] == "as_1"
    assert len({header(transport, "Idempotency-Key", n) for n in range(4)}) == 1
    assert clock.sleeps == [0.6, 1.1, 2.1]


def test_d03_retry_never_repeats_a_write_that_may_have_happened() -> None:
    for answer in (DROP, reply(502), reply(500)):
        am, transport = client(answer, max_retries=0)

        def enrich() -> Any:
            return am.post("/enrich", {})  # noqa: B023

        with pytest.raises(AmdahlError) as caught:
            guide.with_retry(enrich, clock=FakeClock())
        assert len(transport.requests) == 1
        assert caught.value.outcome_unknown
        assert not caught.value.is_retryable


def test_d04_silent_stream_is_given_up() -> None:
    clock = FakeClock()
    silent = TimeoutFailure("timed out", phase="read", progress=2)
    script = [stream(STARTED, silent), *[stream(silent)] * 5, ok(run("running"))]
    am, transport = client(*script, clock=clock)
    with pytest.raises(StreamIdleError) as caught:
        follow(am)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.last_event_id == "1"
    assert len(transport.requests) == 7
    assert inspect.signature(am.agents.stream).parameters["idle_timeout"].default == 45.0


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_d05_lines_may_end_in_any_way(end: str) -> None:
    text = (STARTED + COMPLETED).decode().replace("\n", end).encode()
    am, _ = client(stream(text))
    assert follow(am) == ["session.started", "session.completed"]


def test_d06_event_may_have_several_lines_of_data() -> None:
    event = b'id: 1\ndata: {"type": "session.completed",\ndata: "seq": 1, "data": {}}\n\n'
    am, _ = client(stream(event))
    assert follow(am) == ["session.completed"]


def test_d07_space_after_the_colon_is_optional() -> None:
    am, _ = client(stream(b'id:1\ndata:{"type":"session.completed","seq":1}\n\n'))
    assert follow(am) == ["session.completed"]


def test_d08_only_cr_and_lf_end_a_line() -> None:
    text = "a\u2028b\u2029c\x85d"
    body = json.dumps(
        {"type": "message.delta", "seq": 1, "data": {"text": text}}, ensure_ascii=False
    )
    am, _ = client(stream(f"id: 1\ndata: {body}\n\n".encode(), COMPLETED))
    events = [event for event in am.agents.stream("as_1")]
    assert events[0]["data"]["text"] == text


def test_d09_status_of_a_stream_is_checked() -> None:
    for answer in (
        refused(401, "unauthenticated"),
        reply(401, body=b"data: {}\n\n", headers=SSE),
    ):
        am, _ = client(answer)
        with pytest.raises(AuthenticationError) as caught:
            follow(am)
        assert caught.value.status == 401


def test_d10_events_are_handed_on_as_they_arrive() -> None:
    seen: list[str] = []

    def second() -> bytes:
        assert seen == ["session.started"]
        return COMPLETED

    am, _ = client(stream(STARTED, second))
    for event in am.agents.stream("as_1"):
        seen.append(event["type"])
    assert seen == ["session.started", "session.completed"]


def test_d11_drop_is_made_good_where_it_happened() -> None:
    clock = FakeClock()
    am, transport = client(
        stream(b"retry: 2000\n\n" + STARTED, DROP), stream(STARTED + COMPLETED), clock=clock
    )
    assert follow(am) == ["session.started", "session.completed"]
    assert header(transport, "Last-Event-ID") == "1"
    assert clock.sleeps == [2.0]


@pytest.mark.parametrize("kind", ["session.completed", "session.failed", "session.canceled"])
def test_d12_every_end_ends_the_stream(kind: str) -> None:
    am, transport = client(stream(frame(kind, 1), AssertionError("read on")))
    assert follow(am) == [kind]
    assert transport.open_exchanges == 0


def test_d12_stream_ends_at_a_question_if_wanted() -> None:
    paused = frame("session.awaiting_input", 1, {"pending_input": {"request_id": "pi_1"}})
    am, _ = client(stream(paused, AssertionError("read on")))
    assert follow(am, stop_on_input=True) == ["session.awaiting_input"]
    am, _ = client(stream(paused + frame("session.resumed", 2) + frame("session.completed", 3)))
    assert len(follow(am)) == 3


def test_d13_error_of_a_stream_is_like_any_other_and_nothing_stays_open() -> None:
    am, transport = client(refused(404, "not_found", "No such run", hint=7))
    with pytest.raises(APIStatusError) as caught:
        follow(am)
    assert (caught.value.code, caught.value.message) == ("not_found", "No such run")
    assert caught.value.body["hint"] == 7
    assert transport.open_exchanges == 0
    am, transport = client(stream(STARTED, AssertionError("read on")))
    with am.agents.stream("as_1") as events:
        for _ in events:
            break
    assert transport.open_exchanges == 0


def test_d14_netrc_is_never_read(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine amdahl.example login mallory password guess\n")
    monkeypatch.setenv("NETRC", os.fspath(netrc))
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    am, transport = client(page_of([]))
    guide.list_pages(am)
    assert header(transport, "Authorization") == f"Bearer {KEY}"


def test_d15_id_never_leaves_its_segment() -> None:
    am, transport = client(reply(204))
    guide.archive_page(am, "../webhooks/wh_1")
    assert sent(transport) == ("DELETE", "/pages/..%2Fwebhooks%2Fwh_1", None)
    for wrong in ("", ".", ".."):
        with pytest.raises(MisuseError):
            guide.archive_page(am, wrong)
    for path in (
        "/pages/../webhooks/wh_1",
        "/pages/",
        "/pages/%2e%2e/x",
        "//evil.example/x",
        "https://evil.example/",
    ):
        with pytest.raises(MisuseError):
            am.delete(path)
    assert len(transport.requests) == 1


def test_d16_client_has_no_cookies_and_no_state_between_calls() -> None:
    am, transport = client(ok({}, **{"Set-Cookie": "session=1"}), ok({}))
    am.get("/me")
    am.get("/me")
    assert header(transport, "Cookie") is None
    first, second = (list(request.headers) for request in transport.requests)
    assert first == second


def test_d17_dripping_body_ends_at_the_timeout() -> None:
    clock = FakeClock()

    def drip() -> bytes:
        clock.advance(10.0)
        return b" "

    am, _ = client(reply(200, chunks=[drip] * 100), clock=clock, max_retries=0)
    with pytest.raises(TimeoutError):
        am.get("/pages")
    assert clock.monotonic() <= 40.0


def test_d18_configuration_is_read_when_a_client_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError, match="AMDAHL_URL"):
        AmdahlClient(api_key=KEY)
    with pytest.raises(ConfigurationError, match="API_KEY"):
        AmdahlClient(ORIGIN)
    monkeypatch.setenv("AMDAHL_URL", ORIGIN)
    monkeypatch.setenv("API_KEY", KEY)
    first = AmdahlClient()
    monkeypatch.setenv("AMDAHL_URL", "https://other.example")
    assert first.base_url == ORIGIN + "/api/platform/v1"
    assert AmdahlClient().base_url == "https://other.example/api/platform/v1"
    check_secret_hygiene(KEY, first, repr(vars(first)))


def test_d19_lists_by_offset_are_walked_too_and_loops_are_noticed() -> None:
    am, transport = client(
        page_of([1, 2], offset=0, has_more=True), page_of([3], offset=2, has_more=False)
    )
    assert [item for item in guide.iter_pages(am)] == [1, 2, 3]
    assert sent(transport)[1] == "/pages?limit=100&offset=2"
    am, _ = client(page_of([1], next_cursor="a"), page_of([2], next_cursor="a"))
    with pytest.raises(PaginationError, match="second time"):
        _ = [item for item in guide.iter_pages(am)]


def test_d20_wait_survives_hiccups_knows_other_words_and_ends_on_time() -> None:
    clock = FakeClock()
    am, _ = client(
        DROP_BEFORE,
        reply(503),
        ok(run("pending")),
        ok(run("completed")),
        clock=clock,
        max_retries=0,
    )
    assert guide.wait_for_agent(am, "as_1")["status"] == "complete"
    clock = FakeClock()
    am, _ = client(*[ok(run("running"))] * 99, clock=clock)
    with pytest.raises(TimeoutError, match="as_1") as caught:
        guide.wait_for_agent(am, "as_1", interval_s=3.0, timeout_s=10.0)
    assert isinstance(caught.value, WaitTimeoutError)
    assert caught.value.session_id == "as_1"
    assert caught.value.last["status"] == "running"
    assert clock.monotonic() <= 10.0


def test_d21_signature_check_takes_whatever_a_sender_sends() -> None:
    body, secret = b'{"event":"webhook.test"}', "whsec_secret"
    good = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert verify_webhook_signature(body, good, secret)
    assert verify_webhook_signature(body, f"sha256={good}", secret)
    for wrong in ("ä" * 64, "", None, good[:-1], "sha256=", good + "x", "\x00", "=" * 9999):
        assert verify_webhook_signature(body, wrong, secret) is False


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"Retry-After": "7"}, {"retry_after": 3}, 7.0),
        (
            {
                "Retry-After": "Tue, 14 Nov 2023 22:13:27 GMT",
                "Date": "Tue, 14 Nov 2023 22:13:20 GMT",
            },
            {},
            7.0,
        ),
        ({}, {"retry_after": 3}, 3.0),
        ({}, {"error": {"code": "rate_limited", "details": {"retry_after": 4}}}, 4.0),
        ({"X-RateLimit-Reset": "1700000009"}, {}, 9.0),
        ({"X-RateLimit-Reset": "8"}, {}, 8.0),
        ({}, [1, 2], None),
    ],
)
def test_d22_every_hint_of_a_429_is_obeyed(headers: Any, body: Any, expected: Any) -> None:
    clock = FakeClock()
    answer = reply(429, json=body, headers=headers)
    am, _ = client(answer, ok({}), clock=clock)
    am.get("/me")
    assert clock.sleeps[0] == (pytest.approx(0.5, abs=0.01) if expected is None else expected)
    am, _ = client(answer, max_retries=0)
    with pytest.raises(RateLimitError) as caught:
        am.get("/me")
    assert caught.value.retry_after == expected


def test_d22_hint_beyond_the_callers_time_is_raised_at_once() -> None:
    clock = FakeClock()
    am, _ = client(refused(429, "rate_limited", retry_after=20), clock=clock, deadline=10.0)
    with pytest.raises(RateLimitError) as caught:
        am.get("/me")
    assert (caught.value.retry_after, clock.sleeps) == (20.0, [])


def test_d23_redirects_go_nowhere() -> None:
    am, transport = client(reply(302, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(APIStatusError) as caught:
        guide.create_page(am, {"name": "x", "spec": {"type": "Divider"}})
    assert caught.value.status == 302
    assert len(transport.requests) == 1


def test_d24_any_body_of_a_deletion_that_succeeded_is_fine() -> None:
    script = [reply(204), reply(200, body=b"OK"), ok({"deleted": True}), reply(200, body=HTML)]
    am, _ = client(*script, reply(200, body=b"OK"))
    for _ in range(4):
        assert guide.delete_webhook(am, "whk_1") is None  # type: ignore[func-returns-value]
    assert am.delete("/anything/1") is None


def test_d25_headers_say_what_is_so() -> None:
    am, transport = client(ok({}), ok({}), stream(COMPLETED))
    am.get("/me")
    am.post("/data/query", {"sql": "SELECT 1"})
    follow(am)
    assert [header(transport, "Content-Type", n) for n in range(3)] == [
        None,
        "application/json",
        None,
    ]
    accepts = ["application/json", "application/json", "text/event-stream"]
    assert [header(transport, "Accept", n) for n in range(3)] == accepts
    for n in range(3):
        assert header(transport, "X-Amdahl-API-Version", n) == "2026-04-14"
        assert (header(transport, "User-Agent", n) or "").startswith("amdahl-platform-python/")


def test_d26_answers_have_types_and_keep_what_is_unknown() -> None:
    am, _ = client(ok(run("brand_new_state", surprise=[1])), reply(200, json=[1]))
    status = am.agents.status("as_1")
    assert status["status"] == "brand_new_state"
    assert status["surprise"] == [1]  # type: ignore[typeddict-item]
    with pytest.raises(DecodeError, match=r"agents\.status"):
        am.agents.status("as_1")
    hints = inspect.get_annotations(type(am.agents).status)
    assert hints["return"] == "AgentStatus"


def test_d27_pages_that_are_built_are_canonical_and_those_of_the_guide_become_so() -> None:
    by_channel = p.sql("by_channel", "SELECT channel FROM interactions")
    built = p.page("Weekly", p.Section(p.Table(by_channel)))
    shorthand = {
        "name": "Weekly",
        "declared_queries": [{"name": "by_channel", "sql": "SELECT channel FROM interactions"}],
        "spec": {
            "type": "Section",
            "children": [{"type": "Table", "data": {"$query": "by_channel"}}],
        },
    }
    am, transport = client(ok({"id": "1"}, 201), ok({"id": "2"}, 201))
    guide.create_page(am, built)
    guide.create_page(am, shorthand)
    assert sent(transport, 0)[2] == sent(transport, 1)[2] == built
    with pytest.raises(MisuseError, match="is not declared"):
        p.page("Weekly", p.Table("by_chanel"), queries=[by_channel])


def test_connection_that_cannot_be_made_is_of_the_base_class() -> None:
    am, _ = client(DROP_BEFORE, max_retries=0)
    with pytest.raises(ConnectionFailedError) as caught:
        am.get("/me")
    assert isinstance(caught.value, ConnectionError)
    assert str(caught.value).startswith("[0 connection_error] GET ")
