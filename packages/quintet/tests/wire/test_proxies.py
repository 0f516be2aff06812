"""Proxies of the environment, and what else of it plays no part."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from quintet.errors import ConfigurationError, ConnectionFailure
from quintet.transport.environment import Proxies
from tests.support.loopback import HOST

from .peer import Connection, Gone, Peer, always, answer
from .test_tls import Authority
from .worlds import GET, KEY, POST, World

Play = Callable[..., Peer]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def tunnel(connection: Connection) -> None:
    """Play a proxy: answer CONNECT, then pass bytes both ways."""
    request = connection.read_request()
    assert request.method == "CONNECT"
    host, _, port = request.target.partition(":")
    with socket.create_connection((host, int(port))) as far:
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")

        def back() -> None:
            with contextlib.suppress(OSError, Gone):
                while data := far.recv(65536):
                    connection.send(data)
            connection.close()

        thread = threading.Thread(target=back, daemon=True)
        thread.start()
        with contextlib.suppress(OSError, Gone):
            while True:
                far.sendall(connection.recv())
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)
        thread.join(60)


async def test_http_request_goes_through_the_proxy_of_the_environment(
    play: Play, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = play(always(answer(b'"by proxy"')))
    monkeypatch.setenv("HTTP_PROXY", f"http://user:p%40ss@{HOST}:{proxy.port}")
    client = world.client("http://api.example:8080/v1")
    assert (await world.do(client.request(GET))).json() == "by proxy"
    request = proxy.requests[0]
    assert request.target == "http://api.example:8080/v1/thing"
    assert request.header("host") == "api.example:8080"
    assert request.header("proxy-authorization") == "Basic dXNlcjpwQHNz"
    assert request.header("authorization") == f"Bearer {KEY}"


async def test_https_request_goes_through_a_tunnel_that_sees_no_credential(
    play: Play, world: World, authority: Authority
) -> None:
    peer = play(always(answer(b"[1]")), tls=authority.server(HOST))
    proxy = play(tunnel)
    proxies = Proxies({"https": f"http://user:pass@{HOST}:{proxy.port}"})
    engine = world.engine(time.monotonic, verify=authority.file, proxies=proxies)
    client = world.client(peer.url, transport=engine)
    for _ in range(3):
        assert (await world.do(client.request(GET))).json() == [1]
    assert len(proxy.connections) == len(peer.connections) == 1
    assert proxy.requests[0].target == f"{HOST}:{peer.port}"
    assert proxy.requests[0].header("proxy-authorization") == "Basic dXNlcjpwYXNz"
    assert KEY.encode() not in proxy.requests[0].raw_head
    assert peer.requests[0].header("proxy-authorization") is None
    await world.close(client)


@pytest.mark.parametrize(
    "script",
    [
        always(answer(b"no", "502 Bad Gateway")),
        always(answer(b"no", "429 Too Many Requests")),
        lambda connection: connection.read_head(),
        lambda connection: connection.close(),
    ],
)
async def test_proxy_that_does_not_connect_means_that_nothing_was_sent(
    play: Play, world: World, script: Callable[[Connection], None]
) -> None:
    proxy = play(script)
    proxies = Proxies({"https": f"http://user:hunter2@{HOST}:{proxy.port}"})
    client = world.client(
        "https://api.example",
        transport=world.engine(time.monotonic, proxies=proxies),
        max_retries=1,
    )
    with pytest.raises(ConnectionFailure) as caught:
        await world.do(client.request(POST))
    assert caught.value.progress == 0
    assert caught.value.attempts == 2
    assert not caught.value.outcome_unknown
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Not the host 407"])
async def test_proxy_that_forbids_is_asked_once(play: Play, world: World, status: str) -> None:
    proxy = play(always(answer(b"no", status)))
    client = world.client(
        "https://api.example",
        transport=world.engine(
            time.monotonic, proxies=Proxies({"https": f"http://u:hunter2@{HOST}:{proxy.port}"})
        ),
        max_retries=3,
    )
    with pytest.raises(ConnectionFailure, match=status) as caught:
        await world.do(client.request(POST))
    assert len(proxy.connections) == 1
    assert ("password" in str(caught.value)) == status.startswith("407")
    assert "hunter2" not in str(caught.value)


async def test_what_a_proxy_says_at_length_is_cut(play: Play, world: World) -> None:
    proxy = play(always(answer(b"", "403 " + "no " * 10_000)))
    proxies = Proxies({"https": f"http://{HOST}:{proxy.port}"})
    client = world.client(
        "https://api.example", transport=world.engine(time.monotonic, proxies=proxies)
    )
    with pytest.raises(ConnectionFailure) as caught:
        await world.do(client.request(POST))
    assert len(str(caught.value)) < 400


async def test_untrusted_server_behind_a_tunnel_is_refused_once(
    play: Play, world: World, authority: Authority
) -> None:
    peer = play(always(answer()), tls=authority.server(HOST))
    proxy = play(tunnel)
    proxies = Proxies({"https": f"http://{HOST}:{proxy.port}"})
    client = world.client(
        peer.url, transport=world.engine(time.monotonic, proxies=proxies), max_retries=3
    )
    with pytest.raises(ConnectionFailure, match="not trusted") as caught:
        await world.do(client.request(POST))
    assert caught.value.progress == 0
    assert caught.value.attempts == 1


@pytest.mark.parametrize(
    "excluded", [HOST, "*", f"localhost,{HOST}"], ids=["its address", "all", "a list"]
)
async def test_no_proxy_goes_directly(
    play: Play, world: World, monkeypatch: pytest.MonkeyPatch, excluded: str
) -> None:
    peer, proxy = play(always(answer())), play(always(answer(b"proxy")))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", excluded)
    assert (await world.do(world.client(peer.url).request(GET))).body == b"{}"
    assert proxy.connections == []


async def test_environment_is_read_once_when_the_engine_is_made(
    play: Play, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = play(always(answer()))
    client = world.client(peer.url)
    await world.do(client.request(GET))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    await world.do(client.request(GET))
    assert len(peer.requests) == 2


@pytest.mark.parametrize(
    ("proxy", "way_out"),
    [
        ("socks5://127.0.0.1:1", "http_client"),
        ("https://p:1", "http_client"),
        ("http://:bad", "must be an http:// URL"),
        ("http://h:x", "must be an http:// URL"),
    ],
)
async def test_proxy_of_another_kind_is_a_configuration_error_without_its_url(
    world: World, monkeypatch: pytest.MonkeyPatch, proxy: str, way_out: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.replace("//", "//user:hunter2@"))
    with pytest.raises(ConfigurationError, match=way_out) as caught:
        await world.do(world.client("http://api.example").request(GET))
    assert "hunter2" not in str(caught.value)


async def test_netrc_and_cookies_play_no_part(
    play: Play, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text(f"machine {HOST} login someone password hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    peer = play(always(answer(b"{}", "200 OK", "Set-Cookie: id=1; Path=/")))
    client = world.client(peer.url, credentials=lambda: ())
    await world.do(client.request(GET))
    await world.do(client.request(GET))
    for request in peer.requests:
        assert request.header("authorization") is None
        assert request.header("cookie") is None


@pytest.mark.parametrize("moment", ["at once", "with its answer", "behind its answer"])
async def test_proxy_that_closes_is_noticed_before_the_timeout(
    play: Play, world: World, moment: str
) -> None:
    def script(connection: Connection) -> None:
        if moment == "at once":
            return
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        if moment == "behind its answer":
            connection.recv()

    proxy = play(script)
    proxies = Proxies({"https": f"http://{HOST}:{proxy.port}"})
    client = world.client(
        "https://api.example", transport=world.engine(time.monotonic, proxies=proxies)
    )
    with pytest.raises(ConnectionFailure) as caught:
        await world.do(client.request(POST))
    assert caught.value.progress == 0
