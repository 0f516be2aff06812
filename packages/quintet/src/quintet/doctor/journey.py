"""The way to a URL, one step after the other, with the time of each and what to do if it fails."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from quintet.core.request import Request
from quintet.core.url import origin
from quintet.doctor.certificates import describe, presented
from quintet.errors import ConfigurationError, QuintetError
from quintet.transport.choosing import choose_transport, chosen
from quintet.transport.environment import Proxies, redacted, split_proxy
from quintet.transport.http11 import ProxyAnswer, RemoteProtocolError
from quintet.transport.targets import Targets
from quintet.transport.trust import tls_context

__all__ = ["travel"]

_FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}


class _Stopped(Exception):
    """A step failed; what is wrong, and what to do."""


@dataclass
class _Journey:
    url: str
    seconds: float
    steps: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def step(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Do a step and note how long it took; what it raises ends the journey."""
        began = time.perf_counter()
        entry: dict[str, Any] = {"step": name, "ok": True}
        self.steps.append(entry)
        try:
            found = work()
        except _Stopped as stopped:
            entry.update(ok=False, problem=str(stopped))
            self.problems.append(f"{name}: {stopped}")
            raise
        finally:
            entry["milliseconds"] = round((time.perf_counter() - began) * 1000, 1)
        entry.update({key: value for key, value in found.items() if not key.startswith("_")})
        return found


def travel(url: str, transport: str | None = None, seconds: float = 5.0) -> dict[str, Any]:
    """Go to a URL and return what was met on the way; nothing is raised.

    The first steps are taken by hand, with nothing of the engine's, to tell them apart; the last
    is one ``HEAD`` request as a client would send it.

    Args:
        url: Where to go; its query is neither sent nor shown.
        transport: As a client would be given it.
        seconds: For each step.
    """
    journey = _Journey(url.partition("#")[0].partition("?")[0], seconds)
    shown = ""
    try:
        scheme, host, port = journey.step("url", lambda: _parsed(journey.url))["_place"]
        shown = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        proxy = journey.step("proxy", lambda: _proxy(scheme, host, port, transport))["_proxy"]
        if proxy != "foreign":
            _by_hand(journey, scheme, host, port, proxy)
        journey.step("answer", lambda: _answer(journey, transport))
    except _Stopped:
        pass
    return {"url": shown, "steps": journey.steps, "problems": journey.problems}


def _by_hand(journey: _Journey, scheme: str, host: str, port: int, proxy: Any) -> None:
    place: tuple[str, int] = (host, port) if proxy is None else proxy
    addresses = journey.step("resolve", lambda: _resolved(*place))["_found"]
    sock = journey.step("connect", lambda: _connected(addresses, journey.seconds))["_sock"]
    with closing(sock):
        if scheme == "https":
            if proxy is not None:
                journey.step("tunnel", lambda: _tunnelled(sock, journey.url))
            journey.step("tls", lambda: _secured(sock, host, proxy, journey.seconds))


def _parsed(url: str) -> dict[str, Any]:
    try:
        scheme, host, port = place = origin(url)
    except ConfigurationError as error:
        raise _Stopped(str(error)) from None
    return {"scheme": scheme, "host": host, "port": port, "_place": place}


def _proxy(scheme: str, host: str, port: int, transport: str | None) -> dict[str, Any]:
    proxies = Proxies.from_environment()
    url = proxies.choose(scheme, host, port)
    if url is None:
        why = "no proxy is set for it"
        if proxies.by_scheme.get(scheme) or proxies.by_scheme.get("all"):
            why = "NO_PROXY covers it"
        return {"through": "no proxy", "why": why, "_proxy": None}
    found = {"through": redacted(url), "why": f"the environment's proxy for {scheme}"}
    try:
        return {**found, "_proxy": split_proxy(url)[0]}
    except ConfigurationError as error:
        if _engine(transport) == "httpx":
            # It may well be able to; the last step will show.
            return {**found, "_proxy": "foreign"}
        raise _Stopped(str(error)) from None


def _engine(transport: str | None) -> str:
    try:
        return chosen(transport).engine
    except ConfigurationError:
        return ""


