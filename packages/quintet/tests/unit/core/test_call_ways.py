"""A call beyond a single exchange: redirects, pacing, an answer that is opened and not read."""

from __future__ import annotations

from typing import Any

import pytest

from quintet import (
    ClientOptions,
    RedirectPolicy,
    Service,
    open_body,
)
from quintet.core.call import call, open_exchange
from quintet.core.pacing import Pacer
from quintet.errors import (
    ConnectionFailure,
    QuintetError,
    RedirectError,
    StatusError,
    TimeoutFailure,
)
from quintet.testing import FakeClock, reply

from ..rig import GET, PUT, Bench, context, plan, play

OK = reply(200, json={"ok": True})


def down(progress: int = 0, **fields: Any) -> ConnectionFailure:
    return ConnectionFailure("down", progress=progress, **fields)


# Redirects.


def test_redirect_is_an_ordinary_answer_unless_followed() -> None:
    answer = reply(307, headers={"Location": "/other"})
    with pytest.raises(StatusError) as caught:
        Bench(answer).call()
    assert caught.value.status == 307


def test_redirect_is_followed_as_part_of_the_same_attempt() -> None:
    bench = Bench(
        reply(308, headers={"Location": "/other"}),
        down(1),
        OK,
        redirects=RedirectPolicy(follow=True),
    )
    response = bench.call(PUT, body=open_body([b"a", b"b"]))
    assert response.attempts == 2
    assert response.url == "https://api.example/other"
    assert bench.transport.bodies == [b"ab"] * 3
    assert [(seen.number, seen.status, seen.retry_in) for seen in bench.seen] == [
        (1, 308, 0.0),
        (1, 0, 0.5),
        (2, 200, None),
    ]


@pytest.mark.parametrize("location", ["https://elsewhere.example/x", "http://api.example:8443/x"])
def test_credentials_stay_with_their_origin_whatever_header_they_ride_in(location: str) -> None:
    carried = [("Authorization", "s"), ("X-Api-Key", "s"), ("Cookie", "s"), ("X-Project", "s")]
    service = Service(name="x", user_agent="x", credential_headers=frozenset({"x-project"}))
    bench = Bench(
        reply(302, headers={"Location": location.replace("http:", "https:")}),
        OK,
        service=service,
        credentials=carried,
        redirects=RedirectPolicy(follow=True),
    )
    bench.call()
    first, second = bench.transport.requests
    assert {name for name, value in first.headers if value == "s"} == {n for n, _ in carried}
    assert all(value != "s" for _, value in second.headers)


def test_endless_redirects_end() -> None:
    hops = [reply(302, headers={"Location": f"/{number}"}) for number in range(20)]
    bench = Bench(*hops, redirects=RedirectPolicy(follow=True, max_hops=3))
    with pytest.raises(RedirectError) as caught:
        bench.call()
    assert len(bench.transport.requests) == 4
    assert caught.value.attempts == 1


def test_redirect_without_a_target_is_an_ordinary_answer() -> None:
    with pytest.raises(StatusError):
        Bench(reply(302), redirects=RedirectPolicy(follow=True)).call()


# Pacing and rate limits.

LIMITED = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5"}


def test_paced_client_waits_for_its_turn() -> None:
    bench = Bench(reply(200, headers=LIMITED), OK, pacing=True)
    bench.call()
    bench.call()
    assert bench.sleeps == [5.0]


def test_paced_client_does_not_wait_past_the_deadline() -> None:
    bench = Bench(reply(200, headers=LIMITED), OK, pacing=True)
    bench.call()
    with pytest.raises(TimeoutFailure, match="rate limit") as caught:
        bench.call(deadline=3.0)
    assert caught.value.phase == "deadline"
    assert caught.value.attempts == 0
    assert bench.sleeps == []


def test_paced_client_learns_from_answers_within_a_call() -> None:
    bench = Bench(reply(503, headers={**LIMITED, "X-RateLimit-Reset": "9"}), OK, pacing=True)
    bench.call()
    assert sum(bench.sleeps) == pytest.approx(9.0)


def test_download_of_a_paced_client_waits_for_its_turn_and_learns_from_its_answer() -> None:
    limited = reply(200, headers=LIMITED, body=b"abc")
    bench = Bench(limited, limited, OK, pacing=True)
    for _ in range(2):
        with bench.client.download(GET) as pieces:
            assert b"".join(pieces) == b"abc"
    bench.call()
    assert bench.sleeps == [5.0, 5.0]


def test_rate_limit_is_that_of_the_last_answer() -> None:
    bench = Bench(reply(404, headers=LIMITED), OK)
    assert bench.client.rate_limit is None
    with pytest.raises(StatusError):
        bench.call()
    assert bench.client.rate_limit is not None
    assert bench.client.rate_limit.remaining == 0
    bench.call()
    assert bench.client.rate_limit is None


def test_pacer_can_be_shared_through_the_context() -> None:
    clock = FakeClock()
    shared = context(clock, pacer=Pacer(rate=2.0))
    for _ in range(3):
        play(call(plan(), shared), [OK], clock)
    assert clock.monotonic() == pytest.approx(1.0)


# Opening without reading.


def test_opened_exchange_has_its_body_unread() -> None:
    clock = FakeClock(randoms=[0.5])
    reports: list[Any] = []
    program = open_exchange(plan(reports=reports), context(clock))
    played = play(program, [down(1), reply(503), reply(200, body=b"unread")], clock)
    assert played.result.exchange.status == 200
    assert [(report.number, report.status) for report in reports] == [(1, 0), (2, 503), (3, 200)]


def test_opening_that_fails_for_good_raises() -> None:
    clock = FakeClock()
    with pytest.raises(StatusError):
        play(open_exchange(plan(), context(clock)), [reply(404)], clock)


def test_options_refuse_a_client_that_cannot_work() -> None:
    with pytest.raises(QuintetError):
        ClientOptions(base_url="ftp://x")
