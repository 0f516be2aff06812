"""The protocol state: the same bytes give the same answer, however they are cut."""

from __future__ import annotations

import h11
import pytest

from quintet.transport.http11 import MAX_HEAD_BYTES, Http11, ProxyAnswer

HOST = [(b"Host", b"api.example")]


def asked(method: str = "GET") -> Http11:
    http = Http11()
    http.request(method, b"/a", HOST, None)
    return http


def fed(http: Http11, data: bytes, size: int) -> tuple[object, bytes, bool]:
    """Feed ``data`` in pieces; return status, body, and whether the end of the body was seen."""
    head, body = None, b""
    for at in range(0, len(data), size):
        http.feed(data[at : at + size])
        if head is None:
            head = http.head()
        while head is not None:
            piece = http.body()
            if piece is None:
                break
            if not piece:
                return head.status, body, True
            body += piece
    return None if head is None else head.status, body, False


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: v\r\n\r\n"
)
LENGTH = b"\r\nContent-Length: 3\r\n\r\nabc"
ANSWERS = [
    (b"HTTP/1.1 200 OK" + LENGTH, (200, b"abc", True), True),
    (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"", True), True),
    (b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", (404, b"", True), True),
    (b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK" + LENGTH, (200, b"abc", True), True),
    (CHUNKED, (200, b"abc", True), True),
    (b"HTTP/1.1 200 OK\r\nConnection: close" + LENGTH, (200, b"abc", True), False),
    (b"HTTP/1.0 200 OK" + LENGTH, (200, b"abc", True), False),
    (b"HTTP/1.1 200 OK" + LENGTH[:-1], (200, b"ab", False), False),
    (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", (200, b"until the end", False), False),
]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(("data", "expected", "reusable"), ANSWERS)
def test_answer_does_not_depend_on_how_it_is_cut(
    data: bytes, expected: object, reusable: bool, size: int
) -> None:
    http = asked()
    assert fed(http, data, size) == expected
    assert http.next_exchange() is reusable


def test_body_without_a_length_ends_with_the_connection() -> None:
    http = asked()
    fed(http, b"HTTP/1.1 200 OK\r\n\r\nabc", 1000)
    http.feed(b"")
    assert http.body() == b""
    assert not http.next_exchange()


def test_connection_can_be_used_again_and_again() -> None:
    http = Http11()
    for _ in range(3):
        http.request("GET", b"/a", HOST, None)
        assert fed(http, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 1000)[1] == b"x"
        assert http.next_exchange()


def test_connection_with_bytes_that_nobody_asked_for_is_not_used_again() -> None:
    http = asked()
    fed(http, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1", 1000)
    assert not http.next_exchange()


def test_connection_whose_request_was_not_sent_whole_is_not_used_again() -> None:
    http = Http11()
    http.streamed("POST", b"/a", [*HOST, (b"Content-Length", b"10")])
    http.data(b"abc")
    assert fed(http, b"HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n", 1000) == (413, b"", True)
    assert not http.next_exchange()


def test_head_keeps_case_order_and_duplicates() -> None:
    http = asked()
    http.feed(b"HTTP/1.1 200 OK\r\nX-One: 1\r\nSet-Cookie: a\r\nset-cookie: b\xff\r\n\r\n")
    head = http.head()
    assert head is not None
    assert head.headers.pairs() == (("X-One", "1"), ("Set-Cookie", "a"), ("set-cookie", "b\xff"))
    assert head.http_version == "HTTP/1.1"


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * MAX_HEAD_BYTES,
        b"",
    ],
)
def test_odd_bytes_are_the_peers_error(data: bytes) -> None:
    http = asked()
    with pytest.raises(h11.RemoteProtocolError):
        http.feed(data)
        http.head()


def test_small_body_goes_out_with_its_head_and_a_large_one_is_not_copied() -> None:
    lines = [*HOST, (b"Content-Length", b"3")]
    (packet,) = Http11().request("POST", b"/a", lines, b"abc")
    assert packet.startswith(b"POST /a HTTP/1.1\r\n")
    assert packet.endswith(b"\r\n\r\nabc")
    large = bytes(100_000)
    head, body = Http11().request("POST", b"/a", [*HOST, (b"Content-Length", b"100000")], large)
    assert b"100000" in head
    assert body == large


def test_streamed_body_is_framed_as_its_headers_say() -> None:
    http = Http11()
    http.streamed("POST", b"/a", [*HOST, (b"Transfer-Encoding", b"chunked")])
    assert http.data(b"abc") + http.end() == b"3\r\nabc\r\n0\r\n\r\n"
    http = Http11()
    http.streamed("POST", b"/a", [*HOST, (b"Content-Length", b"3")])
    assert http.data(b"abc") + http.end() == b"abc"


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"HTTP/1.1 200 Connection established\r\n\r\n", ""),
        (b"HTTP/1.1 407 Who are you\r\nContent-Length: 9\r\n\r\n", "407 Who are you"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", ""),
    ],
)  # fmt: skip
def test_proxy_answer_says_whether_the_tunnel_stands(data: bytes, expected: str, size: int) -> None:
    answer = ProxyAnswer(b"api.example:443", [(b"Proxy-Authorization", b"Basic x")])
    assert answer.request.startswith(b"CONNECT api.example:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic x" in answer.request
    said = None
    for at in range(0, len(data), size):
        said = answer.feed(data[at : at + size])
        if said is not None:
            break
    assert said == expected


def test_proxy_that_goes_away_is_a_refusal() -> None:
    assert "closed" in (ProxyAnswer(b"a:1", []).feed(b"") or "")


LONG = 300_000
LONG_BODY = bytes(range(250)) * (LONG // 250)
LONG_LENGTH = b"\r\nContent-Length: %d\r\n\r\n" % LONG


@pytest.mark.parametrize("size", [1_000, 65_536, 10_000_000])
@pytest.mark.parametrize(
    ("start", "reusable"),
    [
        (b"HTTP/1.1 200 OK", True),
        (b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 206 Partial", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close", False),
        (b"HTTP/1.0 200 OK", False),
    ],
)
def test_long_body_is_whole_however_it_is_cut_and_the_connection_goes_on(
    start: bytes, reusable: bool, size: int
) -> None:
    http = asked()
    _, body, ended = fed(http, start + LONG_LENGTH + LONG_BODY, size)
    assert (body == LONG_BODY, ended) == (True, True)
    assert http.next_exchange() is reusable
    if reusable:
        http.request("GET", b"/b", HOST, None)
        assert fed(http, b"HTTP/1.1 200 OK" + LENGTH, 1000) == (200, b"abc", True)


@pytest.mark.parametrize("cut", [500, LONG, LONG + 80, 10_000_000])
def test_long_body_with_bytes_behind_it_ends_the_connection(cut: int) -> None:
    http = asked()
    data = b"HTTP/1.1 200 OK" + LONG_LENGTH + LONG_BODY + b"HTTP/1.1 200 smuggled"
    http.feed(data[:cut])
    assert http.head() is not None
    pieces = [http.body()]
    if cut < len(data):
        http.feed(data[cut:])
        pieces.append(http.body())
    assert b"".join(piece for piece in pieces if piece) == LONG_BODY
    assert http.body() == b""
    assert not http.next_exchange()


def test_long_body_that_breaks_off_says_how_much_came() -> None:
    http = asked()
    fed(http, b"HTTP/1.1 200 OK" + LONG_LENGTH + LONG_BODY[:-1], 65_536)
    assert not http.next_exchange()
    with pytest.raises(h11.RemoteProtocolError, match=f"received {LONG - 1} .* expected {LONG}"):
        http.feed(b"")


@pytest.mark.parametrize(
    ("method", "start"), [("HEAD", b"HTTP/1.1 200 OK"), ("GET", b"HTTP/1.1 304 Not Modified")]
)
def test_long_length_of_an_answer_without_a_body_is_not_waited_for(
    method: str, start: bytes
) -> None:
    http = asked(method)
    _, body, ended = fed(http, start + LONG_LENGTH, 1000)
    assert (body, ended) == (b"", True)
    assert http.next_exchange()


def test_long_answer_before_the_end_of_the_request_ends_the_connection() -> None:
    http = Http11()
    http.streamed("POST", b"/a", [*HOST, (b"Content-Length", b"10")])
    http.data(b"12345")
    _, body, ended = fed(http, b"HTTP/1.1 200 OK" + LONG_LENGTH + LONG_BODY, 65_536)
    assert (body == LONG_BODY, ended) == (True, True)
    assert not http.next_exchange()
