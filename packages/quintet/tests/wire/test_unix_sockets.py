"""Unix sockets in place of a host and a port."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from quintet.errors import ConfigurationError, ConnectionFailure, TimeoutFailure

from .limits import HUNG_SECONDS
from .peer import Connection, Peer, always, answer, chunked, chunked_head, in_turn
from .worlds import GET, POST, World

Play = Callable[..., Peer]

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets"
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "api.sock")


def client_of(world: World, path: str, url: str = "http://service.test", **options: Any) -> Any:
    engine = world.engine(time.monotonic, unix_socket=path, **options.pop("engine", {}))
    return world.client(url, transport=engine, **options)


async def test_requests_go_to_the_socket_and_name_the_host_of_the_url(
    play: Play, world: World, path: str
) -> None:
    peer = play(always(answer(b"[1]")), path=path)
    client = client_of(world, path, "http://service.test:8080/v1")
    for _ in range(3):
        assert (await world.do(client.request(GET))).json() == [1]
    assert len(peer.connections) == 1
    assert peer.requests[0].header("host") == "service.test:8080"
    assert peer.requests[0].target == "/v1/thing"
    await world.close(client)
    assert await peer.all_gone()


async def test_every_host_has_connections_of_its_own(play: Play, world: World, path: str) -> None:
    peer = play(always(answer()), path=path)
    engine = world.engine(time.monotonic, unix_socket=path)
    for name in ("one.test", "two.test"):
        await world.do(world.client(f"http://{name}", transport=engine).request(GET))
    assert [request.header("host") for request in peer.requests] == ["one.test", "two.test"]
    assert len(peer.connections) == 2


async def test_large_bodies_pass_both_ways(play: Play, world: World, path: str) -> None:
    sent = bytes(range(256)) * 8000
    peer = play(always(chunked_head() + chunked(sent, sent)), path=path)
    response = await world.do(client_of(world, path).request(POST, body=sent))
    assert response.body == sent * 2
    assert peer.requests[0].body == sent


async def test_secure_connection_checks_the_name_of_the_url(
    play: Play, world: World, path: str, tmp_path: Path
) -> None:
    import ssl

    authority = trustme.CA()
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("service.test").configure_cert(context)
    play(always(answer(b"[1]")), path=path, tls=context)
    client = client_of(world, path, "https://service.test", engine={"verify": str(trusted)})
    assert (await world.do(client.request(GET))).json() == [1]
    other = client_of(world, path, "https://other.test", engine={"verify": str(trusted)})
    with pytest.raises(ConnectionFailure, match="not trusted"):
        await world.do(other.request(GET))


async def test_connection_closed_while_idle_is_not_used_again(
    play: Play, world: World, path: str
) -> None:
    def one_shot(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer())

    peer = play(one_shot, path=path)
    client = client_of(world, path)
    for _ in range(3):
        await world.do(client.request(POST))
        assert await peer.all_gone()
    assert len(peer.connections) == 3


async def test_server_that_breaks_off_is_told_from_one_that_is_not_there(
    play: Play, world: World, path: str
) -> None:
    client = client_of(world, path)
    with pytest.raises(ConnectionFailure, match=r"api\.sock") as caught:
        await world.do(client.request(POST))
    assert caught.value.progress == 0
    play(in_turn(lambda connection: connection.read_request() and None), path=path)
    with pytest.raises(ConnectionFailure) as caught:
        await world.do(client.request(POST))
    assert caught.value.progress == 1


async def test_file_that_is_no_socket_is_a_failure_with_nothing_sent(
    world: World, tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    with pytest.raises(ConnectionFailure) as caught:
        await world.do(client_of(world, str(plain)).request(POST))
    assert caught.value.progress == 0


async def test_socket_whose_queue_is_full_is_waited_for_within_the_limit(
    world: World, path: str
) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        waiting = []
        while True:
            sock = socket.socket(socket.AF_UNIX)
            sock.setblocking(False)
            waiting.append(sock)
            if sock.connect_ex(path):
                break
        try:
            began = time.monotonic()
            with pytest.raises(TimeoutFailure) as caught:
                await world.do(client_of(world, path, timeout=0.25).request(POST))
            assert 0.2 <= time.monotonic() - began < HUNG_SECONDS
            assert (caught.value.phase, caught.value.progress) == ("connect", 0)

            def serve() -> None:
                # Whoever was in the queue, and in the end the request.
                while True:
                    accepted, _ = listener.accept()
                    with accepted:
                        if accepted.recv(65536):
                            accepted.sendall(answer(b"[1]"))
                            return

            for sock in waiting:
                sock.close()
            thread = threading.Thread(target=serve)
            thread.start()
            assert (await world.do(client_of(world, path).request(GET))).json() == [1]
            thread.join(HUNG_SECONDS)
        finally:
            for sock in waiting:
                sock.close()


async def test_socket_excludes_proxies(world: World, path: str) -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        world.engine(time.monotonic, unix_socket=path, proxies={"all": "http://proxy.test:1"})
