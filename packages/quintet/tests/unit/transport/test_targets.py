"""Where a request goes, and how its head begins."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from quintet import open_body
from quintet.core.request import Request
from quintet.errors import ConfigurationError
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


def test_unix_socket_takes_every_request_and_keeps_the_host(tmp_path: Path) -> None:
    targets = Targets(None, tmp_path / "server.sock")
    target, path = targets.split("http://api.example/v1")
    assert target.unix_socket == str(tmp_path / "server.sock")
    assert (target.host_line, target.proxy, path) == ((b"Host", b"api.example"), None, b"/v1")
    assert targets.split("https://other.example/")[0].unix_socket == target.unix_socket


def test_unix_socket_and_proxies_exclude_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        Targets("http://p:1", "/run/server.sock")
    Targets(DIRECT, "/run/server.sock")
    # The environment's are for other clients.
    monkeypatch.setenv("all_proxy", "http://p:1")
    assert Targets(None, "/run/server.sock").split("http://x/")[0].proxy is None


def test_system_without_unix_sockets_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    with pytest.raises(ConfigurationError, match="no Unix sockets"):
        Targets(None, "/run/server.sock")


@pytest.mark.parametrize(
    ("proxies", "unix_socket", "url", "place"),
    [
        (DIRECT, None, "http://api.example/", "api.example:80"),
        (DIRECT, None, "https://[::1]/", "[::1]:443"),
        ("http://us:pw@p:3128", None, "https://api.example/", "the proxy p:3128"),
        (None, "/run/s", "https://api.example/", "/run/s"),
    ],
)
def test_place_is_what_is_connected_to(
    proxies: Any, unix_socket: str | None, url: str, place: str
) -> None:
    assert Targets(proxies, unix_socket).split(url)[0].place == place


def test_repr_of_a_target_shows_no_credential() -> None:
    target, _ = Targets("http://us:pw@p:3128").split("http://api.example/")
    assert repr(target) == "Target('http://api.example', through a proxy: True)"


def test_proxy_is_chosen_by_the_port_as_well() -> None:
    targets = Targets({"all": "http://p:1", "no": "api.example:8080"})
    assert targets.split("http://api.example:8080/")[0].proxy is None
    assert targets.split("http://api.example/")[0].proxy == ("p", 1)


def test_origin_is_the_same_however_it_is_written() -> None:
    targets = Targets(Proxies({}))
    written = ("https://API.example", "HTTPS://api.example:443", "https://api.example:")
    assert {targets.split(f"{base}/a")[0].base for base in written} == {"https://api.example"}
