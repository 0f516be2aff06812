"""The promises every SDK inherits from the runtime, as checks to run on one.

An SDK is described to the checks by an :class:`Adaptor`: how to make a client on a scripted
transport, one call that only reads, one write, a stream if there is one.  Then every check is a
coroutine function of that adaptor; with pytest::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_promise(check):
        await check(ADAPTOR)

There is no network in them and no waiting: answers are scripted and the clock is fake.  A check
fails with an ``AssertionError`` that says which promise is broken.  Blocking and asyncio clients
pass through the same checks, each with an adaptor of its own.
"""

from __future__ import annotations

import contextlib
import gzip
import logging
import pickle
from collections.abc import Callable, Iterator
from typing import Any

from quintet.core.headers import Headers
from quintet.core.url import path_of
from quintet.errors import ConnectionFailure, ProtocolFailure, TimeoutFailure
from quintet.testing.adaptor import Adaptor, Bench, Call, Check, StreamCall
from quintet.testing.secrecy import check_secret_hygiene
from quintet.testing.stream_contract import STREAM_CHECKS
from quintet.transport.scripted import reply

__all__ = ["CHECKS", "Adaptor", "Call", "Check", "StreamCall"]


CHECKS: list[Check] = []
"""Every check, in the order of this module; those of streams come last."""


def _promise(check: Check) -> Check:
    CHECKS.append(check)
    return check


def _down(progress: int) -> ConnectionFailure:
    return ConnectionFailure("the connection broke", progress=progress)


# Retries.


@_promise
async def check_statuses_of_the_service_are_retried(adaptor: Adaptor) -> None:
    """A passing error status is followed by another attempt, for reads and keyed writes."""
    for call in (adaptor.read, adaptor.write):
        for status in adaptor.retried:
            if call is not None:
                bench = Bench(adaptor, reply(status), call.answer)
                await bench.succeed(call)
                assert bench.count == 2, f"{status} must be retried"
                assert bench.clock.sleeps, f"{status} must be retried after a wait"


@_promise
async def check_other_statuses_are_raised_at_once(adaptor: Adaptor) -> None:
    """A lasting error status is raised after the first attempt."""
    for status in adaptor.given_up:
        bench = Bench(adaptor, reply(status))
        error = await bench.fail(adaptor.read.perform)
        assert (bench.count, error.status) == (1, status)
        assert bench.clock.sleeps == []


@_promise
async def check_attempts_are_counted_and_end(adaptor: Adaptor) -> None:
    """``max_retries`` is the number of extra attempts; the error says how many were made."""
    for retries in (0, 1, 3):
        script = [reply(adaptor.retried[-1]) for _ in range(retries + 1)]
        bench = Bench(adaptor, *script, max_retries=retries)
        error = await bench.fail(adaptor.read.perform)
        assert bench.count == retries + 1, f"max_retries={retries} made {bench.count} attempts"
        assert error.attempts == retries + 1, "attempts must be on the error"


@_promise
async def check_failures_before_sending_are_retried_for_every_call(adaptor: Adaptor) -> None:
    """Where nothing was sent, every call is safe to repeat."""
    for call in adaptor.calls:
        bench = Bench(adaptor, _down(0), call.answer)
        await bench.succeed(call)
        assert bench.count == 2


@_promise
async def check_failures_after_sending_are_retried_only_if_safe(adaptor: Adaptor) -> None:
    """Where the request may have arrived, only reads and keyed writes are repeated."""
    for progress in (1, 2):
        for call in (adaptor.read, adaptor.write):
            if call is not None:
                bench = Bench(adaptor, _down(progress), call.answer)
                await bench.succeed(call)
                assert bench.count == 2
        if adaptor.unsafe is not None:
            bench = Bench(adaptor, _down(progress))
            error = await bench.fail(adaptor.unsafe.perform)
            assert bench.count == 1, "a write that may have arrived must not be sent again"
            assert error.outcome_unknown, "the error must say that the outcome is unknown"


