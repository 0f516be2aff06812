"""The protocol state: the same bytes give the same answer, however they are cut."""

from __future__ import annotations

import base64

import pytest

from quintet.transport.http11 import (
    MAX_HEAD_BYTES,
    MAX_HEADER_LINES,
    MAX_INTERIM,
    HeadTooLarge,
    Http11,
    LocalProtocolError,
    ProxyAnswer,
    RemoteProtocolError,
)

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
    with pytest.raises(RemoteProtocolError):
        http.feed(data)
        http.head()


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"HTTP/1.1 200 Connection established\r\n\r\n", ""),
        (b"HTTP/1.1 407 Who are you\r\nContent-Length: 9\r\n\r\n", "407 Who are you"),
        (b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", "302 Found"),
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


def test_proxy_that_echoes_user_and_password_is_not_quoted_with_them() -> None:
    pair = base64.b64encode(b"user:hunter22").decode()
    answer = ProxyAnswer(b"a:1", [(b"Proxy-Authorization", b"Basic " + pair.encode())])
    said = answer.feed(f"HTTP/1.1 407 hunter22 and {pair} are wrong\r\n\r\n".encode())
    assert said == "407 ********** and ********** are wrong"


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


def test_long_body_that_breaks_off_says_how_much_is_missing() -> None:
    http = asked()
    fed(http, b"HTTP/1.1 200 OK" + LONG_LENGTH + LONG_BODY[:-1], 65_536)
    assert not http.next_exchange()
    with pytest.raises(RemoteProtocolError, match="with 1 bytes of the body missing"):
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


@pytest.mark.parametrize("more", [b"", b"Connection: upgrade\r\nUpgrade: x\r\n"])
def test_switch_of_protocols_is_refused_by_name(more: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="101 switches"):
        asked().feed(b"HTTP/1.1 101 Switching\r\n" + more + b"\r\n")


# What an engine is told besides head and body.


def test_answer_has_begun_with_its_first_byte() -> None:
    http = asked()
    assert not http.begun
    http.feed(b"H")
    assert http.begun
    http.feed(b"TTP/1.1 200 OK" + LENGTH)
    assert http.whole() == b"abc"
    assert http.next_exchange()
    assert not http.begun


@pytest.mark.parametrize(
    ("fed_before", "words"),
    [(b"", "disconnected"), (b"H", "peer closed"), (b"HTTP/1.1 100 C\r\n\r\n", "peer closed")],
)
def test_peer_that_goes_before_the_head_is_told_from_one_that_is_not_http(
    fed_before: bytes, words: str
) -> None:
    http = asked()
    if fed_before:
        http.feed(fed_before)
    with pytest.raises(RemoteProtocolError, match=words):
        http.feed(b"")
    assert not http.next_exchange()


@pytest.mark.parametrize(
    "data",
    [b"HTTP/1.1 200 OK" + LENGTH[:-1], CHUNKED[:-1], b"HTTP/1.1 200 OK\r\nX"],
    ids=["length", "chunks", "head"],
)
def test_peer_that_goes_in_the_middle_has_closed_the_connection(data: bytes) -> None:
    http = asked()
    http.feed(data)
    while http.head() is not None and http.body():
        pass

    def end() -> None:
        http.feed(b"")
        http.body()

    with pytest.raises(RemoteProtocolError, match="peer closed connection"):
        end()


@pytest.mark.parametrize(
    ("method", "data", "whole"),
    [
        ("GET", b"HTTP/1.1 200 OK" + LENGTH, b"abc"),
        ("GET", b"HTTP/1.1 200 OK" + LENGTH[:-1], None),
        ("GET", CHUNKED, b"abc"),
        ("GET", CHUNKED[:-1], None),
        ("GET", b"HTTP/1.1 200 OK\r\n\r\nabc", None),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("HEAD", b"HTTP/1.1 200 OK" + LENGTH[:-3], b""),
    ],
)
def test_whole_body_is_given_if_it_came_with_the_head(
    method: str, data: bytes, whole: bytes | None
) -> None:
    http = asked(method)
    http.feed(data)
    assert http.head() is not None
    assert http.whole() == whole
    if whole is not None:
        assert http.body() == b""
        assert http.next_exchange()


def test_body_that_was_not_taken_ends_the_connection() -> None:
    for data in (b"HTTP/1.1 200 OK" + LENGTH, CHUNKED):
        http = asked()
        http.feed(data)
        assert not http.next_exchange()


def test_missing_bytes_may_be_read_past_the_parser() -> None:
    http = asked()
    http.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    assert http.missing == 7
    assert http.whole() is None
    assert http.body() == b"abc"
    assert http.body() is None
    http.fill(5)
    assert http.missing == 2
    assert http.body() is None
    for count in (3, -1):
        with pytest.raises(ValueError, match="2 bytes are missing"):
            http.fill(count)
    http.fill(2)
    assert http.body() == b""
    assert http.next_exchange()


@pytest.mark.parametrize("data", [CHUNKED[:-5], b"HTTP/1.1 200 OK\r\n\r\nabc", b"HTTP/1.1 200"])
def test_nothing_is_missing_where_no_length_is_known(data: bytes) -> None:
    http = asked()
    http.feed(data)
    assert http.missing == 0
    with pytest.raises(ValueError, match="0 bytes"):
        http.fill(1)


def test_pieces_that_come_in_one_read_are_one_piece() -> None:
    http = asked()
    http.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    http.feed(b"1\r\na\r\n1\r\nb\r\n2\r\nc")
    assert http.body() == b"abc"
    assert http.body() is None


def test_pieces_before_a_bad_chunk_are_handed_out_first() -> None:
    http = asked()
    http.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nx\r\n")
    assert http.body() == b"a"
    http.feed(b"1\r\nb\r\n0\r\n\r\n")  # what comes later mends nothing
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            http.body()
    assert not http.next_exchange()


def test_bytes_after_the_end_that_come_later_end_the_connection() -> None:
    for data in (b"HTTP/1.1 200 OK" + LENGTH, CHUNKED, b"HTTP/1.1 204 N\r\n\r\n"):
        http = asked()
        http.feed(data)
        assert http.whole() is not None
        http.feed(b"\r\n")
        assert http.body() == b""
        assert not http.next_exchange()


def test_answer_before_its_request_is_refused() -> None:
    http = Http11()
    with pytest.raises(RemoteProtocolError, match="nobody asked"):
        http.feed(b"HTTP/1.1 200 OK" + LENGTH)
    http = asked()
    http.feed(b"HTTP/1.1 200 OK" + LENGTH)
    assert http.whole() == b"abc"
    assert http.next_exchange()
    with pytest.raises(RemoteProtocolError, match="nobody asked"):
        http.feed(b"HTTP/1.1 200 OK" + LENGTH)


def test_second_answer_is_no_longer_told_by_the_first_request() -> None:
    http = asked("HEAD")
    http.feed(b"HTTP/1.1 200 OK" + LENGTH[:-3])
    assert http.next_exchange()
    http.request("GET", b"/b", HOST, None)
    http.feed(b"HTTP/1.1 200 OK" + LENGTH)
    assert http.whole() == b"abc"


def test_exchanges_of_every_framing_follow_each_other() -> None:
    http = Http11()
    for data in [CHUNKED, b"HTTP/1.1 200 OK" + LENGTH] * 2:
        for size in (5, 1000):
            http.request("GET", b"/a", HOST, None)
            assert fed(http, data, size) == (200, b"abc", True)
            assert http.next_exchange()
    http.request("GET", b"/a", HOST, None)
    http.feed(b"HTTP/1.1 200 OK\r\n\r\nabc")
    assert http.body() == b"abc"
    assert http.body() is None


def test_request_that_asked_to_close_ends_the_connection() -> None:
    http = Http11()
    http.request("GET", b"/a", [*HOST, (b"connection", b"te, Close")], None)
    http.feed(b"HTTP/1.1 200 OK" + LENGTH)
    assert http.whole() == b"abc"
    assert not http.next_exchange()


@pytest.mark.parametrize(
    "data",
    [b"\r\n", b"x", b"HTTP/2", b"HTTP/0", b"RTSP", b"HTTP/1.1 2x", b"HTTP/1.1 200 OK\n",
     b"HTTP/1.1 200 OK\r\nX : ", b"HTTP/1.1 200 OK\r\nX: y\r\n z", b"HTTP/1.1 200 OK\r\nX: \0"],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 1000])
