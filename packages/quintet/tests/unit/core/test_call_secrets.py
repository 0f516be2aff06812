"""What an answer echoes of a call's credentials is in no error, record or answer of that call."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from quintet import EventRules, Operation, RedirectPolicy, ServerSentEvent, Service
from quintet.core.attempts import Attempts
from quintet.core.headers import Headers
from quintet.core.operation import Service as Facts
from quintet.core.redaction import HIDDEN
from quintet.core.request import Request
from quintet.core.response import Response
from quintet.errors import ProtocolFailure, QuintetError, StatusError
from quintet.testing import check_secret_hygiene, reply

from ..rig import GET, POST, Bench

KEY = "key-0123456789"
BEARER = (("Authorization", f"Bearer {KEY}"),)
SSE = {"Content-Type": "text/event-stream"}


def telling(response: Response, operation: Operation) -> QuintetError:
    return StatusError(response.text(), details=response.json() if response.body[:1] == b"{" else 0)


SERVICE = Service(name="unit", user_agent="unit/1", status_error=telling)


def failing(*script: Any, service: Facts = SERVICE, **options: Any) -> tuple[QuintetError, Bench]:
    call = {name: options.pop(name) for name in ("json", "amend", "query") if name in options}
    bench = Bench(*script, service=service, credentials=BEARER, max_retries=0, **options)
    with pytest.raises(QuintetError) as caught:
        bench.call(POST if "json" in call else GET, **call)
    return caught.value, bench


def test_error_and_its_answer_do_not_repeat_the_key() -> None:
    error, bench = failing(reply(401, json={"sent": KEY}, headers={"X-Echo": KEY}))
    check_secret_hygiene(KEY, error, *bench.seen)
    assert error.response.json() == error.details == {"sent": HIDDEN}
    assert error.response.headers["x-echo"] == HIDDEN
    assert bench.client.last_response is error.response


def test_last_answer_of_another_call_stays() -> None:
    bench = Bench(service=SERVICE, credentials=BEARER)
    attempts = Attempts(bench.client.plan(GET), bench.client._context)
    other = bench.client._context.last = Response(200, Headers(), b"another thread's")
    cleaned = attempts.cleaned(Response(401, Headers(), KEY.encode()))
    assert cleaned.body == HIDDEN.encode()
    assert bench.client.last_response is other


def test_answer_that_echoes_nothing_is_the_one_that_came() -> None:
    error, bench = failing(reply(401, body=b"who are you?"))
    assert error.response is bench.client.last_response
    assert error.message == "who are you?"


def test_password_of_the_body_is_not_repeated() -> None:
    error, _ = failing(reply(400, body=b"no: correct-horse"), json={"password": "correct-horse"})
    assert error.message == f"no: {HIDDEN}"


def test_credential_that_an_amendment_brought_is_not_repeated() -> None:
    def amend(request: Request) -> Request:
        return Request(request.method, request.url, (*request.headers, ("X-Token", "abcdefgh")))

    error, _ = failing(reply(400, body=b"no: abcdefgh"), amend=amend)
    assert error.message == f"no: {HIDDEN}"


def test_credential_is_not_repeated_behind_a_redirect_either() -> None:
    elsewhere = reply(307, headers={"Location": "https://other.example/"})
    error, bench = failing(
        elsewhere, reply(401, body=KEY.encode()), redirects=RedirectPolicy(follow=True)
    )
    assert len(bench.transport.requests) == 2
    assert error.message == HIDDEN


def test_credential_that_was_replaced_meanwhile_is_not_repeated() -> None:
    keys = [(("Authorization", f"Bearer {each}"),) for each in (KEY, "key-9876543210")]
    bench = Bench(
        reply(401), reply(403, body=f"{KEY} is used up".encode()), service=SERVICE, max_retries=0
    )
    bench.client._planner._credentials = lambda: keys.pop(0)
    with pytest.raises(QuintetError) as caught:
        bench.call()
    assert caught.value.message == f"{HIDDEN} is used up"


def test_location_is_followed_as_it_came() -> None:
    target = f"https://api.example/v1/{KEY}"
    bench = Bench(
        reply(307, headers={"Location": target}),
        reply(200),
        service=SERVICE,
        credentials=BEARER,
        redirects=RedirectPolicy(follow=True),
    )
    bench.call()
    assert bench.transport.requests[1].url == target


@pytest.mark.parametrize("echo", [KEY, f"Bearer {KEY}", f"id-{KEY}-1"])
def test_request_id_that_holds_the_key_is_none(echo: str) -> None:
    error, bench = failing(reply(500, headers={"X-Request-Id": echo}))
    assert error.request_id == ""
    assert bench.seen[0].request_id is None


def test_request_id_that_holds_a_short_credential_is_one() -> None:
    bench = Bench(reply(200, headers={"X-Request-Id": "look"}), credentials=(("X-Key", "k"),))
    bench.call()
    assert bench.seen[0].request_id == "look"


def test_failure_that_quotes_the_key_is_cleaned_before_anyone_is_told() -> None:
    failure = ProtocolFailure(f"odd line: {KEY}", progress=2)
    failure.__cause__ = ValueError(f"line {KEY}")
    error, bench = failing(failure)
    check_secret_hygiene(KEY, error, *bench.seen)
    assert bench.seen[0].reason == f"odd line: {HIDDEN}"


# Streams.


def in_band(event: ServerSentEvent) -> QuintetError | None:
    return StatusError(event.data) if event.event == "error" else None


def stream_error(*chunks: Any) -> QuintetError:
    answer = reply(200, chunks=chunks, headers={**SSE, "X-Request-Id": "r1"})
    bench = Bench(answer, credentials=BEARER, max_retries=0)
    with pytest.raises(QuintetError) as caught:
        list(bench.client.events(GET, EventRules(to_error=in_band, max_reconnects=0)))
    error = caught.value
    assert (error.method, error.url) == ("GET", bench.transport.requests[0].url)
    assert (error.attempts, error.request_id) == (1, "r1")
    return error


def test_error_within_a_stream_does_not_repeat_the_key_and_says_where() -> None:
    assert stream_error(f"event: error\ndata: no {KEY}\n\n".encode()).message == f"no {HIDDEN}"


def test_error_within_a_stream_that_echoes_nothing_is_as_it_came() -> None:
    assert stream_error(b"data: 1\n\nevent: error\ndata: no\n\n").message == "no"


def test_error_is_kept_if_the_event_without_the_key_is_none() -> None:
    def once(event: ServerSentEvent) -> QuintetError | None:
        return StatusError(event.data) if KEY in event.data else None

    bench = Bench(reply(200, body=f"data: {KEY}\n\n".encode(), headers=SSE), credentials=BEARER)
    with pytest.raises(StatusError) as caught:
        list(bench.client.events(GET, EventRules(to_error=once)))
    assert caught.value.message == HIDDEN


# Refusals with the status of a success.


def test_client_cleans_an_answer_for_an_sdk() -> None:
    bench = Bench(reply(200, json={"error": KEY}), credentials=BEARER)
    answer = bench.call()
    assert bench.client.cleaned(answer).json() == {"error": HIDDEN}
    assert answer.json() == {"error": KEY}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes came with Python 3.11")
def test_note_of_the_place_is_there_once_without_secrets_and_only_where_it_is_not_said() -> None:
    headers = {"X-Request-Id": f"id-{KEY}"}
    error, _ = failing(reply(401, body=b"no", headers=headers), query={"token": "hunter2-hunter2"})
    place = "GET https://api.example/v1/thing"
    assert getattr(error, "__notes__", None) == [place]
    error, _ = failing(reply(401, body=b"no", headers={"X-Request-Id": "req-1"}))
    assert getattr(error, "__notes__", None) == [
        "GET https://api.example/v1/thing (request id req-1)"
    ]
    error, _ = failing(reply(401, body=f"{place} answered 401".encode()))
    assert not hasattr(error, "__notes__")
    error, _ = failing(ProtocolFailure("no HTTP"))
    assert not hasattr(error, "__notes__")