@_promise
async def check_broken_body_is_retried_for_reads(adaptor: Adaptor) -> None:
    """An answer that breaks off is no answer."""
    bench = Bench(adaptor, reply(200, chunks=[b"{", _down(2)]), adaptor.read.answer)
    await bench.succeed(adaptor.read)
    assert bench.count == 2


# Retry-After.


@_promise
async def check_retry_after_is_obeyed_in_all_its_forms(adaptor: Adaptor) -> None:
    """Seconds, fractions and dates (against the server's own clock) are waited out; junk is not."""
    date = {"Date": "Tue, 14 Nov 2023 22:13:20 GMT", "Retry-After": "Tue, 14 Nov 2023 22:13:27 GMT"}
    for headers, least, most in (
        ({"Retry-After": "7"}, 7.0, 7.0),
        ({"Retry-After": "7.5"}, 7.5, 7.5),
        (date, 7.0, 7.0),
        ({"Retry-After": "soon"}, 0.0, 5.0),
        ({"Retry-After": "-3"}, 0.0, 5.0),
        ({"Retry-After": "nan"}, 0.0, 5.0),
    ):
        bench = Bench(adaptor, reply(429, headers=headers), adaptor.read.answer)
        await bench.succeed(adaptor.read)
        (wait,) = bench.clock.sleeps
        assert least <= wait <= most, f"{headers} led to a wait of {wait} s"


@_promise
async def check_retry_after_never_outlasts_the_deadline(adaptor: Adaptor) -> None:
    """A wait that would end after the deadline is not begun, and the error has the hint."""
    answer = reply(429, headers={"Retry-After": "20"})
    bench = Bench(adaptor, answer, adaptor.read.answer, deadline=10.0)
    error = await bench.fail(adaptor.read.perform)
    assert bench.clock.sleeps == []
    assert (error.status, error.retry_after) == (429, 20.0)


# Time.


@_promise
async def check_timeout_is_given_to_each_attempt(adaptor: Adaptor) -> None:
    """A body that drips ends at ``timeout`` although every single read is quick."""
    bench = Bench(adaptor, timeout=5.0, max_retries=1)

    def drip() -> bytes:
        bench.clock.advance(1.0)
        return b" "

    bench.transport.add(*[reply(200, chunks=[drip] * 100)] * 2)
    error = await bench.fail(adaptor.read.perform)
    assert isinstance(error, TimeoutError), f"{type(error).__name__} must be a TimeoutError"
    assert error.attempts == bench.count == 2
    assert bench.clock.monotonic() <= 5.0 * 2 + sum(bench.clock.sleeps)


@_promise
async def check_deadline_bounds_the_whole_call(adaptor: Adaptor) -> None:
    """Attempts and waits together end at ``deadline``."""
    bench = Bench(adaptor, deadline=10.0, max_retries=50)

    def slow(request: Any) -> Exception:
        bench.clock.advance(3.0)
        return TimeoutFailure("timed out: the answer did not come", progress=1)

    bench.transport.add(*[slow] * 60)
    error = await bench.fail(adaptor.read.perform)
    assert bench.clock.monotonic() <= 12.0, "the deadline passed and the call went on"
    assert isinstance(error, TimeoutError)


# Idempotency.


@_promise
async def check_key_is_the_same_over_all_attempts_and_new_for_each_call(adaptor: Adaptor) -> None:
    """One key per logical write."""
    if adaptor.write is None:
        return
    script = [_down(1), reply(503), adaptor.write.answer, adaptor.write.answer]
    bench = Bench(adaptor, *script)
    await bench.succeed(adaptor.write)
    await bench.succeed(adaptor.write)
    sent = [Headers(request.headers) for request in bench.transport.requests]
    keys = [headers.get(adaptor.idempotency_header) for headers in sent]
    assert keys[0], "a write must carry an idempotency key"
    assert keys[0] == keys[1] == keys[2], "the key must not change between attempts"
    assert keys[3] != keys[0], "the key must not be used for another call"
    assert len(set(bench.transport.bodies[:3])) == 1, "the body must not change between attempts"


# Errors.


