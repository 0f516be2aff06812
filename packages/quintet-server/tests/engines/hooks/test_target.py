"""The guard on targets: hostile forms of addresses, and names that change their mind."""

from __future__ import annotations

import asyncio
import ssl

import httpcore
import httpx
import pytest
import trustme

from quintet_server.engines.hooks.target import (
    GuardedBackend,
    TargetRefused,
    check_url,
    guarded_client,
    is_public,
)

PRIVATE = """
127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1
100.64.0.1 100.127.255.254 169.254.169.254 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.7
203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 192.88.99.1
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:0
fe80::1 fe80::1%eth0 fc00::1 fd12:3456::1 ff02::1 2001:db8::1 100::1 fec0::1
64:ff9b::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::7f00:1 64:ff9b:1::808:808
2002:7f00:1:: 2002:a00:1:: 2001:0:7f00:1:0:0:0:0 1.2.3 nonsense
"""
PUBLIC = """
1.1.1.1 8.8.8.8 93.184.216.34 2606:4700:4700::1111 2a00:1450:4001:831::200e
::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1
"""

LOCAL_URLS = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://api.localhost:8080/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/",
    "http://10.0.0.8:5432/",
    "https://192.168.0.1/",
]


@pytest.mark.parametrize("address", PRIVATE.split())
def test_address_that_is_not_public_is_known_as_such(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_address_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("url", LOCAL_URLS)
def test_local_url_is_refused_when_stored(url):
    with pytest.raises(TargetRefused):
        check_url(url)
    check_url(url, allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//example.com/",
        "example.com",
        "",
        "http://",
        "http:///path",
        "https://user:secret@example.com/",
        "https://user@example.com/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:port/",
        "http://exa mple.com/",
        "http://example.com/\r\nx: y",
        "http://example.com/\x00",
        "http://[::1/",
        "http://0177.0.0.1/",
        "http://xn--/",
        "http://xn--zzzzzz99999.example/",
        "http://" + "a" * 3000 + ".com/",
    ],
)
def test_url_that_could_never_be_called_is_refused_always(url):
    for allow_private in (False, True):
        with pytest.raises(TargetRefused):
            check_url(url, allow_private=allow_private)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com:8443/a?b=c",
        "https://bücher.example/",
        "http://8.8.8.8/",
    ],
)
def test_ordinary_url_is_accepted(url):
    check_url(url)


def test_refusal_never_repeats_credentials():
    with pytest.raises(TargetRefused) as refusal:
        check_url("https://user:hunter2@example.com/")
    assert "hunter2" not in str(refusal.value)


class Resolver:
    """Answers in turn, as a hostile name server does; counts."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host, port):
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("url", [*LOCAL_URLS[:12], "http://evil.example/"])
async def test_connection_to_a_private_address_is_never_opened(url, receiver):
    """What reaches the backend is refused there too, whatever check_url said."""
    resolver = None if "evil" not in url else Resolver(["127.0.0.1"])
    options = {} if resolver is None else {"resolver": resolver}
    parsed = httpx.URL(url).copy_with(port=receiver.port)
    async with guarded_client(**options) as client:
        with pytest.raises((TargetRefused, httpx.ConnectError)):
            await client.get(parsed)
    assert receiver.requests == []


async def test_mixed_answers_are_refused_as_a_whole(receiver):
    resolver = Resolver(["8.8.8.8", "127.0.0.1"])
    async with guarded_client(resolver=resolver) as client:
        with pytest.raises(TargetRefused):
            await client.get(f"http://evil.example:{receiver.port}/")


async def test_name_that_changes_between_look_and_connection_gains_nothing(receiver, monkeypatch):
    """The address that was looked at is the one connected to: the name is resolved once."""
    resolver = Resolver(["203.0.113.5"], ["127.0.0.1"])
    monkeypatch.setattr(
        "quintet_server.engines.hooks.target.is_public", lambda ip: ip != "127.0.0.1"
    )
    connected = []

    async def connect_tcp(self, host, port, *rest):
        connected.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect_tcp)
    async with guarded_client(resolver=resolver) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://evil.example:{receiver.port}/")
    assert connected == ["203.0.113.5"]
    assert resolver.asked == 1


async def test_redirect_to_a_private_address_is_not_followed(receiver):
    receiver.answers = [receiver.answer(302, location="http://127.0.0.1:1/secret")]
    async with guarded_client(allow_private=True) as client:
        reply = await client.post(receiver.url)
    assert reply.status_code == 302
    assert len(receiver.requests) == 1


async def test_next_address_is_tried_when_one_does_not_answer(receiver):
    resolver = Resolver(["127.0.0.2", "127.0.0.1"])  # the receiver listens on .1 only
    async with guarded_client(allow_private=True, resolver=resolver) as client:
        reply = await client.post(f"http://two.example:{receiver.port}/")
    assert reply.status_code == 204
    assert receiver.requests[0].headers["host"] == f"two.example:{receiver.port}"


@pytest.mark.parametrize("failure", [OSError("no such host"), UnicodeError("label too long")])
async def test_name_that_does_not_resolve_is_a_connection_error(failure):
    async with guarded_client(resolver=Resolver(failure)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nowhere.example/")


async def test_name_without_addresses_is_a_connection_error():
    async with guarded_client(resolver=Resolver([])) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://empty.example/")


async def test_slow_resolver_counts_against_the_timeout():
    async def never(host, port):
        await asyncio.Event().wait()

    async with guarded_client(resolver=never, timeout_seconds=0.05) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get("http://slow.example/")


async def test_unix_sockets_are_no_targets():
    with pytest.raises(TargetRefused):
        await GuardedBackend(allow_private=True).connect_unix_socket("/tmp/x")


async def test_environment_proxies_and_netrc_play_no_part(receiver, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with guarded_client(allow_private=True) as client:
        assert (await client.get(receiver.url)).status_code == 204
    assert "authorization" not in receiver.requests[0].headers


async def test_tls_is_verified_against_the_name_though_the_address_is_dialled():
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(served)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=served)
    port = server.sockets[0].getsockname()[1]
    options = {"allow_private": True, "resolver": Resolver(["127.0.0.1"]), "verify": trusted}
    async with guarded_client(**options) as client:
        assert (await client.get(f"https://hooks.example:{port}/")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await client.get(f"https://other.example:{port}/")
    server.close()
    await server.wait_closed()


class TestWithoutPermission:
    @pytest.fixture
    def allow_private(self):
        return False

    async def test_delivery_to_a_name_that_became_private_fails_for_good(
        self, hook_bench, receiver, monkeypatch
    ):
        subscription = await hook_bench.subscribe(url="http://hooks.example/")
        backend = hook_bench.hooks._client._transport._pool._network_backend
        backend._resolver = Resolver(["127.0.0.1"])
        await hook_bench.announce()
        delivery = await hook_bench.settled(subscription)
        assert delivery.state == "failed"
        assert "not a public address" in delivery.attempts[0].error
        assert len(delivery.attempts) == 1
        assert receiver.requests == []

    async def test_subscription_to_a_private_address_is_refused(self, hook_bench, receiver):
        with pytest.raises(TargetRefused):
            await hook_bench.subscribe()
