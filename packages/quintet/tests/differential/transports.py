"""Runs a scenario on each of the transports below the same call of the runtime."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx
import httpx2

from quintet import (
    ApiClient,
    AsyncApiClient,
    Backoff,
    ClientOptions,
    Operation,
    RetryClass,
    RetryPolicy,
    Service,
)
from quintet.core.response import Response
from quintet.errors import QuintetError, StatusError
from quintet.transport.aio_engine import AsyncEngine
from quintet.transport.engine import Engine
from tests.support.loopback import HOST

from .authority import client_context, mine, server_context, trusted
from .peer import Peer
from .scenario import Answer, Failure, Observed, Outcome, Scenario, shown

__all__ = ["FOREIGN", "FOREIGN_ASYNC", "FOREIGN_BLOCKING", "NATIVE", "TRANSPORTS", "observe"]

NATIVE = ("native", "native-async")
FOREIGN_BLOCKING = ("httpx", "httpx2")
FOREIGN_ASYNC = ("httpx-async", "httpx2-async")
FOREIGN = FOREIGN_BLOCKING + FOREIGN_ASYNC
TRANSPORTS = NATIVE + FOREIGN

_LIBRARIES: dict[str, Any] = {"httpx": httpx, "httpx2": httpx2}
_EVERY_STATUS = frozenset(range(1000))
# Ends what hangs; where a limit is to pass, the scenario has one of its own.
_TIMEOUT = 60.0
# Of the event loop, until the end of an idle TLS connection has gone through all its layers.
_ROUNDS = 5
_SERVICE = Service(
    name="differential",
    user_agent="differential/1",
    credential_headers=frozenset({"authorization", "x-project-key"}),
)
_CREDENTIALS = (("Authorization", "Bearer sesame"), ("X-Project-Key", "sesame"))


def observe(scenario: Scenario, transport: str) -> Observed:
    """Run a scenario on one transport, and return what came of it."""

    def fill(data: bytes) -> bytes:
        if b"@" not in data:
            return data
        far = "-" if other is None else other.address
        data = data.replace(b"@HERE@", peer.address.encode()).replace(b"@ELSE@", far.encode())
        return data.replace(b"@HOST@", HOST.encode())

    ends: list[float] = []

    def settle() -> None:
        ends.append(time.monotonic())
        peer.settle()

    tls = server_context(scenario.certificate) if scenario.certificate else None
    secure = tls is not None and not scenario.url
    other = Peer(scenario.elsewhere, fill=fill) if scenario.elsewhere else None
    peer = Peer(scenario.turns, greet=scenario.greet, tls=tls, secure=secure, fill=fill)
    url = (
        fill(scenario.url.encode()).decode() or f"{'https' if secure else 'http'}://{peer.address}"
    )
    try:
        with _environment({k: fill(v.encode()).decode() for k, v in scenario.environment.items()}):
            if transport.endswith("async"):
                outcomes = asyncio.run(_call_async(scenario, transport, url, settle))
            else:
                outcomes = _call(scenario, transport, url, settle)
    finally:
        peer.stop()
        if other is not None:
            other.stop()
    seen = None
    if scenario.looks is not None:
        seen = tuple(request.describe(scenario.looks) for request in peer.requests)
        if other is not None:
            seen += tuple(f"there: {r.describe(scenario.looks)}" for r in other.requests)
    then = outcomes[1] if len(outcomes) > 1 else None
    since = peer.silent_since
    silence = None if since is None or since > ends[0] else ends[0] - since
    return Observed(outcomes[0], then, peer.connections, seen, silence)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _call(
    scenario: Scenario, transport: str, url: str, settle: Callable[[], None]
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    engine, library = _transport(scenario, transport)
    client = ApiClient(
        _SERVICE, _options(scenario, url), lambda: _CREDENTIALS, http_client=library, **engine
    )
    try:
        for _ in range(scenario.calls):
            try:
                response = client.request(_operation(scenario), **_arguments(scenario))
                outcomes.append(_answer(response, scenario))
            except Exception as failure:
                outcomes.append(_failure(failure, scenario))
            settle()
    finally:
        client.close()
        if library is not None:
            library.close()
    return outcomes


async def _call_async(
    scenario: Scenario, transport: str, url: str, settle: Callable[[], None]
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    engine, library = _transport(scenario, transport)
    client = AsyncApiClient(
        _SERVICE, _options(scenario, url), lambda: _CREDENTIALS, http_client=library, **engine
    )
    try:
        for _ in range(scenario.calls):
            try:
                response = await client.request(_operation(scenario), **_arguments(scenario))
                outcomes.append(_answer(response, scenario))
            except Exception as failure:
                outcomes.append(_failure(failure, scenario))
            await asyncio.to_thread(settle)
            for _ in range(_ROUNDS):
                await asyncio.sleep(0)
    finally:
        await client.aclose()
        if library is not None:
            await library.aclose()
    return outcomes


def _transport(scenario: Scenario, transport: str) -> tuple[dict[str, Any], Any]:
    """Return the arguments for an engine of ours, or a client of one of the libraries."""
    secure = bool(scenario.certificate)
    if transport in NATIVE:
        kind: Any = AsyncEngine if transport.endswith("async") else Engine
        verify: bool | str = trusted() if secure and scenario.trust else True
        cert = mine() if scenario.shows else None
        return {"transport": kind(time.monotonic, verify=verify, cert=cert)}, None
    library = _LIBRARIES[transport.partition("-")[0]]
    make = library.AsyncClient if transport.endswith("async") else library.Client
    context = client_context(scenario.trust, scenario.shows) if secure else _untrusting()
    return {}, make(verify=context)


@cache
def _untrusting() -> ssl.SSLContext:
    # For plain connections: a context of its own would cost each client 20 ms.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _options(scenario: Scenario, url: str) -> ClientOptions:
    retry = RetryPolicy(statuses=frozenset({429, 503}), backoff=Backoff(0.0, 0.0), max_retries=0)
    return ClientOptions(base_url=url, **{"timeout": _TIMEOUT, "retry": retry, **scenario.options})


def _operation(scenario: Scenario) -> Operation:
    ask = scenario.ask
    success = _EVERY_STATUS if ask.any_status else None
    return Operation("thing", ask.method, "/thing", RetryClass(ask.operation), success)


def _arguments(scenario: Scenario) -> dict[str, Any]:
    body = scenario.ask.body
    return {**scenario.ask.arguments, **({} if body is None else {"body": body()})}


def _answer(response: Response, scenario: Scenario, *, refused: bool = False) -> Answer:
    pairs = response.headers.pairs()
    if not scenario.exact_names:
        pairs = tuple((name.lower(), value) for name, value in pairs)
    return Answer(
        response.status,
        shown(response.body),
        pairs,
        response.http_version,
        response.attempts,
        refused,
    )


def _failure(failure: Exception, scenario: Scenario) -> Outcome:
    if isinstance(failure, StatusError):
        return _answer(failure.response, scenario, refused=True)
    if not isinstance(failure, QuintetError):
        return Failure(type(failure).__name__)
    facts = vars(failure)
    return Failure(
        type(failure).__name__,
        facts.get("phase", getattr(failure, "phase", "")),
        getattr(failure, "progress", None),
        getattr(failure, "repeatable", None),
        getattr(failure, "bound", ""),
        failure.attempts,
    )
