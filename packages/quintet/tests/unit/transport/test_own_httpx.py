"""httpx by name: our rules on its pools, and an end to everything it opened."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConfigurationError, ConnectionFailure
from quintet.transport.own_httpx import AsyncOwnHttpxTransport, OwnHttpxTransport


class Server(ThreadingHTTPServer):
    """Answers everything, and remembers who asked for what, on which connection."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str], int]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers), self.client_address[1]))
        self.send_response(302 if self.path.endswith("/moved") else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Set-Cookie", "a=b; Path=/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def get(transport: OwnHttpxTransport, url: str) -> int:
    exchange = transport.send(Request("GET", url), None, None)
    while exchange.read(None, None):
        pass
    exchange.close()
    return exchange.status


async def aget(transport: AsyncOwnHttpxTransport, url: str) -> int:
    exchange = await transport.send(Request("GET", url), None, None)
    while await exchange.read(None, None):
        pass
    await exchange.close()
    return exchange.status


def test_connections_are_kept_and_cookies_are_not(server: Server) -> None:
    transport = OwnHttpxTransport(time.monotonic, "app.py:7")
    assert [get(transport, server.url) for _ in range(3)] == [200] * 3
    assert len({port for _, _, port in server.seen}) == 1
    assert not any("cookie" in str(headers).lower() for _, headers, _ in server.seen)
    transport.close()
    transport.close()
    with pytest.raises(ClientClosedError):
        get(transport, server.url)


def test_redirects_are_handed_back(server: Server) -> None:
    transport = OwnHttpxTransport(time.monotonic, "app.py:7")
    assert get(transport, f"{server.url}/moved") == 302
    assert len(server.seen) == 1
    transport.close()


def test_netrc_is_not_read(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    transport = OwnHttpxTransport(time.monotonic, "app.py:7")
    get(transport, server.url)
    assert "Authorization" not in server.seen[0][1]
    transport.close()


def test_proxies_are_chosen_as_by_our_engine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{server.server_port}")  # without its http://
    monkeypatch.setenv("no_proxy", "127.0.0.0/8")
    transport = OwnHttpxTransport(time.monotonic, "app.py:7")
    assert get(transport, "http://api.example/a") == 200
    assert get(transport, f"{server.url}/b") == 200
    assert [path for path, _, _ in server.seen] == ["http://api.example/a", "/b"]
    transport.close()


@pytest.mark.parametrize("proxy", ["socks5://us:hunter2@p:1", "nonsense://us:hunter2@p"])
async def test_proxy_that_httpx_cannot_use_is_said_without_its_url(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    transport = OwnHttpxTransport(time.monotonic, "app.py:7")
    awaited = AsyncOwnHttpxTransport(time.monotonic, "app.py:7")
    with pytest.raises(ConfigurationError, match=r"httpx\[socks\]") as caught:
        get(transport, "http://api.example")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"httpx\[socks\]"):
        await aget(awaited, "http://api.example")
    transport.close()
    await awaited.close()


def test_transport_that_is_dropped_closes_its_connections(server: Server) -> None:
    transport = OwnHttpxTransport(time.monotonic, "app.py:7")
    get(transport, server.url)
    client = transport._client
    held = [transport]
    del transport
    with pytest.warns(ResourceWarning, match=r"client on httpx, made at app.py:7"):
        held.clear()
    assert client.is_closed


async def test_asyncio_transport_that_is_dropped_closes_its_connections(server: Server) -> None:
    transport = AsyncOwnHttpxTransport(time.monotonic, "app.py:7")
    await aget(transport, server.url)
    [there] = transport._loops.values()
    held = [transport]
    del transport
    with pytest.warns(ResourceWarning, match=r"asyncio client on httpx, made at app.py:7"):
        held.clear()
    while not there.client.is_closed:
        await asyncio.sleep(0)


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port that refuses connections: it is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("way", ["direct", "http", "https"])
async def test_place_that_takes_no_connection_is_named_with_the_reason(
    way: str, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, place = f"http://127.0.0.1:{nobody}", f"127.0.0.1:{nobody}"
    if way != "direct":
        monkeypatch.setenv(f"{way}_proxy", f"http://user:password@{place}")
        url, place = f"{way}://api.example/x", f"the proxy {place}"
    blocking = OwnHttpxTransport(time.monotonic, "app.py:7")
    awaited = AsyncOwnHttpxTransport(time.monotonic, "app.py:7")
    with pytest.raises(ConnectionFailure) as one:
        get(blocking, url)
    with pytest.raises(ConnectionFailure) as other:
        await aget(awaited, url)
    blocking.close()
    await awaited.close()
    reason = f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    assert str(one.value) == str(other.value) == f"could not connect to {place}: {reason}"


async def test_transport_that_never_connected_is_dropped_in_silence(nobody: int) -> None:
    blocking = OwnHttpxTransport(time.monotonic, "app.py:7")
    awaited = AsyncOwnHttpxTransport(time.monotonic, "app.py:7")
    with pytest.raises(ConnectionFailure):
        get(blocking, f"http://127.0.0.1:{nobody}")
    with pytest.raises(ConnectionFailure):
        await aget(awaited, f"http://127.0.0.1:{nobody}")
    [there] = awaited._loops.values()
    del blocking, awaited
    gc.collect()
    while not there.client.is_closed:
        await asyncio.sleep(0)


def test_transport_that_was_not_used_is_dropped_in_silence() -> None:
    transport = OwnHttpxTransport(time.monotonic, "app.py:7")
    del transport
    gc.collect()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_forked_child_makes_connections_of_its_own(server: Server) -> None:
    transport = OwnHttpxTransport(time.monotonic, "app.py:7")
    get(transport, server.url)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if get(transport, f"{server.url}/child") == 200 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    get(transport, server.url)
    ports = {path: port for path, _, port in server.seen}
    assert ports["/child"] != ports["/"]
    transport.close()


def test_one_asyncio_transport_serves_several_loops_in_turn(server: Server) -> None:
    transport = AsyncOwnHttpxTransport(time.monotonic, "app.py:7")
    for _ in range(2):
        assert asyncio.run(aget(transport, server.url)) == 200
    assert len({port for _, _, port in server.seen}) == 2
    assert len(transport._loops) == 1  # the loop that ended first is forgotten
    transport.abandon()
    with pytest.raises(ClientClosedError):
        asyncio.run(aget(transport, server.url))


async def test_asyncio_transport_closes_what_it_opened(server: Server) -> None:
    transport = AsyncOwnHttpxTransport(time.monotonic, "app.py:7")
    assert [await aget(transport, server.url) for _ in range(2)] == [200, 200]
    assert not any("cookie" in str(headers).lower() for _, headers, _ in server.seen)
    [there] = transport._loops.values()
    await transport.close()
    assert there.client.is_closed
    with pytest.raises(ClientClosedError):
        await aget(transport, server.url)


async def test_asyncio_transport_closes_what_another_loop_opened(server: Server) -> None:
    transport = AsyncOwnHttpxTransport(time.monotonic, "app.py:7")
    ready, done = threading.Event(), threading.Event()
    closed: list[bool] = []

    async def elsewhere() -> None:
        await aget(transport, server.url)
        [there] = transport._loops.values()
        ready.set()
        while not there.client.is_closed:
            await asyncio.sleep(0)
        closed.append(True)
        done.set()

    thread = threading.Thread(target=asyncio.run, args=(elsewhere(),))
    thread.start()
    await asyncio.to_thread(ready.wait, 60)
    await transport.close()
    await asyncio.to_thread(done.wait, 60)
    thread.join()
    assert closed == [True]


def test_pools_have_the_bounds_of_our_engine() -> None:
    transport = OwnHttpxTransport(time.monotonic, "app.py:7")
    routes: Any = transport._client._transport
    assert isinstance(routes, httpx.BaseTransport)
    assert transport._client.follow_redirects is False
    assert transport._client.trust_env is False
    transport.close()


class _Silent(threading.Thread):
    """A server that takes requests and never answers."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.asked = threading.Event()
        self.over = threading.Event()
        self.start()

    def run(self) -> None:
        with self._listener, self._listener.accept()[0] as sock:
            sock.recv(1000)
            self.asked.set()
            self.over.wait(60)


def test_request_that_runs_while_it_is_closed_is_told_of_the_client() -> None:
    silent = _Silent()
    transport = OwnHttpxTransport(time.monotonic, "here")
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            get(transport, silent.url)
        except BaseException as failure:
            failures.append(failure)

    asking = threading.Thread(target=ask)
    asking.start()
    assert silent.asked.wait(60)
    transport.close()
    silent.over.set()
    asking.join(60)
    assert isinstance(failures[0], ClientClosedError)
    assert str(failures[0]) == "the client was closed while the request was under way"


async def test_request_that_runs_while_it_is_closed_is_told_of_the_client_on_asyncio() -> None:
    silent = _Silent()
    transport = AsyncOwnHttpxTransport(time.monotonic, "here")
    asking = asyncio.create_task(aget(transport, silent.url))
    await asyncio.to_thread(silent.asked.wait, 10)
    await transport.close()
    silent.over.set()
    with pytest.raises(ClientClosedError, match="the client was closed while"):
        await asking
