"""The way to a URL, one step after the other, with the time of each and what to do if it fails."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from quintet.core.headers import Headers
from quintet.core.request import Request
from quintet.core.url import origin
from quintet.doctor.answers import judge
from quintet.doctor.certificates import secured
from quintet.doctor.connecting import Proxy, Stopped, connected, joined, resolved, tunnelled
from quintet.doctor.setup import Setup
from quintet.errors import ConfigurationError, QuintetError
from quintet.transport.targets import Targets

__all__ = ["travel"]


@dataclass
class _Journey:
    url: str
    setup: Setup
    seconds: float
    steps: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def step(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Do a step and note how long it took; what it raises ends the journey."""
        began = time.perf_counter()
        entry: dict[str, Any] = {"step": name, "ok": True}
        self.steps.append(entry)
        try:
            found = work()
        except Stopped as stopped:
            entry.update(ok=False, problem=str(stopped))
            self.problems.append(f"{name}: {stopped}")
            raise
        finally:
            entry["milliseconds"] = round((time.perf_counter() - began) * 1000, 1)
        entry.update({key: value for key, value in found.items() if not key.startswith("_")})
        return found


def travel(
    url: str,
    setup: Setup = Setup(),  # noqa: B008 - it is frozen
    seconds: float = 5.0,
) -> dict[str, Any]:
    """Go to a URL and return what was met on the way; nothing is raised.

    The first steps are taken by hand, with nothing of the engine's, to tell them apart; the last
    is one ``HEAD`` request as a client would send it, without a key.

    Args:
        url: Where to go; its query is neither sent nor shown.
        setup: What a client would be made with.
        seconds: For each step.

    Returns:
        The steps, and a sentence for each thing that is wrong (``problems``), may be wrong
        (``warnings``) or should be known (``notes``).
    """
    journey = _Journey(url.partition("#")[0].partition("?")[0], setup, seconds)
    shown = ""
    try:
        scheme, host, port = journey.step("url", lambda: _parsed(journey.url))["_place"]
        shown = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        proxy = journey.step("proxy", lambda: _proxy(scheme, host, port, setup))["_proxy"]
        if proxy is None or proxy.place is not None:
            _by_hand(journey, scheme, host, port, proxy)
        between = proxy if scheme == "http" else None  # of what TLS hides it sees nothing
        found = journey.step("answer", lambda: _answer(journey))
        _weigh(journey, found["status"], found["_headers"], between)
    except Stopped:
        pass
    return {
        "url": shown,
        "steps": journey.steps,
        "problems": journey.problems,
        "warnings": journey.warnings,
        "notes": journey.notes,
    }


def _by_hand(journey: _Journey, scheme: str, host: str, port: int, proxy: Proxy | None) -> None:
    seconds, path = journey.seconds, journey.setup.unix_socket
    place = (host, port) if proxy is None or proxy.place is None else proxy.place
    if path is not None:
        sock = journey.step("connect", lambda: joined(path, seconds))["_sock"]
    else:
        addresses = journey.step("resolve", lambda: resolved(*place, proxy))["_found"]
        sock = journey.step("connect", lambda: connected(addresses, seconds, proxy))["_sock"]
    with closing(sock):
        if scheme == "https":
            if proxy is not None:
                journey.step("tunnel", lambda: _tunnelled(journey, sock, proxy))
            dial = _dialler(journey, sock, proxy)
            journey.step("tls", lambda: secured(dial, sock, host, journey.setup))


def _tunnelled(journey: _Journey, sock: socket.socket, proxy: Proxy) -> dict[str, Any]:
    return tunnelled(sock, journey.url, Targets(journey.setup.proxies), proxy)


def _dialler(
    journey: _Journey, sock: socket.socket, proxy: Proxy | None
) -> Callable[[], socket.socket]:
    """Return what opens another connection like ``sock``, for it is asked when that is closed."""
    family, place = sock.family, sock.getpeername()

    def dial() -> socket.socket:
        another = socket.socket(family, socket.SOCK_STREAM)
        try:
            another.settimeout(journey.seconds)
            another.connect(place)
            if proxy is not None:
                _tunnelled(journey, another, proxy)
        except BaseException:
            another.close()
            raise
        return another

    return dial


def _parsed(url: str) -> dict[str, Any]:
    try:
        scheme, host, port = place = origin(url)
    except ConfigurationError as error:
        raise Stopped(str(error)) from None
    return {"scheme": scheme, "host": host, "port": port, "_place": place}


def _proxy(scheme: str, host: str, port: int, setup: Setup) -> dict[str, Any]:
    proxies = setup.proxies
    url = proxies.choose(scheme, host, port)
    if url is None:
        why = "no proxy is set for it"
        if setup.unix_socket is not None:
            why = f"every request goes to the socket {setup.unix_socket}"
        elif proxies.by_scheme.get(scheme) or proxies.by_scheme.get("all"):
            why = "NO_PROXY covers it"
        return {"through": "no proxy", "why": why, "_proxy": None}
    try:
        # httpx may well speak to other kinds; the last step will show.
        proxy = Proxy.of(url, may_be_foreign=setup.engine_name() == "httpx")
    except ConfigurationError as error:
        raise Stopped(str(error)) from None
    why = f"the environment's proxy for {scheme}" if setup.proxy is None else "as asked for"
    return {"through": proxy.shown, "why": why, "_proxy": proxy}


def _answer(journey: _Journey) -> dict[str, Any]:
    headers = (("User-Agent", "quintet-doctor"), ("Accept", "*/*"))
    request = Request("HEAD", journey.url, headers)
    try:
        with closing(journey.setup.make()) as made:
            until = time.monotonic() + journey.seconds
            exchange = made.send(request, until, journey.seconds)
            with closing(exchange):
                return {
                    "status": exchange.status,
                    "http_version": exchange.http_version,
                    "server": exchange.headers.get("server"),
                    "_headers": exchange.headers,
                }
    except QuintetError as error:
        raise Stopped(str(error)) from None


def _weigh(journey: _Journey, status: int, headers: Headers, proxy: Proxy | None) -> None:
    """Say what the answer means, where it is not simply good."""
    shown, has_user = (None, False) if proxy is None else (proxy.shown, proxy.has_user)
    verdict = judge(journey.url, status, headers, shown, has_user)
    where = {"problem": journey.problems, "warning": journey.warnings, "note": journey.notes}
    if verdict.level:
        where[verdict.level].append(f"answer: {verdict.words}")
    if verdict.level == "problem":
        journey.steps[-1].update(ok=False, problem=verdict.words)
