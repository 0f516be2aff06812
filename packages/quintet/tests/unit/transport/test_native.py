"""The native engine with a configuration of one's own: what is wrong is said at once."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from quintet import (
    ApiClient,
    AsyncApiClient,
    AsyncNativeTransport,
    ClientOptions,
    ConnectionLimits,
    NativeTransport,
    Operation,
    RetryClass,
    RetryPolicy,
    Service,
)
from quintet.core.request import Request
from quintet.errors import ClientClosedError, ConfigurationError, ConnectionFailure
from quintet.transport.environment import Proxies

KINDS = [NativeTransport, AsyncNativeTransport]
NOWHERE = Request("GET", "http://127.0.0.1:9/")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"verify": 5}, "verify must be the path of a file, not int"),
        ({"cert": ("a",)}, r"\(cert, key, password\)"),
        ({"cert": ("a", 5)}, "the key of cert must be the path"),
        ({"cert": ("a", "b", 5)}, "the password of cert"),
        ({"ssl_context": "x"}, "ssl_context must be an ssl.SSLContext"),
        ({"ssl_context": ssl.create_default_context(), "verify": False}, "not both"),
        ({"ssl_context": ssl.create_default_context(), "cert": "a.pem"}, "not both"),
        ({"proxies": "socks5://p:1"}, 'transport="httpx"'),
        ({"proxies": {"ftp": "http://p:1"}}, "'ftp'"),
        ({"proxies": 5}, "not int"),
        ({"proxies": {"no": "127.*"}}, "covers nothing"),
        ({"verify": ""}, "verify is empty"),
        ({"verify": ssl.create_default_context()}, "ssl_context="),
        ({"proxies": "http://p:1", "unix_socket": "/tmp/x"}, "proxies or unix_socket, not both"),
        ({"unix_socket": 5}, "unix_socket must be the path"),
        ({"unix_socket": ""}, "unix_socket must be the path"),
        ({"limits": 5}, "ConnectionLimits"),
        ({"http2": True}, r"http_client=httpx.Client\(http2=True\)"),
        ({"cookies": {"a": "b"}}, r"http_client=httpx.Client\(cookies="),
    ],
)
def test_option_that_cannot_be_is_refused_when_it_is_given(
    kind: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        kind(**options)


def test_password_of_a_proxy_is_in_no_error() -> None:
    with pytest.raises(ConfigurationError) as caught:
        NativeTransport(proxies={"http": "socks5://us:hunter2@p:1"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_everything_reaches_the_engine(kind: Any, tmp_path: Path) -> None:
    limits = ConnectionLimits(max_connections=3)
    transport = kind(
        verify=tmp_path, cert=("c.pem", "k.pem"), unix_socket=tmp_path / "s", limits=limits
    )
    engine = transport._made()
    target, _ = engine._targets.split("http://api.example/v1")
    assert target.unix_socket == str(tmp_path / "s")
    assert engine._limits == limits
    assert engine._trust._verify == str(tmp_path)
    if kind is NativeTransport:
        transport.close()
    else:
        transport.abandon()


def test_proxies_are_the_callers_and_without_them_the_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://environment:1")
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    cases: list[tuple[Any, Any]] = [
        (None, ("environment", 1)),
        ("http://mine:2", ("mine", 2)),
        ({}, None),
        (Proxies(), None),
    ]
    for proxies, expected in cases:
        transport = NativeTransport(proxies=proxies)
        engine: Any = transport._made()
        assert engine._targets.split("http://api.example/")[0].proxy == expected
        transport.close()


async def test_requests_go_out_until_it_is_closed() -> None:
    transport = NativeTransport(proxies={}, now=time.monotonic)
    with pytest.raises(ConnectionFailure):
        transport.send(NOWHERE, None, None)
    transport.close()
    with pytest.raises(ClientClosedError):
        transport.send(NOWHERE, None, None)
    awaited = AsyncNativeTransport(proxies={})
    with pytest.raises(ConnectionFailure):
        await awaited.send(NOWHERE, None, None)
    await awaited.close()
    with pytest.raises(ClientClosedError):
        await awaited.send(NOWHERE, None, None)


def test_making_one_loads_neither_engine() -> None:
    script = (
        "import sys, quintet; quintet.NativeTransport(proxies={}); quintet.AsyncNativeTransport(); "
        "assert not {'asyncio', 'httptools', 'httpx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_repr_shows_what_was_set_and_no_secret() -> None:
    assert repr(NativeTransport()) == "NativeTransport()"
    shown = repr(
        AsyncNativeTransport(
            verify="ca.pem",
            cert=("c.pem", "k.pem", "hunter2"),
            proxies={"all": "http://us:hunter2@p:1", "http": None},
            limits=ConnectionLimits(max_connections=3),
        )
    )
    assert shown.startswith("AsyncNativeTransport(verify='ca.pem', cert=('c.pem', 'k.pem'), ")
    assert "http://***@p:1" in shown
    assert "max_connections=3" in shown
    assert "hunter2" not in shown


async def test_with_statement_closes_it() -> None:
    with NativeTransport(proxies={}) as transport:
        pass
    with pytest.raises(ClientClosedError, match="the transport was closed"):
        transport.send(NOWHERE, None, None)
    async with AsyncNativeTransport(proxies={}) as awaited:
        with pytest.raises(ConnectionFailure):
            await awaited.send(NOWHERE, None, None)
    with pytest.raises(ClientClosedError, match="the transport was closed"):
        await awaited.send(NOWHERE, None, None)


async def test_transport_that_another_client_closed_is_said_to_be_closed() -> None:
    service = Service(name="demo", user_agent="demo/1")
    options = ClientOptions(base_url="http://127.0.0.1:9", retry=RetryPolicy(max_retries=0))
    get = Operation("things.get", "GET", "/", RetryClass.SAFE)
    shared = NativeTransport(proxies={})
    first = ApiClient(service, options, tuple, transport=shared)
    second = ApiClient(service, options, tuple, transport=shared)
    with pytest.raises(ConnectionFailure):
        second.request(get)
    first.close()
    with pytest.raises(ClientClosedError, match=r"the transport was closed.*each client"):
        second.request(get)
    second.close()
    ashared = AsyncNativeTransport(proxies={})
    afirst = AsyncApiClient(service, options, tuple, transport=ashared)
    asecond = AsyncApiClient(service, options, tuple, transport=ashared)
    await afirst.aclose()
    with pytest.raises(ClientClosedError, match=r"the transport was closed.*each client"):
        await asecond.request(get)
    ashared.abandon()
    await asecond.aclose()
