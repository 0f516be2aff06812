"""TLS: trusted, untrusted, and the wrong name."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from quintet.errors import ConfigurationError, ConnectionFailure, TimeoutFailure
from quintet.transport.trust import tls_context
from tests.support.loopback import HOST

from .peer import Connection, Peer, always, answer
from .worlds import GET, POST, World

Play = Callable[..., Peer]


class Authority:
    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.file = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.file)

    def server(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def client_of(world: World, url: str, verify: str | bool = True, **options: object) -> object:
    return world.client(url, transport=world.engine(time.monotonic, verify=verify), **options)


async def test_trusted_server_is_reached_and_its_connection_kept(
    play: Play, world: World, authority: Authority
) -> None:
    peer = play(always(answer(b"[1]")), tls=authority.server(HOST))
    client = client_of(world, peer.url, authority.file)
    for _ in range(3):
        assert (await world.do(client.request(GET))).json() == [1]  # type: ignore[attr-defined]
    assert len(peer.connections) == 1
    await world.close(client)
    assert await peer.all_gone()


@pytest.mark.parametrize("operation", [GET, POST])
async def test_untrusted_server_is_refused_once_with_a_clear_message(
    play: Play, world: World, authority: Authority, operation: object
) -> None:
    peer = play(always(answer()), tls=authority.server(HOST))
    client = client_of(world, peer.url, max_retries=5)
    with pytest.raises(ConnectionFailure, match="certificate is not trusted") as caught:
        await world.do(client.request(operation))  # type: ignore[attr-defined]
    assert caught.value.attempts == 1
    assert caught.value.progress == 0
    assert not caught.value.repeatable
    assert peer.requests == []


async def test_server_with_another_name_is_refused(
    play: Play, world: World, authority: Authority
) -> None:
    peer = play(always(answer()), tls=authority.server("somewhere.example"))
    client = client_of(world, peer.url, authority.file, max_retries=5)
    with pytest.raises(
        ConnectionFailure, match=rf"not trusted.*{re.escape(HOST)}.*other names"
    ) as caught:
        await world.do(client.request(GET))  # type: ignore[attr-defined]
    assert caught.value.attempts == 1


async def test_server_that_wants_a_client_certificate_says_so_in_both_worlds(
    play: Play, world: World, authority: Authority
) -> None:
    context = authority.server(HOST)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)

    def alert(connection: Connection) -> None:
        # A server that closes at once may have its alert overtaken by a reset.
        heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
        secure = context.wrap_bio(heard, said, server_side=True)
        refused = False
        while data := connection.recv():
            if refused:
                continue
            heard.write(data)
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                refused = True
            connection.send(said.read())

    client = client_of(world, f"https://{HOST}:{play(alert).port}", authority.file)
    with pytest.raises(
        ConnectionFailure, match=r"REQUIRED\): the server wants a client certificate, see cert="
    ):
        await world.do(client.request(GET))  # type: ignore[attr-defined]


async def test_verification_that_is_switched_off_accepts_any_server(
    play: Play, world: World, authority: Authority
) -> None:
    peer = play(always(answer()), tls=authority.server("somewhere.example"))
    client = client_of(world, peer.url, False)
    assert (await world.do(client.request(GET))).status == 200  # type: ignore[attr-defined]


async def test_server_without_tls_is_refused_once(play: Play, world: World) -> None:
    def plain(connection: Connection) -> None:
        connection.recv()
        connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    peer = play(plain)
    client = client_of(world, f"https://{HOST}:{peer.port}", max_retries=5)
    with pytest.raises(ConnectionFailure, match="TLS") as caught:
        await world.do(client.request(GET))  # type: ignore[attr-defined]
    assert caught.value.attempts == 1


async def test_handshake_that_does_not_come_ends_at_the_timeout(play: Play, world: World) -> None:
    peer = play(lambda connection: connection.hold())
    client = client_of(world, f"https://{HOST}:{peer.port}", timeout=0.25)
    with pytest.raises(TimeoutFailure) as caught:
        await world.do(client.request(POST))  # type: ignore[attr-defined]
    assert caught.value.phase == "connect"
    assert caught.value.progress == 0
    assert await peer.all_gone()


async def test_stream_over_tls_can_be_closed_half_read(
    play: Play, world: World, authority: Authority
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        connection.hold()

    peer = play(script, tls=authority.server(HOST))
    client = client_of(world, peer.url, authority.file)
    stream = client.download(GET)  # type: ignore[attr-defined]
    assert await world.next(stream) == b"abc"
    await world.close(stream)
    assert await peer.all_gone()


@pytest.mark.parametrize("offered", [["h2"], ["h2", "http/1.1"], ["http/1.1"], []])
async def test_context_that_offers_http2_is_refused_where_the_server_takes_it(
    play: Play, world: World, authority: Authority, offered: list[str]
) -> None:
    server = authority.server(HOST)
    server.set_alpn_protocols(["h2", "http/1.1"])
    peer = play(always(answer(b"[1]")), tls=server)
    mine = ssl.create_default_context(cafile=authority.file)
    if offered:
        mine.set_alpn_protocols(offered)
    client = world.client(peer.url, transport=world.engine(time.monotonic, ssl_context=mine))
    if "h2" not in offered:
        assert (await world.do(client.request(GET))).json() == [1]
        return
    with pytest.raises(ConfigurationError, match=r"http2=True"):
        await world.do(client.request(GET))
    assert peer.requests == []
    assert await peer.all_gone()


def test_context_is_made_once_per_configuration(authority: Authority) -> None:
    assert tls_context(authority.file) is tls_context(authority.file)
    assert tls_context(authority.file) is not tls_context(False)
    assert tls_context(True) is tls_context(True)


def test_trust_store_of_the_environment_counts(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    subjects = [str(entry["subject"]) for entry in tls_context().get_ca_certs()]
    assert any("trustme" in subject for subject in subjects)


def test_ca_file_that_does_not_exist_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="TLS files"):
        tls_context("/no/such/file.pem")


def test_client_certificate_is_shown(play: Play, authority: Authority, tmp_path: Path) -> None:
    context = authority.server(HOST)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    mine = tmp_path / "mine.pem"
    authority.ca.issue_cert("me@example.org").private_key_and_cert_chain_pem.write_to_path(mine)
    peer = play(always(answer()), tls=context)
    world = World(blocking=True)
    engine = world.engine(time.monotonic, verify=authority.file, cert=str(mine))
    assert world.client(peer.url, transport=engine).request(GET).status == 200
    engine.close()
