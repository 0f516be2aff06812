"""Where a request goes, and how its head begins."""

from __future__ import annotations

import pytest

from quintet import open_body
from quintet.core.request import Request
from quintet.transport.environment import Proxies
from quintet.transport.targets import Targets, header_lines

DIRECT = Proxies({})


@pytest.mark.parametrize(
    ("url", "host", "port", "line", "path"),
    [
        ("http://api.example/v1/a?b=c", "api.example", 80, b"api.example", b"/v1/a?b=c"),
        ("https://api.example/v1", "api.example", 443, b"api.example", b"/v1"),
        ("https://api.example:8443/", "api.example", 8443, b"api.example:8443", b"/"),
        ("http://api.example:443/x", "api.example", 443, b"api.example:443", b"/x"),
        ("http://[::1]:80/x", "::1", 80, b"[::1]", b"/x"),
        ("http://api.example", "api.example", 80, b"api.example", b"/"),
        ("http://api.example?q=1", "api.example", 80, b"api.example", b"/?q=1"),
    ],
)
def test_url_is_split(url: str, host: str, port: int, line: bytes, path: bytes) -> None:
    target, found = Targets(DIRECT).split(url)
    assert (target.host, target.port, target.host_line, found) == (
        host,
        port,
        (b"Host", line),
        path,
    )
    assert target.secure == url.startswith("https")
    assert target.proxy is None


def test_plain_request_through_a_proxy_names_the_whole_url_and_shows_its_credentials() -> None:
    targets = Targets(Proxies({"http": "http://us:pw@p:3128"}))
    target, path = targets.split("http://api.example:8080/v1?x=1")
    assert (target.proxy, path) == (("p", 3128), b"http://api.example:8080/v1?x=1")
    lines = header_lines(Request("GET", "http://api.example:8080/v1"), target)
    assert lines == [(b"Host", b"api.example:8080"), (b"Proxy-Authorization", b"Basic dXM6cHc=")]


def test_secure_request_through_a_proxy_shows_its_credentials_to_the_proxy_only() -> None:
    targets = Targets(Proxies({"https": "http://us:pw@p"}))
    target, path = targets.split("https://[::1]/v1")
    assert (target.proxy, path, target.authority) == (("p", 80), b"/v1", b"[::1]:443")
    assert target.proxy_lines == [(b"Proxy-Authorization", b"Basic dXM6cHc=")]
    assert header_lines(Request("GET", "https://[::1]/v1"), target) == [(b"Host", b"[::1]")]


@pytest.mark.parametrize(
    ("method", "body", "framing"),
    [
        ("GET", None, None),
        ("DELETE", None, None),
        ("POST", None, (b"Content-Length", b"0")),
        ("POST", b"", (b"Content-Length", b"0")),
        ("PUT", b"abc", (b"Content-Length", b"3")),
        ("POST", open_body(iter([b"x"])), (b"Transfer-Encoding", b"chunked")),
        ("POST", open_body(iter([b"x"]), length=7), (b"Content-Length", b"7")),
    ],
)
def test_head_ends_with_the_framing_of_the_body(method: str, body: object, framing: object) -> None:
    target, _ = Targets(DIRECT).split("http://x/")
    lines = header_lines(Request(method, "http://x/", (("A", "ü"),), body), target)  # type: ignore[arg-type]
    assert lines[:2] == [(b"Host", b"x"), (b"A", b"\xfc")]
    assert lines[2:] == ([] if framing is None else [framing])


def test_origins_are_remembered_but_not_without_end() -> None:
    targets = Targets(DIRECT)
    first, _ = targets.split("http://host0/a")
    assert targets.split("http://host0/b")[0] is first
    for number in range(200):
        targets.split(f"http://host{number}/")
    assert len(targets._known) <= 64


def test_repr_of_header_lines_shows_none_of_them() -> None:
    target, _ = Targets(DIRECT).split("http://x/")
    lines = header_lines(Request("GET", "http://x/", (("X-Key", "secret"),)), target)
    assert repr(lines) == "<2 header lines>"
