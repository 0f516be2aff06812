"""The policy of a call, played by hand: what is sent when, and what comes out."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest

from quintet import (
    Operation,
    RetryClass,
    Service,
    open_body,
)
from quintet.core.budget import RetryBudget
from quintet.core.call import CallContext, call
from quintet.errors import (
    ConnectionFailure,
    QuintetError,
    StatusError,
    TimeoutFailure,
    TransportError,
)
from quintet.testing import FakeClock, reply

from ..rig import GET, KEYED, POST, PUT, Bench, context, plan, play, policy

OK = reply(200, json={"ok": True})
OPERATIONS = {"safe": GET, "idempotent": PUT, "keyed": KEYED, "never": POST}


def down(progress: int = 0, **fields: Any) -> ConnectionFailure:
    return ConnectionFailure("down", progress=progress, **fields)


@pytest.mark.parametrize(
    ("name", "progress", "has_key"),
    list(itertools.product(OPERATIONS, [0, 1, 2], [True, False])),
)
def test_failure_is_repeated_as_far_as_the_exchange_and_the_operation_allow(
    name: str, progress: int, has_key: bool
) -> None:
    operation = OPERATIONS[name]
    clock = FakeClock(randoms=[0.5])
    program = call(plan(operation, key="k" if has_key else None), context(clock))
    repeats = progress == 0 or name in ("safe", "idempotent") or (name == "keyed" and has_key)
    if repeats:
        played = play(program, [down(progress), OK], clock)
        assert played.result.attempts == 2
        assert played.sleeps == [0.5]
        return
    with pytest.raises(ConnectionFailure) as caught:
        play(program, [down(progress), OK], clock)
    assert caught.value.attempts == 1
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("operation", "progress", "unknown"),
    [(GET, 2, False), (PUT, 0, False), (PUT, 1, True), (POST, 2, True), (KEYED, 1, True)],
)
def test_outcome_is_unknown_only_where_a_write_may_have_arrived(
    operation: Operation, progress: int, unknown: bool
) -> None:
    bench = Bench(down(progress), max_retries=0)
    with pytest.raises(ConnectionFailure) as caught:
        bench.call(operation)
    assert caught.value.outcome_unknown is unknown


@pytest.mark.parametrize(
    ("operation", "status", "unknown"),
    [
        *((write, status, True) for write in (PUT, POST, KEYED) for status in (502, 504)),
        *((write, status, False) for write in (PUT, POST, KEYED) for status in (400, 500, 503)),
        (GET, 502, False),
    ],
)
def test_gateway_that_lost_the_answer_leaves_a_write_unknown(
    operation: Operation, status: int, unknown: bool
) -> None:
    with pytest.raises(StatusError) as caught:
        Bench(reply(status), max_retries=0).call(operation)
    assert caught.value.outcome_unknown is unknown


@pytest.mark.parametrize("lost", [down(1), reply(502)])
@pytest.mark.parametrize("last", [down(0), reply(503), reply(404)])
def test_lost_answer_leaves_a_write_unknown_whatever_the_last_attempt_met(
    lost: Any, last: Any
) -> None:
    retry = policy(max_retries=1, statuses=frozenset({502}))
    with pytest.raises(QuintetError) as caught:
        Bench(copy.copy(lost), copy.copy(last), retry=retry).call(KEYED)
    assert (caught.value.attempts, caught.value.outcome_unknown) == (2, True)
    with pytest.raises(QuintetError) as caught:
        Bench(copy.copy(lost), copy.copy(last), retry=retry).call(GET)
    assert (caught.value.attempts, caught.value.outcome_unknown) == (2, False)


def test_lost_answer_is_not_forgotten_when_the_deadline_passes() -> None:
    clock = FakeClock(randoms=[0.5])
    program = call(plan(KEYED, key="k", deadline=2.0), context(clock))
    with pytest.raises(TimeoutFailure) as caught:
        # The wait took longer than it was to take.
        play(program, [down(1), OK], clock, taking=1.0)
    assert (caught.value.phase, caught.value.outcome_unknown) == ("deadline", True)


def test_waits_grow_and_end_with_the_attempts() -> None:
    bench = Bench(*[down() for _ in range(4)])
    with pytest.raises(ConnectionFailure, match=r"GET https://api\.example/v1/thing.*4 attempts"):
        bench.call()
    assert bench.sleeps == [0.5, 1.0, 2.0]
    assert [seen.number for seen in bench.seen] == [1, 2, 3, 4]
    assert [seen.retry_in for seen in bench.seen] == [0.5, 1.0, 2.0, None]


def test_failure_that_a_repeat_cannot_mend_is_raised_at_once() -> None:
    bench = Bench(down(repeatable=False))
    with pytest.raises(ConnectionFailure):
        bench.call()
    assert bench.sleeps == []


def test_failure_while_the_body_is_read_is_repeated() -> None:
    bench = Bench(reply(200, chunks=[b"[1", down(2)]), OK)
    assert bench.call().json() == {"ok": True}
    assert bench.transport.open_exchanges == 0
    assert [(seen.status, seen.progress, seen.error) for seen in bench.seen] == [
        (200, 2, "ConnectionFailure"),
        (200, 2, None),
    ]


def test_retries_of_one_call_override_those_of_the_client() -> None:
    bench = Bench(down(), OK)
    with pytest.raises(ConnectionFailure):
        bench.call(max_retries=0)


def test_budget_that_is_spent_ends_retries_and_says_so() -> None:
    clock = FakeClock(randoms=[0.0])
    shared = CallContext(context(clock).service, clock, RetryBudget(capacity=10, cost=5))
    with pytest.raises(ConnectionFailure, match="too many calls") as caught:
        play(call(plan(retry=policy(max_retries=9)), shared), [down() for _ in range(9)], clock)
    assert caught.value.attempts == 3


def test_stale_connection_is_replayed_free_of_count_wait_and_budget() -> None:
    bench = Bench(down(1, reused=True), OK, max_retries=0)
    assert bench.call(KEYED).attempts == 2
    assert bench.sleeps == []
    assert [(seen.number, seen.retry_in) for seen in bench.seen] == [(1, 0.0), (2, None)]
    assert bench.client._context.budget.tokens == 500


@pytest.mark.parametrize(
    ("failure", "operation"),
    [
        (down(1, reused=False), GET),
        (down(2, reused=True), GET),
        (down(1, reused=True), POST),
        (TimeoutFailure("late", progress=1, reused=True), GET),
    ],
)
def test_other_failures_are_not_taken_for_a_stale_connection(
    failure: TransportError, operation: Operation
) -> None:
    with pytest.raises(TransportError):
        Bench(failure, OK, max_retries=0).call(operation)


def test_second_stale_connection_in_a_row_counts() -> None:
    bench = Bench(down(1, reused=True), down(1, reused=True), OK, max_retries=1)
    assert bench.call().attempts == 3
    assert bench.sleeps == [0.5]
    with pytest.raises(ConnectionFailure):
        Bench(down(1, reused=True), down(1, reused=True), OK, max_retries=0).call()


def test_stale_connection_is_not_replayed_past_the_deadline() -> None:
    bench = Bench(lambda request: (bench.clock.advance(9), down(1, reused=True))[1], OK, deadline=5)
    with pytest.raises(ConnectionFailure, match="deadline"):
        bench.call()


def test_stale_connection_is_not_replayed_with_half_a_body() -> None:
    def half(request: Any) -> Exception:
        next(request.body.chunks())
        return down(1, reused=True)

    with pytest.raises(ConnectionFailure, match="read only once"):
        play_scripted(open_body(iter([b"a", b"b"])), half)


def play_scripted(body: Any, *steps: Any) -> Any:
    clock = FakeClock()
    program = call(plan(PUT, body=body), context(clock))
    effect = next(program)
    for step in steps:
        effect = program.throw(step(effect.request))  # type: ignore[union-attr]
    return effect


@pytest.mark.parametrize(
    ("name", "status", "retry_after", "has_key"),
    list(itertools.product(OPERATIONS, [429, 500, 503], [None, "2"], [True, False])),
)
def test_error_status_is_repeated_as_the_operation_allows(
    name: str, status: int, retry_after: str | None, has_key: bool
) -> None:
    clock = FakeClock(randoms=[0.5])
    operation = OPERATIONS[name]
    refused = status == 429 or (status == 503 and retry_after is not None)
    repeats = refused or name in ("safe", "idempotent") or (name == "keyed" and has_key)
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    program = call(plan(operation, key="k" if has_key else None), context(clock))
    answers = [reply(status, headers=headers), OK]
    if repeats:
        played = play(program, answers, clock)
        assert played.sleeps == [0.5 if retry_after is None else 2.0]
        assert played.result.attempts == 2
    else:
        with pytest.raises(StatusError) as caught:
            play(program, answers, clock)
        assert caught.value.attempts == 1


def test_status_outside_the_policy_is_raised_at_once_with_all_its_facts() -> None:
    body = {"error": {"code": "gone", "message": "no"}}
    bench = Bench(reply(404, json=body, headers={"X-Request-Id": "r1", "Retry-After": "7"}))
    with pytest.raises(StatusError) as caught:
        bench.call()
    error = caught.value
    assert (error.status, error.request_id, error.retry_after, error.attempts) == (
        404,
        "r1",
        7.0,
        1,
    )
    assert error.response is bench.client.last_response
    assert error.response.json() == body
    assert bench.seen[0].request_id == "r1"


@pytest.mark.parametrize("wait", ["61", "Wed, 15 Nov 2023 22:13:20 GMT"])
def test_wait_longer_than_the_cap_is_raised_at_once(wait: str) -> None:
    bench = Bench(reply(429, headers={"Retry-After": wait}), OK)
    with pytest.raises(StatusError) as caught:
        bench.call()
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 60
    assert bench.sleeps == []


def test_wait_longer_than_the_cap_is_cut_where_the_service_says_so() -> None:
    bench = Bench(
        reply(429, headers={"Retry-After": "61"}),
        OK,
        retry=policy(max_retry_after=30.0, beyond_cap="clamp"),
    )
    bench.call()
    assert bench.sleeps == [30.0]


def test_final_status_is_not_repeated() -> None:
    service = Service(name="x", user_agent="x", is_final=lambda response: b"quota" in response.body)
    bench = Bench(reply(429, body=b"quota"), OK, service=service)
    with pytest.raises(StatusError):
        bench.call()
    assert Bench(reply(429, body=b"slow down"), OK, service=service).call().attempts == 2


def test_error_code_can_make_a_status_worth_repeating() -> None:
    busy = reply(409, json={"error": {"code": "busy"}})
    other = reply(409, json={"error": {"code": "taken"}})
    retry = policy(codes=frozenset({"busy"}))
    assert Bench(busy, OK, retry=retry).call().attempts == 2
    with pytest.raises(StatusError):
        Bench(other, OK, retry=retry).call()


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success_is_every_2xx_unless_the_operation_names_its_own(status: int) -> None:
    assert Bench(reply(status)).call().status == status
    odd = Operation("odd", "GET", "/x", RetryClass.SAFE, frozenset({404}))
    assert Bench(reply(404)).call(odd).status == 404
    with pytest.raises(StatusError):
        Bench(reply(status)).call(odd)


def test_status_error_of_a_timeout_class_is_not_taken_for_a_transport_failure() -> None:
    class GatewayTimeout(TimeoutFailure):
        pass

    service = Service(
        name="x", user_agent="x", status_error=lambda response, operation: GatewayTimeout("504")
    )
    bench = Bench(reply(504), OK, service=service)
    with pytest.raises(GatewayTimeout) as caught:
        bench.call()
    assert caught.value.status == 504
    assert len(bench.transport.requests) == 1


def test_facts_that_a_status_error_states_itself_are_kept() -> None:
    own = StatusError("own", status=418, attempts=9, request_id="mine", retry_after=1.5)
    service = Service(name="x", user_agent="x", status_error=lambda response, operation: own)
    with pytest.raises(StatusError) as caught:
        Bench(reply(404, headers={"X-Request-Id": "r"}), service=service).call()
    error = caught.value
    assert (error.status, error.attempts, error.request_id) == (418, 9, "mine")
    assert error.retry_after == 1.5
