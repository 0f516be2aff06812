# Generated from tests/unit/_async/test_former_defects.py by tools/async_to_sync; edit the source and run scripts/fix.
"""What went wrong with the published 0.1.0, by number, and does not any more."""

from __future__ import annotations

import inspect
import logging
import pickle
from importlib.metadata import version
from typing import Any

import httpx
import pytest

import flowmaestro
from flowmaestro import (
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    DecodeError,
    FlowMaestroClient,
    FlowMaestroConnectionError,
    FlowMaestroError,
    FlowMaestroStreamError,
    MisuseError,
    NotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ServiceTimeoutError,
    ValidationError,
    WaitTimeoutError,
)
from quintet.errors import ConnectionFailure, ProtocolFailure, TimeoutFailure
from quintet.testing import FakeClock, ScriptedTransport, check_secret_hygiene

from .rig import BASE, KEY, SSE, client, frames, header, ok, page_of, refused, reply, sent, stream

DROP = ConnectionFailure("the peer is gone", progress=2)
STARTED = ("execution:started", {"execution_id": "exec_1"}, 1)
COMPLETED = ("execution:completed", {"outputs": {"a": 1}}, 2)
DROP_BEFORE = ConnectionFailure("connection refused", progress=0)
RUNNING = {"id": "exec_1", "status": "running", "outputs": None, "error": None}


def follow(fm: FlowMaestroClient) -> list[str]:
    return [event["type"] for event in fm.executions.stream("exec_1")]


def test_d01_status_of_a_stream_is_checked_first() -> None:
    fm, _ = client(refused(401, "invalid_api_key", "Invalid API key"))
    with pytest.raises(AuthenticationError) as caught:
        follow(fm)
    assert (caught.value.status_code, caught.value.code) == (401, "invalid_api_key")
    assert caught.value.request_id == "req_body"


def test_d02_error_that_calls_itself_a_stream_is_an_error() -> None:
    fm, _ = client(reply(403, body=b"data: {}\n\n", headers=SSE))
    with pytest.raises(FlowMaestroError) as caught:
        follow(fm)
    assert caught.value.status_code == 403


def test_d03_silence_of_two_heartbeats_is_put_up_with() -> None:
    clock = FakeClock()

    def beat() -> bytes:
        clock.advance(70.0)
        return b": keepalive\n\n"

    fm, _ = client(stream(frames(STARTED), beat, beat, frames(COMPLETED)), clock=clock, timeout=5)
    assert follow(fm) == ["execution:started", "execution:completed"]
    default = inspect.signature(fm.executions.stream).parameters["idle_timeout"].default
    assert default > 65
    assert inspect.signature(fm.threads.stream).parameters["idle_timeout"].default == default


def test_d04_cut_before_the_end_is_never_a_quiet_end() -> None:
    fm, _ = client(*[stream(frames(STARTED))] + [stream()] * 5, ok(RUNNING))
    with pytest.raises(FlowMaestroStreamError, match="ended early"):
        follow(fm)


def test_d05_drop_is_made_good_after_the_wait_the_service_asks_for() -> None:
    clock = FakeClock()
    fm, transport = client(
        stream(b"retry: 2500\n\n" + frames(STARTED), DROP),
        stream(frames(STARTED, COMPLETED)),
        clock=clock,
    )
    assert follow(fm) == ["execution:started", "execution:completed"]
    assert header(transport, "Last-Event-ID") == "1"
    assert clock.sleeps == [2.5]


def test_d06_type_is_filled_in_from_the_name_of_the_event() -> None:
    fm, _ = client(
        stream(frames(("connected", {}), ("node:started", {"type": "other"}), COMPLETED))
    )
    assert follow(fm) == ["connected", "other", "execution:completed"]


def test_d07_stream_ends_with_its_last_event_and_not_with_the_connection() -> None:
    fm, transport = client(stream(frames(STARTED, COMPLETED), AssertionError("read on")))
    assert follow(fm) == ["execution:started", "execution:completed"]
    assert transport.open_exchanges == 0


def test_d08_unreadable_event_is_an_error() -> None:
    fm, _ = client(stream(frames(STARTED), b"event: execution:completed\ndata: {oops\n\n"))
    with pytest.raises(FlowMaestroStreamError, match="JSON"):
        follow(fm)


