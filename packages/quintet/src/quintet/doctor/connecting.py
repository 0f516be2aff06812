"""From a name to a connection, by hand: addresses, TCP or a Unix socket, a proxy's tunnel."""

from __future__ import annotations

import socket
import time
from typing import Any

from quintet.core.record import Record
from quintet.doctor.answers import refusal_advice
from quintet.errors import ConfigurationError
from quintet.transport.environment import redacted, split_proxy
from quintet.transport.http11 import ProxyAnswer, RemoteProtocolError
from quintet.transport.targets import Targets

__all__ = ["Proxy", "Stopped", "connected", "joined", "reason", "resolved", "tunnelled"]

_FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}


class Stopped(Exception):
    """A step failed; what is wrong, and what to do."""


class Proxy(Record):
    """The proxy on the way.

    Attributes:
        shown: Its URL, fit to be shown.
        place: Host and port; None for a kind that only httpx may know.
        has_user: Whether its URL has a user name.
    """

    __slots__ = _fields = ("shown", "place", "has_user")
    shown: str
    place: tuple[str, int] | None
    has_user: bool

    def __init__(self, shown: str, place: tuple[str, int] | None, has_user: bool) -> None:
        self._fill(shown, place, has_user)

    @classmethod
    def of(cls, url: str, *, may_be_foreign: bool) -> Proxy:
        """Read a proxy's URL.

        Raises:
            ConfigurationError: It is not an ``http://`` one, and none else may be.
        """
        try:
            place, auth = split_proxy(url)
        except ConfigurationError:
            if not may_be_foreign:
                raise
            return cls(redacted(url), None, "@" in url)
        return cls(redacted(url), place, auth is not None)


def resolved(host: str, port: int, proxy: Proxy | None) -> dict[str, Any]:
    """Return the addresses of a name: the server's, or that of its proxy."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        who = f"the proxy's host {host}" if proxy else host
        where = f", in {proxy.shown}" if proxy else ""
        raise Stopped(
            f"{who} has no address ({getattr(error, 'strerror', None) or error}): is the name "
            f"spelled right{where}, and does this machine reach its name server (VPN, resolv.conf)?"
        ) from None
    addresses = [f"{_FAMILIES.get(each[0], 'other')} {each[4][0]}" for each in found]
    return {"addresses": list(dict.fromkeys(addresses)), "_found": found}


def connected(addresses: list[Any], seconds: float, proxy: Proxy | None) -> dict[str, Any]:
    """Try every address, so that one that is dead shows; keep the first connection."""
    tries: list[str] = []
    kept: socket.socket | None = None
    failure: OSError | None = None
    for family, kind, protocol, _, address in addresses:
        began = time.perf_counter()
        sock: socket.socket | None = None
        try:
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(seconds)
            sock.connect(address)
        except OSError as error:  # this system may not even know the family
            if sock is not None:
                sock.close()
            failure = failure or error
            tries.append(f"{address[0]} port {address[1]}: {reason(error)}")
            continue
        took = (time.perf_counter() - began) * 1000
        tries.append(f"{address[0]} port {address[1]}: connected in {took:.1f} ms")
        if kept is None:
            kept = sock
        else:
            sock.close()
    if kept is None:
        who = f"the proxy {proxy.shown}" if proxy else "the server"
        advice = _proxy_advice(failure) if proxy else _advice(failure)
        raise Stopped(f"no address of {who} takes a connection ({'; '.join(tries)}): {advice}")
    return {"tries": tries, "_sock": kept}


def joined(path: str, seconds: float) -> dict[str, Any]:
    """Connect to a Unix socket."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(path)
    except OSError as error:
        sock.close()
        raise Stopped(
            f"the socket {path} takes no connection ({reason(error)}): is the server running, is "
            "the path right, and may this user write to it?"
        ) from None
    return {"socket": path, "_sock": sock}


def reason(error: OSError) -> str:
    """Return what happened, in a few words."""
    if isinstance(error, TimeoutError):
        return "no reply in time"
    return error.strerror or str(error)


def _advice(error: OSError | None) -> str:
    if isinstance(error, TimeoutError):
        return "packets are swallowed, as by a firewall; is a proxy needed (HTTPS_PROXY)?"
    if isinstance(error, ConnectionRefusedError):
        return "the machine is there, and nothing listens on that port; is the server running?"
    return "this machine has no way there; is the network up?"


def _proxy_advice(error: OSError | None) -> str:
    if isinstance(error, ConnectionRefusedError):
        what = "nothing listens there; is the proxy running, and is its port right?"
    elif isinstance(error, TimeoutError):
        what = "packets to it are swallowed; is its address right, and is the VPN up?"
    else:
        what = "this machine has no way to it; is its address right?"
    return f"{what} A host that needs no proxy belongs into NO_PROXY"


def tunnelled(sock: socket.socket, url: str, targets: Targets, proxy: Proxy) -> dict[str, Any]:
    """Ask the proxy for a tunnel to the server."""
    target, _ = targets.split(url)
    answer = ProxyAnswer(target.authority, target.proxy_lines)
    try:
        sock.sendall(answer.request)
        refusal = None
        while refusal is None:
            refusal = answer.feed(sock.recv(64 * 1024))
    except (OSError, RemoteProtocolError) as error:
        raise Stopped(
            f"{proxy.shown} does not answer as a proxy does ({error}): is that address a proxy's?"
        ) from None
    if refusal:
        advice = refusal_advice(refusal, proxy.has_user)
        raise Stopped(f"the proxy {proxy.shown} refuses ({refusal}): {advice}")
    return {}