def _resolved(host: str, port: int) -> dict[str, Any]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _Stopped(
            f"{host} has no address ({getattr(error, 'strerror', None) or error}): is the name "
            "spelled right, and does this machine reach its name server (VPN, resolv.conf)?"
        ) from None
    addresses = [f"{_FAMILIES.get(each[0], 'other')} {each[4][0]}" for each in found]
    return {"addresses": list(dict.fromkeys(addresses)), "_found": found}


def _connected(addresses: list[Any], seconds: float) -> dict[str, Any]:
    """Try every address, so that one that is dead shows; keep the first connection."""
    tries: list[str] = []
    kept: socket.socket | None = None
    failure: OSError | None = None
    for family, kind, protocol, _, address in addresses:
        began = time.perf_counter()
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(seconds)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = failure or error
            tries.append(f"{address[0]} port {address[1]}: {_words(error)}")
            continue
        took = (time.perf_counter() - began) * 1000
        tries.append(f"{address[0]} port {address[1]}: connected in {took:.1f} ms")
        if kept is None:
            kept = sock
        else:
            sock.close()
    if kept is None:
        raise _Stopped(f"no address takes a connection ({'; '.join(tries)}): {_advice(failure)}")
    return {"tries": tries, "_sock": kept}


def _words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no reply in time"
    return error.strerror or str(error)


def _advice(error: OSError | None) -> str:
    if isinstance(error, TimeoutError):
        return "packets are swallowed, as by a firewall; is a proxy needed (HTTPS_PROXY)?"
    if isinstance(error, ConnectionRefusedError):
        return "the machine is there, and nothing listens on that port; is the server running?"
    return "this machine has no way there; is the network up?"


def _tunnelled(sock: socket.socket, url: str) -> dict[str, Any]:
    target, _ = Targets(None).split(url)
    answer = ProxyAnswer(target.authority, target.proxy_lines)
    try:
        sock.sendall(answer.request)
        refusal = None
        while refusal is None:
            refusal = answer.feed(sock.recv(64 * 1024))
    except (OSError, RemoteProtocolError) as error:
        raise _Stopped(f"the proxy does not answer as a proxy does ({error})") from None
    if refusal:
        hint = "put user and password into its URL" if "407" in refusal else "ask who runs it"
        raise _Stopped(f"the proxy refuses ({refusal}): {hint}")
    return {}


def _secured(sock: socket.socket, host: str, proxy: Any, seconds: float) -> dict[str, Any]:
    place = sock.getpeername()[:2]
    try:
        with tls_context().wrap_socket(sock, server_hostname=host) as secure:
            cipher = secure.cipher()
            return {
                "version": secure.version(),
                "cipher": cipher[0] if cipher else None,
                **describe(secure.getpeercert() or {}),
            }
    except ConfigurationError as error:
        raise _Stopped(str(error)) from None
    except ssl.SSLCertVerificationError as error:
        found = presented(place, host, seconds) if proxy is None else {}
        who = f"; it is for {found['subject']}, issued by {found['issuer']}" if found else ""
        raise _Stopped(
            f"the certificate is not trusted ({error.verify_message}{who}): if its authority is "
            "your own or your company's, add it to SSL_CERT_FILE, or pass "
            "transport=quintet.NativeTransport(verify=FILE)"
        ) from None
    except OSError as error:
        reason = getattr(error, "reason", None) or _words(error)
        raise _Stopped(
            f"no TLS connection could be agreed on ({reason}): does the port speak https?"
        ) from None


def _answer(journey: _Journey, transport: Any) -> dict[str, Any]:
    headers = (("User-Agent", "quintet-doctor"), ("Accept", "*/*"))
    request = Request("HEAD", journey.url, headers)
    try:
        made = choose_transport(None, transport, time.monotonic)
        with closing(made):
            until = time.monotonic() + journey.seconds
            exchange = made.send(request, until, journey.seconds)
            with closing(exchange):
                return {
                    "status": exchange.status,
                    "http_version": exchange.http_version,
                    "server": exchange.headers.get("server"),
                }
    except QuintetError as error:
        raise _Stopped(str(error)) from None
