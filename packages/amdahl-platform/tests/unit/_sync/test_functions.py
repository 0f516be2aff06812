# Generated from tests/unit/_async/test_functions.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The functions of the guide, called as it shows them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from amdahl import (
    TERMINAL,
    AmdahlError,
    InvalidArgumentError,
    MisuseError,
    QuotaError,
    RateLimitError,
    ServerError,
)
from amdahl._sync.functions import (
    create_page,
    delete_webhook,
    get_agent_status,
    get_page,
    list_pages,
    list_webhooks,
    query_data,
    register_webhook,
    resume_agent,
    start_agent,
    stream_agent,
    update_page,
    update_webhook,
    wait_for_agent,
    with_retry,
)
from quintet.errors import ConnectionFailure
from quintet.testing import FakeClock

from .rig import client, frame, header, ok, page_of, question, refused, reply, run, sent, stream


def test_query_gives_rows_by_key() -> None:
    rows = [{"channel": "email", "events": 12}]
    am, transport = client(ok({"columns": ["channel", "events"], "rows": rows, "row_count": 1}))
    result = query_data(am, "SELECT channel, COUNT(*) AS events FROM interactions")
    assert [(row["channel"], row["events"]) for row in result["rows"]] == [("email", 12)]
    assert sent(transport) == (
        "POST",
        "/data/query",
        {"sql": "SELECT channel, COUNT(*) AS events FROM interactions"},
    )


def test_pages_are_made_read_changed() -> None:
    am, transport = client(
        page_of([{"id": "1"}]), ok({"id": "1"}), ok({"id": "2"}, 201), ok({"id": "1", "name": "y"})
    )
    assert list_pages(am)["items"] == [{"id": "1"}]
    assert get_page(am, "1")["id"] == "1"
    page = create_page(am, {"name": "x", "spec": {"type": "Divider"}, "future": 1})
    assert page["id"] == "2"
    assert sent(transport)[2]["future"] == 1
    assert update_page(am, "1", {"name": "y"})["name"] == "y"
    assert sent(transport) == ("PATCH", "/pages/1", {"name": "y"})


def test_agent_is_started_waited_for_and_answered() -> None:
    asks = run("awaiting_input", pending_input=question())
    am, transport = client(
        ok(run("queued"), 202), ok(run("running")), ok(asks), ok(run("queued")), ok(run("failed"))
    )
    started = start_agent(am, profile_id="content_writer", task="Write")
    assert sent(transport)[2] == {
        "profile_id": "content_writer",
        "task": "Write",
        "input_params": {},
        "async": True,
    }
    status = wait_for_agent(am, started["session_id"], interval_s=3.0, timeout_s=600.0)
    assert status["status"] == "awaiting_input"
    resume_agent(am, "as_1", {"approved": True})
    assert sent(transport)[2] == {"input": {"approved": True}}
    final = get_agent_status(am, "as_1")
    assert final["status"] in TERMINAL == {"complete", "failed", "canceled"}


def test_stream_gives_dictionaries_and_ends() -> None:
    events = frame("session.started", 1) + frame("session.completed", 2, {"result": None})
    am, transport = client(stream(events, AssertionError("read on")))
    seen = []
    for event in stream_agent(am, "as_1"):
        seen.append((event["type"], event.get("data")))
    assert seen == [("session.started", {}), ("session.completed", {"result": None})]
    assert transport.open_exchanges == 0


def test_webhooks_are_managed() -> None:
    am, transport = client(
        ok({"id": "whk_1", "secret": "whsec_1"}, 201),
        page_of([{"id": "whk_1"}]),
        ok({"id": "whk_1", "active": False}),
        reply(204),
    )
    hook = register_webhook(am, url="https://a.example", events=["*"], description="d")
    assert hook["secret"] == "whsec_1"
    assert sent(transport)[2] == {"url": "https://a.example", "events": ["*"], "description": "d"}
    assert list_webhooks(am)["items"][0]["id"] == "whk_1"
    assert update_webhook(am, "whk_1", {"active": False})["enabled"] is False
    delete_webhook(am, "whk_1")
    assert sent(transport) == ("DELETE", "/webhooks/whk_1", None)


def test_errors_are_handled_as_the_guide_does() -> None:
    am, _ = client(refused(400, "invalid_argument", "task must not be empty"))
    with pytest.raises(InvalidArgumentError) as caught:
        start_agent(am, profile_id="content_writer", task="")
    assert str(caught.value) == "[400 invalid_argument] task must not be empty"
    am, _ = client(refused(429, "rate_limited", retry_after=7), max_retries=0)
    with pytest.raises(AmdahlError) as limited:
        start_agent(am, profile_id="content_writer", task="x")
    assert (limited.value.body or {}).get("retry_after", 5) == 7


def test_retry_waits_longer_each_time_and_heeds_hints() -> None:
    clock = FakeClock(randoms=[0.0])
    am, _ = client(
        reply(500),
        refused(429, "rate_limited", retry_after=9),
        reply(503),
        ok({"id": "1"}),
        max_retries=0,
    )

    def work() -> Any:
        return get_page(am, "1")

    assert with_retry(work, max_attempts=4, base_s=0.5, clock=clock)["id"] == "1"
    assert clock.sleeps == [0.5, 9.0, 2.0]