def test_head_that_can_no_longer_be_right_is_refused_before_its_end(data: bytes, size: int) -> None:
    with pytest.raises(RemoteProtocolError):
        fed(asked(), data, size)


# Bounds.


def test_head_has_so_many_lines_and_no_more() -> None:
    for lines, good in [(MAX_HEADER_LINES, True), (MAX_HEADER_LINES + 1, False)]:
        data = b"HTTP/1.1 204 N\r\n" + b"X: y\r\n" * lines + b"\r\n"
        http = asked()
        if good:
            http.feed(data)
            assert http.next_exchange()
            continue
        with pytest.raises(HeadTooLarge) as caught:
            http.feed(data)
        assert (caught.value.bound, caught.value.limit) == ("max_header_lines", MAX_HEADER_LINES)


@pytest.mark.parametrize("size", [1000, 10_000_000])
def test_head_has_so_many_bytes_and_no_more(size: int) -> None:
    start, end = b"HTTP/1.1 204 N\r\nX: ", b"\r\n\r\n"
    fits = start + b"x" * (MAX_HEAD_BYTES - len(start) - len(end)) + end
    assert fed(asked(), fits, size) == (204, b"", True)
    with pytest.raises(HeadTooLarge) as caught:
        fed(asked(), fits[:-4] + b"x" + end, size)
    assert (caught.value.bound, caught.value.limit) == ("max_head_bytes", MAX_HEAD_BYTES)


