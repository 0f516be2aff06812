"""Where outgoing requests may go: public addresses only, unless the operator allows others.

A URL says little: `http://2130706433/`, a name that resolves to 127.0.0.1, or one that resolves to
a public address when looked at and to a private one when connected to. So the guard sits where the
connection is made: it resolves the name once, refuses unless every address is public, and connects
to the very address it looked at. Redirects, proxies, cookies and netrc are off.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")
# Not private in every registry's eyes, but of no use as a target: 6to4 relays, benchmarks,
# reserved, documentation, discard, site-local, NAT64 of a local operator.
_NO_TARGETS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "2001:db8::/32",
        "100::/64",
        "fec0::/10",
        "64:ff9b:1::/48",
    )
)


# Who tries a server out on one machine meets this first.
_REMEDY = "; `quintet serve --allow-private-targets` lets calls reach such"


class TargetRefused(Exception):
    """This URL must not be called; the message says why and names no secret."""


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet could reach.

    Addresses that carry an IPv4 address inside (mapped, compatible, 6to4, Teredo, NAT64) are as
    public as that one is.
    """
    try:
        ip: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if "%" in address:  # a zone: link-local by nature
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = list(_inner_ipv4(ip))
        if inner:
            return all(_is_public(one) for one in inner)
    return _is_public(ip)


def _is_public(ip: Address) -> bool:
    return (
        ip.is_global
        and not ip.is_multicast
        and not ip.is_unspecified
        and not ip.is_reserved
        and not ip.is_loopback
        and not ip.is_link_local
        and not any(ip.version == net.version and ip in net for net in _NO_TARGETS)
    )


def _inner_ipv4(ip: ipaddress.IPv6Address) -> Iterable[Address]:
    if ip.ipv4_mapped is not None:
        yield ip.ipv4_mapped
    if ip.sixtofour is not None:
        yield ip.sixtofour
    if ip.teredo is not None:
        yield from ip.teredo
    if ip in _NAT64 or ip in _IPV4_COMPATIBLE:
        yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def check_url(url: str, *, allow_private: bool = False, max_chars: int = 2048) -> None:
    """Refuse a URL that could never be called, before it is stored. Resolves nothing.

    Raises:
        TargetRefused: not http(s), no host, credentials in it, too long, malformed, or an address
            written out that is not public.
    """
    if len(url) > max_chars:
        raise TargetRefused(f"the URL is longer than {max_chars} characters")
    if any(char.isspace() or ord(char) < 32 or ord(char) == 127 for char in url):
        raise TargetRefused("the URL contains spaces or control characters")
    try:
        parsed = httpx.URL(url)
        # Decoded only here, and that fails for an `xn--` name that is none.
        host, port = parsed.host, parsed.port
    except (httpx.InvalidURL, ValueError) as error:
        raise TargetRefused(f"the URL is malformed: {error}") from error
    if parsed.scheme not in ("http", "https"):
        raise TargetRefused("the URL must begin with http:// or https://")
    if not host:
        raise TargetRefused("the URL names no host")
    if parsed.userinfo:
        raise TargetRefused("the URL contains credentials")
    if port is not None and not 1 <= port <= 65535:
        raise TargetRefused("the URL's port is not one from 1 to 65535")
    if not allow_private:
        _check_literal(host)


def _check_literal(host: str) -> None:
    """Refuse written-out addresses, in every form the resolver would take, and local names."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        raise TargetRefused(f"{host} is a local name{_REMEDY}")
    address = _literal(name)
    if address is not None and not is_public(address):
        raise TargetRefused(f"{host} is not a public address{_REMEDY}")


def _literal(host: str) -> str | None:
    """The address a host is if it is one: also `127.1`, `0x7f000001`, `017700000001`."""
    bare = host.strip("[]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(bare)) if bare[:1].isdigit() else None
    except (OSError, UnicodeError, ValueError):
        return None


async def _resolve(host: str, port: int) -> list[str]:
    with contextlib.suppress(ValueError):
        # Needs no thread: those may all be waiting for names whose servers do not answer.
        return [str(ipaddress.ip_address(host))]
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections, to public addresses only."""

    def __init__(self, *, allow_private: bool = False, resolver: Resolver = _resolve) -> None:
        self._allow_private = allow_private
        self._resolver = resolver
        # A type checker sees httpcore's stand-in for an installation without anyio.
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, look at every address, connect to the first that answers.

        Raises:
            TargetRefused: an address is not public. httpcore's errors otherwise.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        addresses = await self._addresses(host, port, timeout)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            left = None if deadline is None else max(0.001, deadline - time.monotonic())
            try:
                return await self._network.connect_tcp(
                    address, port, left, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refused: no URL leads here."""
        raise TargetRefused("local sockets are no targets")

    async def sleep(self, seconds: float) -> None:
        """Used by httpcore between its own connection retries, which are off."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolver(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error
        if not self._allow_private:
            for address in addresses:
                if not is_public(address):
                    message = f"{host} leads to {address}, which is not a public address{_REMEDY}"
                    raise TargetRefused(message)
        return addresses


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport on a guarded backend."""

    def __init__(self, backend: GuardedBackend, *, verify: ssl.SSLContext | bool = True) -> None:
        context = verify if isinstance(verify, ssl.SSLContext) else _tls(verify)
        super().__init__(verify=context, trust_env=False, retries=0)
        # httpx offers no way to pass a backend. Were the pool kept elsewhere one day, the guard
        # would be off and nobody would notice: so that is an error.
        assert isinstance(self._pool, httpcore.AsyncConnectionPool)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=backend,
        )


def _tls(verify: bool) -> ssl.SSLContext:
    return httpx.create_ssl_context(verify=verify, trust_env=False)


def guarded_client(
    *,
    allow_private: bool = False,
    timeout_seconds: float = 10.0,
    resolver: Resolver = _resolve,
    verify: ssl.SSLContext | bool = True,
) -> httpx.AsyncClient:
    """A client whose connections are guarded; follows no redirect, reads no environment."""
    backend = GuardedBackend(allow_private=allow_private, resolver=resolver)
    # One client serves many projects: a cookie set for one must not travel with another's request.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(
        cookies=no_cookies,
        transport=GuardedTransport(backend, verify=verify),
        timeout=timeout_seconds,
        follow_redirects=False,
        trust_env=False,
    )
