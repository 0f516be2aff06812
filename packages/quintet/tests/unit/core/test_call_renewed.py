"""A call of many attempts: how long it may take, whose credentials it has, who looks at it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from quintet import (
    Backoff,
    RedirectPolicy,
    Service,
    open_body,
)
from quintet.core.request import Request
from quintet.errors import (
    ConfigurationError,
    ConnectionFailure,
    MisuseError,
    ProtocolFailure,
    QuintetError,
    StatusError,
)
from quintet.testing import reply

from ..rig import BASE, GET, KEYED, POST, PUT, Bench, policy

OK = reply(200, json={"ok": True})
OPERATIONS = {"safe": GET, "idempotent": PUT, "keyed": KEYED, "never": POST}


def down(progress: int = 0, **fields: Any) -> ConnectionFailure:
    return ConnectionFailure("down", progress=progress, **fields)


def test_span_of_the_policy_counts_attempts_and_waits_and_cuts_no_attempt() -> None:
    bench = Bench(retry=policy(max_retries=100, max_elapsed=10.0))

    def slow(request: Any) -> Any:
        bench.clock.advance(3.0)
        return reply(503)

    bench.transport.add(*[slow] * 10)
    with pytest.raises(StatusError) as caught:
        bench.call()
    # 3 + 0.5 + 3 + 1 + 3 = 10.5 s: the third attempt was the last that began in time.
    assert (caught.value.attempts, bench.sleeps) == (3, [0.5, 1.0])


def test_span_that_is_used_up_is_named_where_a_failure_is_raised() -> None:
    bench = Bench(down(), retry=policy(max_retries=100, max_elapsed=0.1))
    with pytest.raises(ConnectionFailure, match="time for retries was used up"):
        bench.call()


def keys_in_turn(*keys: Any) -> Any:
    left = list(keys)

    def credentials() -> Any:
        key = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(key, Exception):
            raise key
        return [("X-Key", key)]

    return credentials


def bench_with_keys(*script: Any, keys: Any, **options: Any) -> Bench:
    bench = Bench(*script, **options)
    bench.client._planner._credentials = keys_in_turn(*keys)
    return bench


def keys_sent(bench: Bench) -> list[list[str]]:
    return [
        [value for name, value in request.headers if name == "X-Key"]
        for request in bench.transport.requests
    ]


def test_every_attempt_has_the_credentials_of_its_moment() -> None:
    bench = bench_with_keys(reply(503), down(), OK, keys=["a", "b", "c"])
    bench.call(headers={"X-Other": "1"})
    assert keys_sent(bench) == [["a"], ["b"], ["c"]]
    assert all(("X-Other", "1") in request.headers for request in bench.transport.requests)


def test_credentials_are_asked_for_once_if_there_is_one_attempt() -> None:
    bench = bench_with_keys(OK, keys=["a", AssertionError("asked again")])
    bench.call()
    assert keys_sent(bench) == [["a"]]


@pytest.mark.parametrize("name", OPERATIONS)
def test_401_is_answered_once_by_credentials_that_changed(name: str) -> None:
    bench = bench_with_keys(reply(401), OK, keys=["old", "new"], max_retries=0)
    response = bench.call(OPERATIONS[name])
    assert (keys_sent(bench), bench.sleeps, response.attempts) == ([["old"], ["new"]], [], 2)


def test_401_uses_the_credentials_that_it_got_and_asks_for_no_others() -> None:
    bench = bench_with_keys(reply(401), reply(503), OK, keys=["k1", "k2", "k3", "k4"])
    bench.call()
    assert keys_sent(bench) == [["k1"], ["k2"], ["k3"]]


def test_401_that_stays_is_raised_after_the_second() -> None:
    bench = bench_with_keys(reply(401), reply(401), keys=list("abcdef"), max_retries=3)
    with pytest.raises(StatusError) as caught:
        bench.call()
    assert (caught.value.status, len(keys_sent(bench))) == (401, 2)


def test_401_does_not_count_as_a_retry() -> None:
    script = [reply(401), reply(503), OK]
    bench = bench_with_keys(*script, keys=["a", "b"], max_retries=1)
    assert bench.call().attempts == 3


@pytest.mark.parametrize("headers", [None, {"x-key": "of this call"}])
def test_401_with_the_same_credentials_is_raised_at_once(headers: Any) -> None:
    keys = ["a"] if headers is None else ["a", "b"]
    bench = bench_with_keys(reply(401), keys=keys)
    with pytest.raises(StatusError):
        bench.call(headers=headers)
    assert len(bench.transport.requests) == 1


def test_401_of_a_body_that_cannot_be_sent_again_is_raised() -> None:
    bench = bench_with_keys(reply(401), keys=["a", "b"])
    with pytest.raises(StatusError):
        bench.call(PUT, body=open_body(iter([b"x"])))


def test_401_at_the_deadline_is_raised() -> None:
    bench = bench_with_keys(keys=["a", "b"], deadline=5.0)

    def late(request: Any) -> Any:
        bench.clock.advance(6.0)
        return reply(401)

    bench.transport.add(late)
    with pytest.raises(StatusError):
        bench.call()


def test_credentials_are_not_renewed_on_the_way_of_a_redirect() -> None:
    service = Service("unit", "unit/1", credential_headers=frozenset({"x-key"}))
    location = {"Location": "https://elsewhere.example/thing"}
    bench = bench_with_keys(
        reply(307, headers=location),
        reply(503),
        OK,
        keys=["a", "b", "c"],
        service=service,
        redirects=RedirectPolicy(follow=True),
    )
    bench.call()
    assert keys_sent(bench) == [["a"], [], []]


def test_credentials_that_are_gone_end_the_call_in_the_class_of_the_sdk() -> None:
    class Adopted(QuintetError):
        pass

    service = Service("unit", "unit/1", adopt=lambda error: Adopted(str(error)))
    gone = MisuseError("the key is gone")
    bench = bench_with_keys(reply(503), keys=["a", gone], service=service)
    with pytest.raises(Adopted, match=r"GET .*: the key is gone"):
        bench.call()
    assert len(bench.transport.requests) == 1


def test_every_attempt_is_amended_last() -> None:
    seen: list[Any] = []

    def amend(request: Request) -> Request:
        seen.append(request)
        return replace(request, headers=(*request.headers, ("X-Try", str(len(seen)))))

    bench = bench_with_keys(reply(503), OK, keys=["a", "b"])
    bench.call(amend=amend)
    sent = bench.transport.requests
    assert [dict(request.headers)["X-Try"] for request in sent] == ["1", "2"]
    assert [dict(request.headers)["X-Key"] for request in seen] == ["a", "b"]
    assert len(sent[1].headers) == len(sent[0].headers), "what was added does not pile up"


def test_call_may_go_elsewhere_and_takes_its_credentials_along() -> None:
    bench = Bench(OK, credentials=[("X-Key", "k")])
    bench.call(base_url="http://localhost:8787/v1/")
    (request,) = bench.transport.requests
    assert request.url == "http://localhost:8787/v1/thing"
    assert ("X-Key", "k") in request.headers
    with pytest.raises(ConfigurationError, match="base URL"):
        bench.call(base_url="http://localhost/?a=b")


def test_call_has_a_policy_of_its_own_or_none() -> None:
    bench = Bench(reply(503), reply(503), reply(503), OK)
    with pytest.raises(StatusError) as caught:
        bench.call(retry=None)
    assert caught.value.attempts == 1
    bench.call(retry=policy(max_retries=9, backoff=Backoff(0.1, 0.1)))
    assert bench.sleeps == [0.05, 0.05]


def test_errors_say_which_request_they_are_about() -> None:
    for step in (reply(404), down(), ProtocolFailure("odd"), reply(200, chunks=[down(2)])):
        with pytest.raises(QuintetError) as caught:
            Bench(step, max_retries=0).call(query={"q": "1"})
        assert (caught.value.method, caught.value.url) == ("GET", f"{BASE}/thing?q=1")
    with pytest.raises(MisuseError) as early:
        Bench().call(idempotency_key="")
    assert (early.value.method, early.value.url) == ("", "")