@_promise
async def check_every_error_is_of_the_base_class(adaptor: Adaptor) -> None:
    """One ``except`` catches all there is."""
    for call in adaptor.calls:
        for status in (*range(400, 432), 451, *range(500, 512), 599, 302, 304):
            error = await Bench(adaptor, reply(status), max_retries=0).fail(call.perform)
            assert error.status == status
        for step in (
            _down(0),
            _down(2),
            TimeoutFailure("timed out"),
            ProtocolFailure("not HTTP"),
            reply(200, body=b"\0", headers={"Content-Encoding": "gzip"}),
            reply(200, body=b"x", headers={"Content-Encoding": "made-up"}),
            reply(200, body=b"<html>not JSON"),
        ):
            error = await Bench(adaptor, step, max_retries=0).fail(call.perform)
            assert str(error), f"{type(error).__name__} has no message"


@_promise
async def check_builtin_bases_are_kept(adaptor: Adaptor) -> None:
    """``except ConnectionError`` and ``except TimeoutError`` work too."""
    for step, kind in ((_down(0), ConnectionError), (TimeoutFailure("late"), TimeoutError)):
        error = await Bench(adaptor, step, max_retries=0).fail(adaptor.read.perform)
        assert isinstance(error, kind), f"{type(error).__name__} must be a {kind.__name__}"


@_promise
async def check_errors_carry_their_facts(adaptor: Adaptor) -> None:
    """Status, request id, hint and raw answer are on the error; and it survives a pickle."""
    headers = {adaptor.request_id_header: "req-42", "Retry-After": "9999"}
    body = {"error": {"code": "some_code", "message": "some message"}}
    bench = Bench(adaptor, reply(403, json=body, headers=headers))
    error = await bench.fail(adaptor.read.perform)
    assert (error.status, error.request_id, error.retry_after) == (403, "req-42", 9999.0)
    assert error.response is not None
    assert error.response.json() == body
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made on the line itself
    assert type(again) is type(error)
    assert (str(again), again.status, again.request_id) == (str(error), 403, "req-42")


@_promise
async def check_error_pages_are_not_shown(adaptor: Adaptor) -> None:
    """A proxy's HTML is no message, and no message is longer than a few lines."""
    page = b"<!DOCTYPE html><html><body>" + b"<p>bad gateway</p>" * 1000
    for body in (page, b'{"error": {"message": "' + b"m" * 100_000 + b'"}}'):
        error = await Bench(adaptor, reply(400, body=body)).fail(adaptor.read.perform)
        assert "<p>" not in str(error)
        assert len(str(error)) < 3000, "the message must be bounded"


@_promise
async def check_redirects_say_whither_without_the_query(adaptor: Adaptor) -> None:
    """A redirect's error names its location, and nothing of it that may be a secret."""
    location = "https://user:hunter2@login.example/in?token=hunter2#hunter2"
    for call in adaptor.calls:
        for status in (301, 302, 307):
            for body in (b"", b'{"message": "Found. See /in?token=hunter2"}'):
                answer = reply(status, body=body, headers={"Location": location})
                error = await Bench(adaptor, answer, max_retries=0).fail(call.perform)
                said = str(error)
                assert "redirects are not followed" in said.lower(), said
                assert "https://login.example/in" in said, said
                assert "hunter2" not in said, said
                assert str(status) in said, said


@_promise
async def check_answers_of_no_use_say_what_was_asked(adaptor: Adaptor) -> None:
    """A page, or an error that does not explain itself, is named by method, URL and status."""
    page = b"<!DOCTYPE html><html><body>welcome</body></html>"
    html = {"Content-Type": "text/html"}
    for call in adaptor.calls:
        for answer in (reply(200, body=page, headers=html), reply(502, body=page, headers=html)):
            bench = Bench(adaptor, answer, max_retries=0)
            error = await bench.fail(call.perform)
            request, said = bench.transport.requests[0], str(error)
            assert (error.method, error.url) == (request.method, request.url), said
            assert (error.status, error.attempts) == (answer.status, 1)
            for part in (request.method, path_of(request.url), str(answer.status)):
                assert part in said, f"{part} is not in: {said}"
            assert "?" not in said.partition(";")[0], "the query is not for messages"
            assert answer.status != 200 or "base_url" in said, said


