"""Bodies of a call: those of requests that are sent again, those of answers that go wrong."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from quintet import (
    Operation,
    RetryClass,
    open_body,
)
from quintet.core.call import call
from quintet.errors import (
    BodyTooLarge,
    ClientClosedError,
    ConnectionFailure,
    DecodeError,
    ProtocolFailure,
    QuintetError,
    StatusError,
)
from quintet.testing import FakeClock, reply

from ..rig import GET, KEYED, POST, PUT, Bench, context, plan, play

OK = reply(200, json={"ok": True})


def down(progress: int = 0, **fields: Any) -> ConnectionFailure:
    return ConnectionFailure("down", progress=progress, **fields)


def test_rewindable_body_is_sent_whole_each_time() -> None:
    bench = Bench(down(1), reply(503), OK)
    body = open_body([b"ab", b"cd"])
    bench.call(PUT, body=body)
    assert bench.transport.bodies == [b"abcd"] * 3


def test_one_shot_body_is_not_sent_again_once_touched() -> None:
    bench = Bench(reply(503), OK)
    with pytest.raises(StatusError) as caught:
        bench.call(PUT, body=open_body(iter([b"ab"])))
    assert len(bench.transport.requests) == 1
    assert caught.value.message.endswith("not repeated, since its body can be read only once")
    assert caught.value.args == (caught.value.message,)


def test_refusal_that_is_not_repeated_for_another_reason_says_what_the_service_said() -> None:
    said = []
    for operation in (GET, POST):
        with pytest.raises(StatusError) as caught:
            Bench(reply(500), max_retries=0).call(operation)
        said.append(caught.value.message)
    assert not any("repeated" in each for each in said)


def test_one_shot_body_that_nobody_touched_is_sent_on_the_next_attempt() -> None:
    clock = FakeClock(randoms=[0.5])
    body = open_body(iter([b"ab"]))
    played = play(call(plan(POST, body=body), context(clock)), [down(0), OK], clock)
    assert played.result.attempts == 2


def test_key_stays_the_same_over_all_attempts() -> None:
    bench = Bench(down(1), reply(500), reply(503), OK)
    bench.call(KEYED)
    assert len(set(bench.keys())) == 1
    assert bench.keys()[0] is not None
    bench = Bench(down(1), OK)
    bench.call(KEYED, idempotency_key="mine")
    assert bench.keys() == ["mine", "mine"]


def test_pieces_of_a_body_are_joined() -> None:
    assert Bench(reply(200, chunks=[b"[1,", b"", b"2]"])).call().json() == [1, 2]
    packed = gzip.compress(b"[3]")
    pieces = [packed[:5], packed[5:]]
    headers = {"Content-Encoding": "gzip"}
    assert Bench(reply(200, chunks=pieces, headers=headers)).call().json() == [3]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(200, body=b"x" * 1001), BodyTooLarge),
        (reply(200, headers={"Content-Length": "1001"}), BodyTooLarge),
        (reply(200, body=b"no", headers={"Content-Encoding": "gzip"}), DecodeError),
        (reply(200, body=b"no", headers={"Content-Encoding": "br"}), DecodeError),
    ],
)
def test_body_of_no_use_is_raised_with_its_status_and_not_repeated(
    answer: Any, kind: type[QuintetError]
) -> None:
    bench = Bench(answer, max_response_bytes=1000)
    with pytest.raises(kind, match="GET https") as caught:
        bench.call()
    assert caught.value.status == 200
    assert caught.value.attempts == 1
    assert bench.transport.open_exchanges == 0
    assert [(seen.status, seen.error, seen.retry_in) for seen in bench.seen] == [
        (200, kind.__name__, None)
    ]


@pytest.mark.parametrize(
    "chunks", [[b"x" * 2000], [b"{", down(2)], [b"{", ProtocolFailure("bad chunk", progress=2)]]
)
def test_trouble_with_an_error_body_does_not_hide_its_status(chunks: list[Any]) -> None:
    bench = Bench(reply(400, chunks=chunks), max_response_bytes=1000)
    with pytest.raises(StatusError) as caught:
        bench.call()
    assert caught.value.status == 400
    assert caught.value.response.body in (b"", b"{")
    assert bench.transport.open_exchanges == 0


def test_client_closed_while_an_error_body_is_read_says_so() -> None:
    bench = Bench(reply(400, chunks=[ClientClosedError("closed")]))
    with pytest.raises(ClientClosedError):
        bench.call()


def test_foreign_exception_comes_through_and_the_exchange_is_closed() -> None:
    bench = Bench(reply(200, chunks=[KeyError("a bug")]))
    with pytest.raises(KeyError, match="a bug"):
        bench.call()
    assert bench.transport.open_exchanges == 0


@pytest.mark.parametrize("status", [204, 304])
def test_answer_without_a_body_is_read_once_all_the_same(status: int) -> None:
    clock = FakeClock()
    operation = Operation("x", "GET", "/x", RetryClass.SAFE, frozenset({204, 304}))
    headers = {"Content-Length": "999999"}
    played = play(call(plan(operation), context(clock)), [reply(status, headers=headers)], clock)
    assert len(played.reads) == 1
    assert played.result.body == b""


def test_program_that_is_closed_half_way_asks_for_nothing_more() -> None:
    clock = FakeClock()
    program = call(plan(), context(clock))
    next(program)
    program.send(Bench(OK).transport.send(plan().request, None, None))
    program.close()  # would raise if the program yielded once more
