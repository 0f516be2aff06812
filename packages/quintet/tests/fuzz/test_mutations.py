"""Whatever a peer sends: our errors or the right body, and nothing without a bound.

`QUINTET_HYPOTHESIS=full` tries many more; `endless.py` goes on until it is stopped.
"""

from __future__ import annotations

import contextlib
import tracemalloc
from random import Random

import h11
import pytest
from hypothesis import given, note, settings, strategies as st

from quintet.transport.http11 import (
    MAX_HEAD_BYTES,
    MAX_INTERIM,
    HeadTooLarge,
    Http11,
    ProxyAnswer,
    RemoteProtocolError,
)

from .answers import ANSWERS
from .feeding import COMPLETE, HOST, Outcome, cut, fed, filled, taken_whole
from .reference import expected

USUAL = settings().max_examples

START = [
    b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found", b"HTTP/1.0 200 OK",
    b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 100 Continue",
    b"HTTP/1.1 101 S", b"HTTP/1.1 500", b"HTTP/1.1 500 ", b"HTTP/1.1 099 X", b"HTTP/2.0 200 OK",
    b"HTTP/1.1 200 O\0K", b"\r\nHTTP/1.1 200 OK", b"HTTP/1.1 200 \xe9",
]  # fmt: skip
LINES = [
    b"Content-Length: 5", b"Content-Length: 5", b"Content-Length: 0", b"content-length:  05 ",
    b"Content-Length: 5, 5", b"Content-Length: +5", b"Content-Length: 99999999999999999999",
    b"Content-Length:", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked",
    b"transfer-encoding:CHUNKED ", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity", b"Connection: close", b"Connection: keep-alive",
    b"Connection: x , Close", b"connection: keep-alive, upgrade", b"Upgrade: h2c", b"X: y",
    b"X:", b"X-Y: \xa0\x85", b"Content-Type: application/json", b"X : y", b" folded", b"\tfolded",
    b"X: a\rb", b"X: a\nb", b"X: \0", b"nothing",
]  # fmt: skip
SIZES = [
    b"%x",
    b"%X",
    b"0%x",
    b"%x;a",
    b"%x;a=b",
    b'%x;a="\\"\xe9"',
    b"%x ",
    b"0x%x",
    b"-%x",
    b"%x;",
]
BREAKS = [b"\r\n"] * 12 + [b"\n", b"\r", b"", b"\r\n\r\n"]
BEHIND = [b"", b"", b"", b"\r\n", b"H", b"HTTP/1.1 200 OK\r\n\r\n", b"\0"]


def chunked_body(random: Random) -> bytes:
    parts = []
    for _ in range(random.randrange(5)):
        piece = random.randbytes(random.randrange(1, 20))
        parts += [random.choice(SIZES) % len(piece), random.choice(BREAKS), piece]
        parts.append(random.choice(BREAKS))
    parts += [b"0", random.choice(BREAKS)]
    for _ in range(random.choice([0, 0, 1, 2])):
        parts += [random.choice(LINES), b"\r\n"]
    return b"".join([*parts, random.choice(BREAKS)])


def composed(random: Random) -> bytes:
    """Make an answer that is right, or wrong in one or two places."""
    lines = random.choices(LINES, k=random.randrange(4))
    head = b"".join(random.choice(BREAKS) + line for line in lines) + b"\r\n\r\n"
    body = random.choice([chunked_body(random), chunked_body(random), b"", b"hello", b"hell"])
    return random.choice(START) + head + body + random.choice(BEHIND)


def mutated(data: bytes, random: Random) -> bytes:
    for _ in range(random.choice([0, 1, 1, 2, 3])):
        at = random.randrange(len(data) + 1)
        new = random.choice([b"", random.randbytes(1), random.choice(LINES), random.choice(BREAKS)])
        data = data[:at] + new + data[at + random.randrange(3) :]
    return data


@st.composite
def nearly_right(draw: st.DrawFn) -> bytes:
    """One of the table with some bytes changed: found in few choices, so it shrinks well."""
    data = draw(st.sampled_from(ANSWERS)).data + draw(st.sampled_from(BEHIND))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.integers(0, 3))
        new = draw(st.binary(max_size=3) | st.sampled_from([*LINES, *BREAKS]))
        data = data[:at] + new + data[at + gone :]
    return data


methods = st.sampled_from(["GET", "GET", "POST", "HEAD"])
cuts = st.sets(st.integers(0, 300), max_size=8)


def agree(outcome: Outcome, right: Outcome | None, *, closes: bool) -> None:
    __tracebackhide__ = True
    if right is None:
        # No end of a head: an error as early as can be, or patience; never an answer.
        assert (outcome.status, outcome.body, outcome.reusable) == (None, b"", False)
        assert outcome.end != COMPLETE
        assert not closes or outcome.end == "RemoteProtocolError"
    elif right.end == "more or an error":
        assert outcome[:3] == right[:3]
        assert outcome.end != COMPLETE
        assert not outcome.reusable
    else:
        assert outcome == right


@given(data=nearly_right(), cuts=cuts, method=methods, closes=st.booleans())
def test_nearly_right_answer_is_taken_as_a_naive_parser_takes_it(
    data: bytes, cuts: set[int], method: str, closes: bool
) -> None:
    right = expected(data, method, closes=closes)
    agree(fed(cut(data, cuts), method, closes=closes), right, closes=closes)
    agree(filled(cut(data, cuts), method, closes=closes), right, closes=closes)
    agree(taken_whole(data, method, closes=closes), right, closes=closes)