def test_d09_no_event_is_lost_between_sending_and_listening() -> None:
    events = frames(
        ("message:token", {"token": "first"}), ("message:completed", {"content": "first"})
    )
    fm, transport = client(stream(events))
    for event in fm.threads.send_message_stream("t_1", "Hi"):
        if event["type"] == "message:token":
            assert event["token"] == "first"
    assert [request.method for request in transport.requests] == ["POST"]


def test_d10_streams_of_messages_end_and_tell_failures() -> None:
    for kind, failed in (("message:completed", False), ("message:failed", True)):
        for method in ("stream", "send"):
            fm, _ = client(stream(frames((kind, {})), AssertionError("read on")))
            events = (
                fm.threads.stream("t_1")
                if method == "stream"
                else fm.threads.send_message_stream("t_1", "Hi")
            )
            assert events.until_end() == {"type": kind}
            assert events.failed is failed


def test_d11_streams_use_the_clients_own_connections() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["accept"] == "text/event-stream"
        return httpx.Response(200, headers=SSE, content=frames(STARTED, COMPLETED))

    mine: Any
    mine = httpx.Client(transport=httpx.MockTransport(handle))
    fm = FlowMaestroClient(KEY, http_client=mine)
    assert follow(fm) == ["execution:started", "execution:completed"]
    fm.close()
    assert not mine.is_closed
    mine.close()


def test_d12_closed_means_closed_for_calls_and_streams() -> None:
    fm, transport = client(stream(frames(STARTED, COMPLETED)))
    fm.close()
    with pytest.raises(ClientClosedError, match="closed"):
        fm.workflows.list()
    with pytest.raises(ClientClosedError, match="closed"):
        follow(fm)
    assert not transport.requests


def test_d13_write_is_repeated_only_with_a_key() -> None:
    started = ok({"execution_id": "exec_1"}, 202)
    fm, transport = client(reply(503), reply(503), started)
    fm.workflows.execute("wf_1")
    keys = {header(transport, "Idempotency-Key", n) for n in range(3)}
    assert len(transport.requests) == 3
    assert len(keys) == 1
    assert None not in keys
    for status in (408, 500, 502, 503, 504):
        fm, transport = client(reply(status))
        with pytest.raises(FlowMaestroError):
            fm.webhooks.create("n", "https://a.example", ["execution.failed"])
        assert len(transport.requests) == 1
    fm, transport = client(
        reply(503, headers={"Retry-After": "1"}), reply(429), DROP_BEFORE, ok({"id": "wh_1"})
    )
    fm.webhooks.create("n", "https://a.example", ["execution.failed"])
    assert len(transport.requests) == 4


def test_d14_message_that_is_being_answered_is_not_sent_again() -> None:
    fm, transport = client(refused(408, "timeout"))
    with pytest.raises(ServiceTimeoutError) as caught:
        fm.threads.send_message("thread_7", "Hi")
    assert len(transport.requests) == 1
    assert caught.value.thread_id == "thread_7"
    assert isinstance(caught.value, TimeoutError)


def test_d15_sending_a_message_has_its_own_time() -> None:
    limits: list[float | None] = []

    def note(transport: ScriptedTransport) -> None:
        plain = transport.send

        def send(request: Any, until: float | None, seconds: float | None) -> Any:
            limits.append(seconds)
            return plain(request, until, seconds)

        transport.send = send  # type: ignore[method-assign]

    for options, call, limit in (
        ({}, {}, 130.0),
        ({"timeout": 200.0}, {}, 200.0),
        ({}, {"timeout": 7}, 7.0),
        ({}, {"timeout": float("inf")}, None),
        ({"timeout": float("inf")}, {}, None),
    ):
        done = stream(frames(("message:completed", {})))
        fm, transport = client(ok({"content": "x"}), done, **options)
        note(transport)
        fm.threads.send_message("t_1", "Hi", **call)
        fm.threads.send_message_stream("t_1", "Hi", **call).until_end()
        assert limits == [limit, limit]
        limits.clear()


def test_d16_timeout_of_a_read_is_followed_by_another_attempt() -> None:
    fm, transport = client(TimeoutFailure("timed out", phase="read", progress=1), ok({}))
    fm.workflows.get("wf_1")
    assert len(transport.requests) == 2
    fm, transport = client(TimeoutFailure("timed out", phase="read", progress=1), max_retries=0)
    with pytest.raises(RequestTimeoutError):
        fm.workflows.get("wf_1")


