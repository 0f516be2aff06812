"""What goes out is one request, framed as it says, and nothing that could be taken for two."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, strategies as st

from quintet.transport.http11 import Http11, LocalProtocolError

HOST = [(b"Host", b"api.example")]
LENGTH = (b"Content-Length", b"3")
CHUNKED = (b"Transfer-Encoding", b"chunked")
SECRET = b"hunter2"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

Lines = list[tuple[bytes, bytes]]


def test_request_without_a_body_is_its_head() -> None:
    assert Http11().request("GET", b"/a?b=c", [*HOST, (b"X-Y", b""), (b"z", b"\xe9\t1")], None) == [
        b"GET /a?b=c HTTP/1.1\r\nHost: api.example\r\nX-Y: \r\nz: \xe9\t1\r\n\r\n"
    ]


def test_small_body_goes_out_with_its_head_and_a_large_one_is_not_copied() -> None:
    (packet,) = Http11().request("POST", b"/a", [*HOST, LENGTH], b"abc")
    assert packet.startswith(b"POST /a HTTP/1.1\r\n")
    assert packet.endswith(b"\r\n\r\nabc")
    large = bytes(100_000)
    lines = [*HOST, (b"Content-Length", b"100000")]
    head, body = Http11().request("POST", b"/a", lines, large)
    assert b"100000" in head
    assert body is large


def test_empty_body_goes_out_as_its_head_says() -> None:
    assert Http11().request("POST", b"/a", [*HOST, (b"Content-Length", b"0")], b"")[0][-4:] == (
        b"\r\n\r\n"
    )
    (packet,) = Http11().request("POST", b"/a", [*HOST, CHUNKED], b"")
    assert packet.endswith(b"\r\n\r\n0\r\n\r\n")


def test_streamed_body_is_framed_as_its_headers_say() -> None:
    http = Http11()
    http.streamed("POST", b"/a", [*HOST, (b"transfer-encoding", b"Chunked")])
    assert http.data(b"") == b""  # it would be the last
    assert http.data(b"abc" * 4) + http.end() == b"c\r\nabcabcabcabc\r\n0\r\n\r\n"
    http = Http11()
    http.streamed("POST", b"/a", [*HOST, LENGTH])
    assert http.data(b"ab") + http.data(b"") + http.data(b"c") + http.end() == b"abc"


@pytest.mark.parametrize("lines", [HOST, [*HOST, LENGTH]])
def test_body_longer_than_announced_is_not_sent(lines: Lines) -> None:
    http = Http11()
    http.streamed("POST", b"/a", lines)
    with pytest.raises(LocalProtocolError, match="longer"):
        http.data(b"abcd")
    with pytest.raises(LocalProtocolError, match="longer"):
        Http11().request("POST", b"/a", lines, b"abcd")


def test_body_shorter_than_announced_ends_the_connection() -> None:
    http = Http11()
    http.streamed("POST", b"/a", [*HOST, LENGTH])
    http.data(b"ab")
    with pytest.raises(LocalProtocolError, match="shorter"):
        http.end()
    http.feed(ANSWER)
    assert not http.next_exchange()
    with pytest.raises(LocalProtocolError, match="shorter"):
        Http11().request("POST", b"/a", [*HOST, LENGTH], None)


@pytest.mark.parametrize("framing", [LENGTH, CHUNKED])
def test_request_that_is_not_at_its_end_keeps_the_connection_from_the_next(
    framing: tuple[bytes, bytes],
) -> None:
    http = Http11()
    http.streamed("POST", b"/a", [*HOST, framing])
    http.data(b"ab")
    http.feed(ANSWER)
    assert not http.next_exchange()
    http.data(b"c")
    http.end()
    assert http.next_exchange()


@pytest.mark.parametrize(
    "method",
    [
        "",
        " ",
        "GET ",
        "GET /x HTTP/1.1\r\nX: y\r\n\r\nGET",
        "G\tT",
        "GÉT",
        "\ud800",
        "CONNECT",
        "G:T",
    ],
)
def test_method_that_is_none_is_refused(method: str) -> None:
    with pytest.raises(LocalProtocolError):
        Http11().request(method, b"/", HOST, None)


@pytest.mark.parametrize("method", ["GET", "PURGE", "get", "M-SEARCH"])
def test_method_that_is_a_token_is_sent(method: str) -> None:
    assert (
        Http11().request(method, b"/", HOST, None)[0].startswith(method.encode() + b" / HTTP/1.1")
    )


@pytest.mark.parametrize(
    "target", [b"", b"/a b", b"/a\tb", b"/\r\n", b"/ HTTP/1.1\r\nX: y", b"/\0", b"/\xe9", b"/\x7f"]
)
def test_target_that_is_none_is_refused(target: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        Http11().request("GET", target, HOST, None)


@pytest.mark.parametrize(
    "line",
    [
        (b"", b"x"),
        (b"X ", b"x"),
        (b" X", b"x"),
        (b"X:", b"x"),
        (b"X\r\nY", b"x"),
        (b"X\0", b"x"),
        (b"\xe9", b"x"),
        (b"X", b"a\r\nAuthorization: b"),
        (b"X", b"a\rb"),
        (b"X", b"a\nb"),
        (b"X", b"\n"),
        (b"X", b"a\r\n b"),
        (b"X", b"a\0"),
        (b"X", b"\x1b[1m"),
        (b"X", b"\x7f"),
        (b"Host", b"other.example"),
        (b"hOST", b"other.example"),
        (b"Content-Length", b"-1"),
        (b"Content-Length", b"+1"),
        (b"Content-Length", b"1, 1"),
        (b"Content-Length", b""),
        (b"Content-Length", b"1" * 21),
        (b"Transfer-Encoding", b"gzip, chunked"),
        (b"Transfer-Encoding", b"identity"),
        (b"Transfer-Encoding", b""),
    ],
)
def test_header_that_would_be_more_or_mean_more_is_refused(line: tuple[bytes, bytes]) -> None:
    for _ in range(2):  # what was refused is not remembered as good
        with pytest.raises(LocalProtocolError):
            Http11().streamed("POST", b"/", [*HOST, line])


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [(b"X", b"y")],
        [*HOST, *HOST],
        [*HOST, *HOST, LENGTH],
        [LENGTH],
        [*HOST, LENGTH, LENGTH],
        [*HOST, LENGTH, (b"content-length", b"4")],
        [*HOST, LENGTH, CHUNKED],
        [*HOST, CHUNKED, LENGTH],
        [*HOST, CHUNKED, CHUNKED],
    ],
)
def test_framing_that_is_not_exactly_one_is_refused(lines: Lines) -> None:
    with pytest.raises(LocalProtocolError):
        Http11().streamed("POST", b"/", lines)


@pytest.mark.parametrize(
    "line",
    [
        (b"Authorization", SECRET + b"\n"),
        (b"Content-Length", SECRET),
        (SECRET + b":", b"x"),
        (b"Transfer-Encoding", SECRET),
    ],
)
def test_refusal_shows_nothing_of_the_request(line: tuple[bytes, bytes]) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        Http11().streamed("POST", b"/", [*HOST, line])
    assert SECRET.decode() not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_many_names_are_not_remembered_without_a_bound() -> None:
    from quintet.transport import http11_request

    for number in range(1000):
        Http11().request("GET", b"/", [*HOST, (b"X-%d" % number, b"y")], None)
    assert len(http11_request._NAMES) <= 256
    with pytest.raises(LocalProtocolError):
        Http11().request("GET", b"/", [*HOST, (b"X 1", b"y")], None)


names = st.sampled_from([b"Host", b"Content-Length", b"Transfer-Encoding", b"X"]) | st.binary(
    max_size=4
)
values = st.sampled_from([b"3", b"0", b"chunked", b"close", b"a\r\nb: c"]) | st.binary(max_size=6)


@given(
    method=st.sampled_from(["GET", "POST"]) | st.text(max_size=4),
    target=st.just(b"/") | st.binary(max_size=4),
    lines=st.lists(st.tuples(names, values), max_size=4),
)
def test_whatever_is_sent_is_read_as_that_one_request(
    method: str, target: bytes, lines: Lines
) -> None:
    http = Http11()
    lines = [*HOST, *lines]
    try:
        raw = http.streamed(method, target, lines) + http.data(b"") + http.end()
    except LocalProtocolError:
        return
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(raw)
    seen = peer.next_event()
    assert isinstance(seen, h11.Request)
    assert (seen.method, seen.target) == (method.encode(), target)
    expected = [(name.lower(), value.strip(b" \t")) for name, value in lines]
    assert list(seen.headers) == [
        (name, value.lower() if name == b"transfer-encoding" else value) for name, value in expected
    ]
    assert isinstance(peer.next_event(), h11.EndOfMessage)
    assert peer.trailing_data == (b"", False)
