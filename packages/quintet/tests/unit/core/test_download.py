"""Downloads: piece by piece, idle-limited, never begun twice."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from quintet.core.download import download
from quintet.errors import (
    BodyTooLarge,
    ConnectionFailure,
    DecodeError,
    MisuseError,
    StatusError,
    TimeoutFailure,
)
from quintet.testing import FakeClock, reply

from ..rig import GET, Bench, context, plan, play


def run(
    *answers: Any, max_bytes: int | None = None, idle: float | None = 60.0, taking: float = 0.0
) -> Any:
    clock = FakeClock(randoms=[0.5])
    return play(download(plan(), context(clock), max_bytes, idle), answers, clock, taking)


def test_pieces_are_handed_on_as_they_come() -> None:
    played = run(reply(200, chunks=[b"a", b"b", b"c"]))
    assert played.emitted[0].status == 200, "the head comes first"
    assert played.emitted[1:] == [b"a", b"b", b"c"]
    assert played.closed == 1


def test_compressed_pieces_are_decoded_on_the_way() -> None:
    packed = gzip.compress(b"x" * 100_000)
    chunks = [packed[at : at + 10] for at in range(0, len(packed), 10)]
    played = run(reply(200, chunks=chunks, headers={"Content-Encoding": "gzip"}))
    assert b"".join(played.emitted[1:]) == b"x" * 100_000
    assert all(played.emitted)


def test_every_piece_gets_the_idle_timeout_anew() -> None:
    played = run(reply(200, chunks=[b"a", b"b"]), idle=5.0, taking=1.0)
    assert [(read.until, read.seconds) for read in played.reads] == [
        (7.0, 5.0),
        (9.0, 5.0),
        (11.0, 5.0),
    ]
    assert run(reply(200, body=b"a"), idle=None).reads[0].until is None


def test_failure_before_the_first_piece_is_repeated() -> None:
    played = run(ConnectionFailure("down"), reply(503), reply(200, body=b"a"))
    assert played.emitted[1:] == [b"a"]


@pytest.mark.parametrize("failure", [ConnectionFailure("gone", progress=2), TimeoutFailure("late")])
def test_failure_after_a_piece_is_raised(failure: Any) -> None:
    bench = Bench(reply(200, chunks=[b"a", failure]))
    stream = bench.client.download(plan().operation)
    assert next(stream) == b"a"
    with pytest.raises(type(failure), match="GET https"):
        next(stream)
    assert bench.transport.open_exchanges == 0
    assert len(bench.transport.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(200, body=b"x" * 11), BodyTooLarge),
        (reply(200, headers={"Content-Length": "11"}), BodyTooLarge),
        (reply(200, body=b"x", headers={"Content-Encoding": "gzip"}), DecodeError),
        (reply(200, body=b"x", headers={"Content-Encoding": "zstd"}), DecodeError),
        (reply(404), StatusError),
    ],
)
def test_trouble_is_raised_with_its_status_and_the_exchange_closed(
    answer: Any, kind: type[Exception]
) -> None:
    bench = Bench(answer)
    with pytest.raises(kind) as caught:
        list(bench.client.download(plan().operation, max_bytes=10))
    assert caught.value.status == answer.status  # type: ignore[attr-defined]
    assert bench.transport.open_exchanges == 0


def test_foreign_exception_comes_through_and_the_exchange_is_closed() -> None:
    bench = Bench(reply(200, chunks=[KeyError("bug")]))
    with pytest.raises(KeyError):
        list(bench.client.download(plan().operation))
    assert bench.transport.open_exchanges == 0


def test_download_that_is_abandoned_closes_its_exchange() -> None:
    bench = Bench(reply(200, chunks=[b"a", b"b"]))
    with bench.client.download(plan().operation) as stream:
        assert next(stream) == b"a"
        assert bench.transport.open_exchanges == 1
    assert bench.transport.open_exchanges == 0


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, body=b"x" * 11, headers={"Content-Length": "11"}),
        reply(200, chunks=[b"x" * 6, b"x" * 5]),
        reply(200, body=gzip.compress(b"x" * 11), headers={"Content-Encoding": "gzip"}),
    ],
    ids=["declared", "counted", "inflated"],
)
def test_download_that_is_too_large_names_the_bound_that_it_has(answer: Any) -> None:
    bench = Bench(answer)
    with pytest.raises(BodyTooLarge, match="raise max_bytes to accept it") as caught:
        bench.client.download(GET, max_bytes=10).read()
    assert (caught.value.bound, caught.value.limit) == ("max_bytes", 10)


def test_download_that_was_closed_early_is_not_taken_for_a_short_one() -> None:
    bench = Bench(reply(200, chunks=[b"a", b"b"]))
    stream = bench.client.download(GET)
    assert next(stream) == b"a"
    stream.close()
    stream.close()
    for look in (stream.read, lambda: list(stream)):
        with pytest.raises(MisuseError, match="the download was closed before its end"):
            look()


def test_download_that_was_read_to_its_end_stays_quiet() -> None:
    bench = Bench(reply(200, chunks=[b"a", b"b"]))
    with bench.client.download(GET) as stream:
        assert stream.read() == b"ab"
        assert stream.read() == b""
    stream.close()
    assert list(stream) == []