def test_d17_dropped_connection_is_followed_by_another_attempt() -> None:
    for failure in (DROP, ProtocolFailure("not HTTP", progress=1)):
        fm, transport = client(failure, page_of([]))
        fm.workflows.list()
        assert len(transport.requests) == 2
    fm, _ = client(DROP, max_retries=0)
    with pytest.raises(FlowMaestroConnectionError) as caught:
        fm.workflows.list()
    assert isinstance(caught.value, ConnectionError)


def test_d18_retry_after_is_on_the_error() -> None:
    details = {"limit": 60, "window": "minute", "retry_after": 12}
    for headers, hint in (({"Retry-After": "7"}, 7.0), ({}, 12.0)):
        fm, _ = client(
            refused(429, "rate_limit_exceeded", headers=headers, details=details), max_retries=0
        )
        with pytest.raises(RateLimitError) as caught:
            fm.workflows.list()
        assert caught.value.retry_after == hint
        assert (caught.value.limit, caught.value.window) == (60, "minute")


def test_d19_wait_asked_for_is_bounded_and_read_in_all_forms() -> None:
    clock = FakeClock()
    fm, transport = client(
        refused(429, "rate_limit_exceeded", headers={"Retry-After": "86400"}), clock=clock
    )
    with pytest.raises(RateLimitError) as caught:
        fm.workflows.list()
    assert (caught.value.retry_after, clock.sleeps) == (86400.0, [])
    date = {"Date": "Tue, 14 Nov 2023 22:13:20 GMT", "Retry-After": "Tue, 14 Nov 2023 22:13:27 GMT"}
    for headers, longest in ((date, 7.0), ({"Retry-After": "-5"}, 8.0)):
        clock = FakeClock()
        fm, transport = client(reply(429, headers=headers), page_of([]), clock=clock)
        fm.workflows.list()
        assert 0 < clock.sleeps[0] <= longest
        assert len(transport.requests) == 2


def test_d20_error_given_as_text_is_understood() -> None:
    fm, _ = client(reply(400, json={"success": False, "error": "No such thing", "details": [1]}))
    with pytest.raises(ValidationError) as caught:
        fm.workflows.list()
    assert (caught.value.message, caught.value.details) == ("No such thing", [1])
    body = {"message": "Route GET:/x not found", "error": "Not Found", "statusCode": 404}
    fm, _ = client(reply(404, json=body))
    with pytest.raises(NotFoundError):
        fm.workflows.list()


def test_d21_empty_deletion_is_a_success_and_bad_json_says_its_status() -> None:
    fm, _ = client(reply(204), reply(200, body=b"<html>", headers={"X-Request-ID": "r"}))
    assert fm.webhooks.delete("wh_1")["data"] == {"id": "wh_1", "deleted": True}
    with pytest.raises(DecodeError) as caught:
        fm.workflows.list()
    assert (caught.value.status_code, caught.value.request_id) == (200, "r")


def test_d22_mistakes_of_the_caller_are_no_connection_errors() -> None:
    fm, transport = client()
    for inputs in ({"x": object()}, {"x": float("nan")}):
        with pytest.raises(MisuseError) as caught:
            fm.workflows.execute("wf_1", inputs=inputs)
        assert not isinstance(caught.value, ConnectionError)
    with pytest.raises(ConfigurationError):
        FlowMaestroClient(KEY, "http://exa mple")
    assert not transport.requests


def test_d23_request_id_is_found_in_header_and_body() -> None:
    fm, _ = client(
        refused(404, "resource_not_found", headers={"X-Request-ID": "req_header"}),
        refused(404, "resource_not_found"),
        ok({}),
    )
    for expected in ("req_header", "req_body"):
        with pytest.raises(NotFoundError) as caught:
            fm.workflows.get("wf_1")
        assert caught.value.request_id == expected
    fm.workflows.get("wf_1")
    assert fm.last_response is not None
    assert fm.last_response.request_id == "req_body"


def test_d24_ids_are_one_segment() -> None:
    fm, transport = client(ok({}))
    fm.workflows.get("../executions/abc?x=1#y")
    assert transport.requests[0].url == f"{BASE}/workflows/..%2Fexecutions%2Fabc%3Fx%3D1%23y"


