"""Bodies: bounds before and while reading, and JSON at its edges."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

MOST = 1000  # of the probe service


def raw(probe: Any, head: str, body: bytes = b"") -> bytes:
    """Send bytes as they are and return the answer up to the end of its head and body."""
    host, port = probe.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as link:
        link.sendall(head.replace("\n", "\r\n").encode() + body)
        answer = b""
        while chunk := link.recv(65536):
            answer += chunk
            if b"\r\n\r\n" in answer and b'"request_id"' in answer:
                break
        return answer


def test_declared_length_over_the_bound_is_refused_before_the_body_is_sent(probe: Any) -> None:
    head = f"""POST /probe/echo HTTP/1.1
Host: x
Authorization: Bearer {probe.keys["amdahl"]}
Content-Length: {10**15}

"""
    answer = raw(probe, head)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"too_large"' in answer


@pytest.mark.parametrize("path", ["/echo", "/items", "/write"])
def test_chunked_body_is_refused_when_it_passes_the_bound(client: httpx.Client, path: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(50):
            yield b" " * 100

    answer = client.post(path, content=endless())
    assert answer.status_code == 413
    assert answer.json()["oops"] == "too_large"
    assert answer.json()["details"] == {"max_bytes": MOST}


def test_body_of_exactly_the_bound_is_taken(client: httpx.Client) -> None:
    body = b'"' + b"a" * (MOST - 2) + b'"'
    assert client.post("/echo", content=body).status_code == 200
    assert client.post("/echo", content=iter([body])).status_code == 200
    assert client.post("/echo", content=body + b" ").status_code == 413


def test_refused_body_leaves_a_usable_server(client: httpx.Client) -> None:
    client.post("/echo", content=b"x" * 5000)
    assert client.get("/who").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"[1,]", b"{'a': 1}", b"nul", b"NaN", b"[Infinity]", b"-", b"1 2"),
        *(b'"\\ud800"', b'"\xff"', b"\xff\xfe", b'{"a" 1}', b'"\x01"', b"[" * 999, b'{"a":' * 190),
    ],
)
def test_bad_json_answers_400_with_the_position(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/echo", content=body)
    assert answer.status_code == 400
    assert answer.json()["oops"] == "bad_json"
    assert "line 1" in answer.json()["message"]


@pytest.mark.parametrize("body", [b"{", b"nul", b"\xff", b'"\\ud800"'])
def test_bad_json_on_a_typed_route_answers_400(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/items", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["oops"] in ("bad_json", "bad_request")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"", None),
        (b"  ", None),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'"\\u0000"', "\0"),
        (b"123456789012345678901234567890", 1.2345678901234568e29),
        (b'"\\ud83d\\ude00"', "😀"),
    ],
)
def test_odd_but_legal_json_is_read(client: httpx.Client, body: bytes, value: object) -> None:
    answer = client.post("/echo", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 200
    assert answer.json() == {"got": value}


def test_value_the_database_cannot_store_answers_400(client: httpx.Client) -> None:
    answer = client.post("/store", json="a\0b")
    assert answer.status_code == 400
    assert answer.json()["oops"] == "bad_request"


@settings(
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.function_scoped_fixture,
    ],
    deadline=None,
    max_examples=60,
)
@given(body=st.binary(max_size=200))
def test_no_body_makes_a_500(client: httpx.Client, body: bytes) -> None:
    for path in ("/echo", "/items", "/write"):
        assert client.post(path, content=body).status_code < 500, path


def test_client_that_leaves_in_the_middle_of_its_body_disturbs_nobody(
    probe: Any, client: httpx.Client
) -> None:
    host, port = probe.url.removeprefix("http://").split(":")
    head = f"POST /probe/echo HTTP/1.1\r\nHost: x\r\nX-API-Key: {probe.keys['amdahl']}\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as link:
        link.sendall(f"{head}Content-Length: 100\r\n\r\n[1,".encode())
    assert client.get("/who").status_code == 200