@pytest.mark.parametrize("size", [7, 1000])
def test_interim_answers_are_passed_over_but_not_for_ever(size: int) -> None:
    interim = b"HTTP/1.1 103 Early\r\n\r\n"
    answer = b"HTTP/1.1 200 OK" + LENGTH
    http = asked()
    assert fed(http, interim * MAX_INTERIM + answer, size) == (200, b"abc", True)
    assert http.next_exchange()
    http.request("GET", b"/a", HOST, None)
    assert fed(http, interim * MAX_INTERIM + answer, size) == (200, b"abc", True)
    with pytest.raises(RemoteProtocolError, match="interim"):
        fed(asked(), interim * (MAX_INTERIM + 1) + answer, size)


@pytest.mark.parametrize(
    ("chunk", "good"),
    [
        (b"1\r\nz\r\n", True),
        (b"00000001;a=b\r\nz\r\n", True),
        (b"1;" + b"x" * 20 + b"\r\nz\r\n", False),
        (b"10;" + b"x" * 200 + b"\r\n" + bytes(16) + b"\r\n", True),
    ],
    ids=["tiny chunks", "sizes with zeros", "extensions", "extensions of larger chunks"],
)
def test_chunks_may_be_small_but_not_all_framing(chunk: bytes, good: bool) -> None:
    http = asked()
    http.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

    def read_on() -> None:
        for _ in range(100):
            http.feed(chunk * 500)
            assert http.body()

    if good:
        read_on()
        http.feed(b"0\r\n\r\n")
        assert http.body() == b""
        assert http.next_exchange()
        return
    with pytest.raises(RemoteProtocolError, match="framing"):
        read_on()
    assert not http.next_exchange()


def test_framing_without_measure_is_refused_also_if_its_end_comes_with_it() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"1;%b\r\na\r\n0\r\n\r\n" % (b"x" * 110_000)
    http = asked()
    http.feed(head + body)
    assert http.whole() is None
    assert http.body() == b"a"
    with pytest.raises(RemoteProtocolError, match="framing"):
        http.body()
    assert not http.next_exchange()


# The proxy's answer.


def test_proxy_that_speaks_before_the_tunnel_is_used_is_refused() -> None:
    answer = ProxyAnswer(b"api.example:443", [])
    assert "behind its answer" in (answer.feed(b"HTTP/1.1 200 OK\r\n\r\n\x16\x03") or "")


@pytest.mark.parametrize("line", [b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: gzip\r\n"])
def test_answer_to_connect_has_no_body_whatever_it_says(line: bytes) -> None:
    answer = ProxyAnswer(b"api.example:443", [])
    assert answer.feed(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n") == ""


@pytest.mark.parametrize("data", [b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\n", b"HTTP/1.1 101 S\r\n\r\n"])
def test_proxy_that_is_none_is_an_error(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        ProxyAnswer(b"api.example:443", []).feed(data)


def test_proxy_is_asked_for_one_thing() -> None:
    assert ProxyAnswer(b"[::1]:443", [(b"A", b"b")]).request == (
        b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nA: b\r\n\r\n"
    )
    for target, lines in [(b"a:1\r\nX: y", []), (b"a:1", [(b"X", b"y\r\nZ: z")])]:
        with pytest.raises(LocalProtocolError):
            ProxyAnswer(target, lines)