@pytest.mark.parametrize("bad", ["", ".", "..", None, 7])
def test_d24_ids_are_never_empty(bad: Any) -> None:
    fm, transport = client()
    for call in (
        lambda: fm.workflows.get(bad),
        lambda: fm.workflows.execute(bad),
        lambda: fm.executions.cancel(bad),
        lambda: fm.executions.resume(bad),
        lambda: fm.agents.create_thread(bad),
        lambda: fm.agents.get_memory("a", bad),
        lambda: fm.threads.send_message(bad, "x"),
        lambda: fm.threads.list_messages(bad),
        lambda: fm.knowledge_bases.query(bad, "q"),
        lambda: fm.triggers.execute(bad),
        lambda: fm.webhooks.delete(bad),
        lambda: fm.webhooks.test(bad),
    ):
        with pytest.raises(MisuseError):
            call()
    for open_stream in (
        fm.executions.stream,
        fm.threads.stream,
        lambda thread: fm.threads.send_message_stream(thread, "x"),
    ):
        with pytest.raises(MisuseError):
            open_stream(bad)
    assert not transport.requests


def test_d25_zero_is_no_timeout_and_none_is_the_default() -> None:
    for zero in (0, 0.0):
        with pytest.raises(ConfigurationError, match="timeout"):
            FlowMaestroClient(KEY, timeout=zero)
    fm, _ = client(timeout=None)
    assert fm._calls.attempt_seconds() == 30.0


def test_d26_wait_ends_on_time_by_a_clock_that_never_goes_back() -> None:
    clock = FakeClock()

    def slow(request: Any) -> Any:
        clock.advance(3.0)
        return TimeoutFailure("timed out", phase="deadline", progress=1)

    fm, transport = client(*[slow] * 9, clock=clock)
    with pytest.raises(WaitTimeoutError):
        fm.executions.wait_for_completion("exec_1", timeout=1)
    assert len(transport.requests) == 1


def test_d27_wait_puts_up_with_passing_failures_and_keeps_the_last_state() -> None:
    fm, _ = client(ok(RUNNING), *[reply(503)] * 200, max_retries=0)
    with pytest.raises(WaitTimeoutError) as caught:
        fm.executions.wait_for_completion("exec_1", timeout=60)
    assert caught.value.last["status"] == "running"


def test_d28_what_is_not_given_is_not_sent() -> None:
    fm, transport = client(*[ok({"id": "x"})] * 6)
    fm.knowledge_bases.query("kb_1", "q")
    fm.webhooks.create("n", "https://a.example", ["x"])
    fm.agents.create_thread("agent_1")
    fm.workflows.execute("wf_1")
    fm.threads.send_message("t_1", "x")
    fm.webhooks.update("wh_1", name="x")
    for body in transport.bodies:
        assert b"null" not in body


def test_d29_triggers_are_listed_by_workflow() -> None:
    fm, transport = client(page_of([{"id": "t", "type": "manual"}]))
    fm.triggers.list(workflow_id="wf_abc123")
    assert sent(transport)[1] == "/triggers?workflow_id=wf_abc123"


def test_d30_webhooks_can_be_changed_looked_after_and_verified() -> None:
    fm, transport = client(ok({"id": "wh_1"}), page_of([]))
    fm.webhooks.update("wh_1", is_active=False)
    assert sent(transport) == ("PATCH", "/webhooks/wh_1", {"is_active": False})
    fm.webhooks.list_deliveries("wh_1")
    assert sent(transport)[1] == "/webhooks/wh_1/deliveries"
    signed = flowmaestro.sign_webhook(b"{}", "whsec_x")
    assert flowmaestro.verify_webhook(b"{}", signed, "whsec_x")


def test_d31_errors_that_share_a_name_with_built_ins_are_these() -> None:
    assert issubclass(flowmaestro.TimeoutError, TimeoutError)
    assert issubclass(flowmaestro.ConnectionError, ConnectionError)
    assert flowmaestro.TimeoutError is flowmaestro.FlowMaestroTimeoutError
    assert flowmaestro.ConnectionError is flowmaestro.FlowMaestroConnectionError
    assert flowmaestro.StreamError is flowmaestro.FlowMaestroStreamError


def test_d32_nothing_looks_like_a_test_to_collectors() -> None:
    import flowmaestro.types

    for module in (flowmaestro, flowmaestro.types):
        for name in module.__all__:
            assert not name.lower().startswith("test")
    fm, _ = client()
    assert type(fm.webhooks).__test__ is False


def test_d33_types_of_the_answers_are_stated() -> None:
    fm, _ = client()
    for resource in ("workflows", "executions", "agents", "knowledge_bases", "triggers"):
        for name, method in inspect.getmembers(getattr(fm, resource), inspect.ismethod):
            if not name.startswith("_"):
                returned = str(inspect.signature(method).return_annotation)
                assert returned not in ("dict[str, Any]", "Any", "<class 'inspect._empty'>")