@_promise
async def check_gateway_that_lost_an_answer_leaves_a_write_unknown(adaptor: Adaptor) -> None:
    """A 502 or 504 may come after the write took effect; a read has none, and a 400 had none."""
    for call in adaptor.calls:
        for status, unknown in ((502, True), (504, True), (400, False)):
            error = await Bench(adaptor, reply(status), max_retries=0).fail(call.perform)
            assert error.outcome_unknown is (unknown and call is not adaptor.read), status


@_promise
async def check_is_retryable_means_worth_it_and_safe(adaptor: Adaptor) -> None:
    """Passing trouble is worth another call, unless a write may have taken effect already."""
    for call in adaptor.calls:
        passing = [
            *(reply(status) for status in (429, 502, 503, 504)),
            *(_down(progress) for progress in (0, 1, 2)),
            TimeoutFailure("timed out", progress=1),
        ]
        for step in (*passing, reply(400), reply(501)):
            error = await Bench(adaptor, step, max_retries=0).fail(call.perform)
            told = getattr(error, "is_retryable", None)
            expected = step in passing and not error.outcome_unknown
            assert told in (expected, None), f"{error!r} is_retryable={told}"


# Bounds.


@_promise
async def check_bodies_are_bounded_while_they_are_read(adaptor: Adaptor) -> None:
    """Declared, undeclared and compressed bodies all end at ``max_response_bytes``."""
    # Valid JSON, so that only its size can be what is wrong with it.
    body = b" " * 200_000 + b"{}"
    chunks = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    for answer in (
        reply(200, body=body, headers={"Content-Length": str(len(body))}),
        reply(200, chunks=chunks),
        reply(200, body=gzip.compress(body), headers={"Content-Encoding": "gzip"}),
    ):
        bench = Bench(adaptor, answer, max_response_bytes=100_000)
        await bench.fail(adaptor.read.perform)
        assert bench.count == 1, "what is too large is not asked for again"


@_promise
async def check_error_body_over_the_bound_does_not_hide_the_status(adaptor: Adaptor) -> None:
    """A page of megabytes behind a 403 is still a 403."""
    bench = Bench(adaptor, reply(403, chunks=[b" " * 1000] * 1000), max_response_bytes=10_000)
    error = await bench.fail(adaptor.read.perform)
    assert error.status == 403


# Secrets.


class _Recorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextlib.contextmanager
def _recording(name: str = "") -> Iterator[_Recorder]:
    """Keep what a logger and those below it are told, at every level."""
    recorder, logger = _Recorder(), logging.getLogger(name)
    level = logger.level
    logger.addHandler(recorder)
    logger.setLevel(logging.DEBUG)
    try:
        yield recorder
    finally:
        logger.removeHandler(recorder)
        logger.setLevel(level)


@_promise
async def check_key_is_on_the_wire_and_nowhere_else(adaptor: Adaptor) -> None:
    """Not in errors and their tracebacks, reprs, records for hooks, pickles, or the debug log."""
    with _recording() as recorder:
        for step in (reply(401), _down(1), reply(200, body=b"no JSON"), ProtocolFailure("odd")):
            bench = Bench(adaptor, step, max_retries=0)
            error = await bench.fail(adaptor.read.perform)
            carried = [value for _, value in bench.transport.requests[0].headers]
            assert any(adaptor.key in value for value in carried), "the key must be sent"
            check_secret_hygiene(adaptor.key, error, bench.client, *bench.seen)
    assert recorder.lines, "attempts must be logged at debug level"
    check_secret_hygiene(adaptor.key, *recorder.lines)