@settings(max_examples=2 * USUAL)
@given(seed=st.integers(0, 2**64))
def test_composed_answers_are_taken_as_a_naive_parser_takes_them(seed: int) -> None:
    random = Random(seed)  # drawing every choice from hypothesis would cost a hundred times more
    for _ in range(40):
        data = composed(random)
        if random.random() < 0.5:
            data = mutated(data, random)
        method = random.choice(["GET", "GET", "POST", "HEAD"])
        closes = random.random() < 0.5
        cuts = random.choices(range(len(data) + 1), k=random.randrange(6))
        outcome = fed(cut(data, cuts), method, closes=closes)
        note(f"{data!r} to {method}, cut at {cuts}, closes: {closes}")
        agree(outcome, expected(data, method, closes=closes), closes=closes)
        if outcome.end == COMPLETE and closes:
            theirs = read_by_h11(data, method)
            assert theirs is None or (outcome.status, outcome.body) == theirs


@given(data=nearly_right(), method=methods)
def test_answer_that_is_taken_is_read_by_h11_in_the_same_way(data: bytes, method: str) -> None:
    ours = fed([data], method, closes=True)
    if ours.end != COMPLETE:
        return
    theirs = read_by_h11(data, method)
    if theirs is not None:
        assert (ours.status, ours.body) == theirs


def read_by_h11(data: bytes, method: str) -> tuple[int, bytes] | None:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target=b"/a", headers=HOST))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    status, body = 0, b""
    with contextlib.suppress(h11.RemoteProtocolError):
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return status, body
    return None


@given(data=st.binary(max_size=400), cuts=cuts, closes=st.booleans())
def test_random_bytes_are_our_error_or_nothing_yet(
    data: bytes, cuts: set[int], closes: bool
) -> None:
    agree(fed(cut(data, cuts), closes=closes), expected(data, "GET", closes=closes), closes=closes)


@given(data=st.binary(max_size=400), cuts=cuts)
def test_random_bytes_in_place_of_chunks_are_our_error_or_not_complete(
    data: bytes, cuts: set[int]
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    outcome = fed([head, *cut(data, cuts)])
    agree(outcome, expected(head + data, "GET", closes=False), closes=False)


@given(data=nearly_right(), cuts=cuts)
def test_proxy_that_sends_anything_is_refused_or_stands(data: bytes, cuts: set[int]) -> None:
    answer = ProxyAnswer(b"api.example:443", [])
    said = None
    try:
        for piece in cut(data, cuts):
            said = answer.feed(piece)
            if said is not None:
                break
    except RemoteProtocolError:
        return
    if said == "":
        right = expected(data, "HEAD", closes=True)
        assert right is not None
        assert right.status is not None
        assert 200 <= right.status < 300


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = [
    ("no end of the status line", b"HTTP/1.1 200 ", b"x" * 500),
    ("no end of a name", HEAD, b"x" * 500),
    ("no end of a value", HEAD + b"X: ", b"x" * 500),
    ("no end of a blank", HEAD + b"X: ", b" " * 500),
    ("no end of headers", HEAD, b"X: y\r\n" * 100),
    ("no end of interim answers", b"", b"HTTP/1.1 103 Early\r\n\r\n" * 7),
    ("no end of large interim answers", b"", b"HTTP/1.1 103\r\nX:" + b"x" * 50_000 + b"\r\n\r\n"),
    ("no end of a size", CHUNKED, b"0" * 500),
    ("no end of an extension", CHUNKED + b"1;", b"x" * 500),
    ("no end of an extension's value", CHUNKED + b"1;x=", b"x" * 500),
    ("extensions longer than the body", CHUNKED, b"1;" + b"x" * 500 + b"\r\nz\r\n"),
    ("no end of a trailer", CHUNKED + b"0\r\nX: ", b"x" * 500),
    ("no end of trailers", CHUNKED + b"0\r\n", b"X: y\r\n" * 100),
]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "more"), [case[1:] for case in ENDLESS], ids=[case[0] for case in ENDLESS]
)
def test_what_has_no_end_is_stopped_with_little_read_and_little_kept(
    start: bytes, more: bytes
) -> None:
    http = Http11()
    http.request("GET", b"/a", HOST, None)
    if start:
        http.feed(start)
    read = 0

    def read_on() -> None:
        nonlocal read
        while read < 40 * MAX_HEAD_BYTES:
            http.feed(more)
            read += len(more)
            http.body()

    tracemalloc.start()
    try:
        with pytest.raises(RemoteProtocolError):
            read_on()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read <= max(1.2 * MAX_HEAD_BYTES, (MAX_INTERIM + 1) * len(more))
    assert peak < 8 * MAX_HEAD_BYTES
    assert not http.next_exchange()


def test_head_and_its_end_in_one_piece_have_the_same_bound_as_in_many() -> None:
    data = HEAD + b"X: " + b"x" * MAX_HEAD_BYTES + b"\r\nContent-Length: 0\r\n\r\n"
    for size in (len(data), 1000):
        outcome = fed(cut(data, range(0, len(data), size)))
        assert outcome == Outcome(None, (), b"", HeadTooLarge.__name__, False)
    fits = data.replace(b"x" * (len(data) - MAX_HEAD_BYTES), b"", 1)
    assert len(fits) == MAX_HEAD_BYTES
    for size in (len(fits), 1000):
        assert fed(cut(fits, range(0, len(fits), size))).end == COMPLETE