def test_d34_pages_are_walked() -> None:
    fm, transport = client(page_of([{"id": "1"}], 1, 1, 2), page_of([{"id": "2"}], 2, 1, 2))
    assert [item["id"] for item in fm.executions.iter(per_page=1)] == ["1", "2"]
    assert len(transport.requests) == 2


def test_d35_retries_are_bounded_in_number_wait_and_time() -> None:
    clock = FakeClock(randoms=[0.999])
    fm, transport = client(*[reply(503)] * 99, clock=clock, max_retries=6)
    with pytest.raises(ServerError) as caught:
        fm.workflows.list()
    assert caught.value.attempts == 7
    assert max(clock.sleeps) <= 8.0
    clock = FakeClock(randoms=[0.999])
    fm, transport = client(*[reply(503)] * 99, clock=clock, max_retries=50, deadline=5.0)
    with pytest.raises(ServerError):
        fm.workflows.list()
    assert clock.monotonic() <= 5.0
    assert len(transport.requests) < 20


def test_d36_key_cannot_be_replaced_and_is_not_shown() -> None:
    for name in ("Authorization", "authorization", "X-API-Key", "Content-Type", "Idempotency-Key"):
        with pytest.raises(ConfigurationError, match=name):
            FlowMaestroClient(KEY, headers={name: "mine"})
    fm, transport = client(refused(401, "invalid_api_key"), headers={"X-Mine": "1"})
    with pytest.raises(AuthenticationError) as caught:
        fm.workflows.list()
    assert header(transport, "Authorization") == f"Bearer {KEY}"
    check_secret_hygiene(KEY, fm, caught.value, fm.workflows, fm.last_response)


def test_d37_key_and_url_come_from_the_environment_and_are_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLOWMAESTRO_API_KEY", KEY)
    monkeypatch.setenv("FLOWMAESTRO_BASE_URL", "http://127.0.0.1:8787")
    assert FlowMaestroClient().base_url == "http://127.0.0.1:8787/api/v1"
    with pytest.raises(ConfigurationError, match="api_key"):
        FlowMaestroClient("fm_live_two\nlines")


def test_d38_client_works_in_one_event_loop_after_another() -> None:
    pass


def _list_once(fm: FlowMaestroClient) -> None:
    fm.workflows.list()


def _close(fm: FlowMaestroClient) -> None:
    fm.close()


def test_d39_stream_left_early_is_closed_at_once() -> None:
    fm, transport = client(
        stream(frames(STARTED), frames(COMPLETED)),
        stream(frames(("message:started", {})), AssertionError("read on")),
    )
    for events in (fm.executions.stream("exec_1"), fm.threads.send_message_stream("t_1", "Hi")):
        with events:
            for _ in events:
                break
        assert transport.open_exchanges == 0


def test_d40_version_log_hooks_and_headers_are_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert flowmaestro.__version__ == version("flowmaestro")
    seen: list[Any] = []
    limits = {
        "X-RateLimit-Limit": "60",
        "X-RateLimit-Remaining": "59",
        "X-RateLimit-Reset": "1700000060",
        "X-RateLimit-Limit-Day": "10000",
        "X-RateLimit-Remaining-Day": "9999",
    }
    answer = reply(200, json={"data": {}}, headers=limits)
    fm, transport = client(answer, hooks=[seen.append])
    with caplog.at_level(logging.DEBUG, "quintet"):
        fm.workflows.get("wf_1")
    assert (header(transport, "User-Agent") or "").endswith(f"/{flowmaestro.__version__}")
    assert [attempt.operation for attempt in seen] == ["workflows.get"]
    assert caplog.records
    last = fm.last_response
    assert last is not None
    assert last.rate_limit is not None
    assert (last.rate_limit.limit, last.rate_limit.remaining) == (60, 59)
    assert (last.daily_limit, last.daily_remaining) == (10000, 9999)
    assert last.headers["x-ratelimit-limit"] == "60"
    assert (last.status_code, last.attempts, last.elapsed) == (200, 1, 0.0)
    assert "200" in repr(last)


def test_errors_survive_pickling() -> None:
    fm, _ = client(refused(404, "resource_not_found", "Workflow with id 'x' not found"))
    with pytest.raises(NotFoundError) as caught:
        fm.workflows.get("x")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.code == "resource_not_found"