@_promise
async def check_key_echoed_by_an_answer_is_shown_nowhere(adaptor: Adaptor) -> None:
    """What a server or a proxy echoes of the request's credentials stays out of every error."""
    key = adaptor.key
    spelled = key.replace("-", "%2D").replace("_", "%5F").replace("/", "\\/")
    told = {"code": f"bad {key}", "message": f"the key {key} is not valid", "request_id": key}
    answers: tuple[Callable[[], Any], ...] = (
        lambda: reply(401, json={"error": {**told, "details": {"sent": [key]}}}),
        lambda: reply(400, json={**told, "details": [{"field": "key", "reason": key}]}),
        lambda: reply(403, json={"error": f"Bearer {key}", "detail": key}),
        lambda: reply(422, json={"message": [f"no: {key}", key]}),
        lambda: reply(502, body=f"<html><p>Authorization: Bearer {key}".encode()),
        lambda: reply(404, body=f"no key {key} or {spelled}".encode(), headers={"X-Echo": key}),
        lambda: reply(401, headers={adaptor.request_id_header: key, "WWW-Authenticate": key}),
        lambda: reply(302, headers={"Location": f"https://login.example/{key}/in?key={key}"}),
        lambda: _echoing(key),
        lambda: reply(200, chunks=[b"{", _echoing(key)]),
    )
    # An HTTP library that a user brings logs what it receives; that is its own affair.
    with _recording("quintet") as recorder:
        for call in adaptor.calls:
            for answer in answers:
                bench = Bench(adaptor, answer(), max_retries=0)
                error = await bench.fail(call.perform)
                check_secret_hygiene(key, error, bench.client, *bench.seen)
    check_secret_hygiene(key, *recorder.lines)


def _echoing(key: str) -> ProtocolFailure:
    failure = ProtocolFailure(f"no HTTP: {key}", progress=2)
    failure.__cause__ = ValueError(f"illegal header line: Authorization: Bearer {key}")
    return failure


@_promise
async def check_signed_urls_are_not_shown_in_messages(adaptor: Adaptor) -> None:
    """Nor are users, passwords and signatures of URLs that an error answer names."""
    url = "https://user:hunter2@files.example/f?X-Amz-Signature=hunter2&token=hunter2&page=2"
    for call in adaptor.calls:
        for body in ({"error": {"code": "gone", "message": f"see {url}"}}, {"error": url}):
            error = await Bench(adaptor, reply(400, json=body), max_retries=0).fail(call.perform)
            assert "hunter2" not in f"{error!s} {error!r}", str(error)
            assert "files.example/f" in repr(error), repr(error)


@_promise
async def check_redirects_are_not_followed(adaptor: Adaptor) -> None:
    """A redirect goes nowhere, so no credential goes along."""
    for call in adaptor.calls:
        answer = reply(307, headers={"Location": "https://elsewhere.example/"})
        bench = Bench(adaptor, answer)
        error = await bench.fail(call.perform)
        assert bench.count == 1
        assert error.status == 307


# Observation.


@_promise
async def check_hooks_see_each_attempt_once(adaptor: Adaptor) -> None:
    """One frozen record per attempt, with the wait before the next."""
    bench = Bench(adaptor, _down(0), reply(adaptor.retried[-1]), adaptor.read.answer)
    await bench.succeed(adaptor.read)
    assert [(seen.number, seen.status) for seen in bench.seen] == [
        (1, 0),
        (2, adaptor.retried[-1]),
        (3, adaptor.read.answer.status),
    ]
    assert [seen.retry_in for seen in bench.seen[:2]] == bench.clock.sleeps
    assert all("?" not in seen.url for seen in bench.seen)


# Life and death.


@_promise
async def check_closed_client_refuses_calls(adaptor: Adaptor) -> None:
    """Every call after ``close`` raises, and says why."""
    bench = Bench(adaptor, *[call.answer for call in (adaptor.read, *adaptor.calls)])
    await bench.succeed(adaptor.read)
    await bench.close(bench.client)
    await bench.close(bench.client)
    assert bench.transport.closed
    for call in adaptor.calls:
        error = await bench.fail(call.perform)
        assert "closed" in str(error)
    assert bench.count == 1


@_promise
async def check_context_manager_closes_the_client(adaptor: Adaptor) -> None:
    """Leaving ``with`` or ``async with`` closes the connections."""
    bench = Bench(adaptor, adaptor.read.answer)
    if adaptor.blocking:
        with bench.client as client:
            adaptor.read.perform(client)
    else:
        async with bench.client as client:
            await adaptor.read.perform(client)
    assert bench.transport.closed


CHECKS += STREAM_CHECKS