@pytest.mark.parametrize(
    ("answer", "attempts"),
    [
        (refused(400, "invalid_argument"), 1),
        (refused(429, "quota_exceeded"), 1),
        (refused(404, "not_found"), 1),
        (reply(501), 3),
        (refused(504, "timeout"), 3),
        (ConnectionFailure("down", progress=0), 3),
    ],
)
def test_retry_gives_up_where_the_guide_does(answer: Any, attempts: int) -> None:
    am, transport = client(*[answer] * 3, max_retries=0)

    def work() -> Any:
        return get_page(am, "1")

    with pytest.raises(AmdahlError) as caught:
        with_retry(work, max_attempts=3, clock=FakeClock())
    assert len(transport.requests) == attempts
    assert isinstance(caught.value, QuotaError) or attempts == 3 or caught.value.status < 429


def test_retry_of_several_writes_keeps_each_ones_key() -> None:
    am, transport = client(
        ok({"id": "1"}), reply(500), ok({"id": "1"}), ok({"id": "2"}), max_retries=0
    )

    def work() -> Any:
        create_page(am, {"name": "same"})
        return create_page(am, {"name": "same"})

    with_retry(work, clock=FakeClock())
    keys = [header(transport, "Idempotency-Key", n) for n in range(4)]
    assert keys[:2] == keys[2:]
    assert keys[0] != keys[1]
    am, transport = client(ok({}), ok({}))
    create_page(am, {"name": "same"})
    create_page(am, {"name": "same"})
    assert header(transport, "Idempotency-Key", 0) != header(transport, "Idempotency-Key", 1)


def test_retry_of_nothing_is_refused_and_other_errors_pass() -> None:
    def work() -> Any:
        raise KeyError("mine")

    with pytest.raises(MisuseError):
        with_retry(work, max_attempts=0)
    with pytest.raises(KeyError):
        with_retry(work)


def test_retry_ends_after_a_write_without_a_key_that_went_through() -> None:
    am, transport = client(ok({}), reply(503), ok({}), ok({"id": "1"}), max_retries=0)

    def work() -> Any:
        am.post("/enrich", {})
        return get_page(am, "1")

    with pytest.raises(ServerError):
        with_retry(work, clock=FakeClock())
    assert [sent(transport, n)[1] for n in range(len(transport.requests))] == [
        "/enrich",
        "/pages/1",
    ]


def test_retry_ends_after_a_write_whose_loss_was_put_up_with() -> None:
    lost = ConnectionFailure("lost", progress=2)
    am, transport = client(lost, reply(503), ok({}), ok({"id": "1"}), max_retries=0)

    def work() -> Any:
        with suppress(AmdahlError):
            am.post("/enrich", {})
        return get_page(am, "1")

    with pytest.raises(ServerError):
        with_retry(work, clock=FakeClock())
    assert len(transport.requests) == 2


def test_retry_knows_what_the_session_wrote() -> None:
    am, transport = client(ok({}), reply(503), ok({}), ok({"id": "1"}), max_retries=0)

    def work() -> Any:
        am.session.post("/enrich", json={})
        return get_page(am, "1")

    with pytest.raises(ServerError):
        with_retry(work, clock=FakeClock())
    assert len(transport.requests) == 2
    am, transport = client(ok({"id": "1"}), reply(503), ok({"id": "1"}), ok({}), max_retries=0)

    def known() -> Any:
        am.session.post("/pages", json={})
        return am.me()

    with_retry(known, clock=FakeClock())
    keys = {header(transport, "Idempotency-Key", n) for n in (0, 2)}
    assert len(keys) == 1
    assert None not in keys


def test_retry_does_not_wait_for_longer_than_was_allowed() -> None:
    clock = FakeClock()
    for most, asked in ((60.0, 3600), (5.0, 9)):
        am, _ = client(refused(429, "rate_limited", retry_after=asked), max_retries=0)

        def work() -> Any:
            return am.me()  # noqa: B023

        with pytest.raises(RateLimitError) as caught:
            with_retry(work, max_wait_s=most, clock=clock)
        assert caught.value.retry_after == asked
    assert clock.sleeps == []


def test_retrys_own_wait_keeps_to_the_bound_too() -> None:
    clock = FakeClock(randoms=[0.0])
    am, _ = client(reply(503), reply(503), ok({}), max_retries=0)

    def work() -> Any:
        return am.me()

    with_retry(work, base_s=2.0, max_wait_s=3.0, clock=clock)
    assert clock.sleeps == [2.0, 3.0]


@pytest.mark.parametrize(
    "limits",
    [
        {"max_attempts": "3"},
        {"max_attempts": True},
        {"base_s": -1},
        {"base_s": float("nan")},
        {"max_wait_s": None},
    ],
)
def test_retry_with_limits_that_are_none_is_refused(limits: Any) -> None:
    def work() -> Any:
        raise AssertionError("called")

    with pytest.raises(MisuseError, match=next(iter(limits))):
        with_retry(work, **limits)
