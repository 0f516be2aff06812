"""Which transport a client gets: the one it is given, the one it asks for, or the default.

A client asks by a word, ``transport="native"`` or ``transport="httpx"``.  One that does not ask
gets what the environment variable ``QUINTET_TRANSPORT`` says when it is built, which is the way to
try the other engine without touching a program; without that, the native one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from quintet.core.record import Record
from quintet.errors import ConfigurationError
from quintet.transport.interface import AsyncTransport, Transport
from quintet.transport.lazy import AsyncLazyTransport, LazyTransport

__all__ = ["VARIABLE", "Choice", "EngineName", "achoose_transport", "choose_transport", "chosen"]

EngineName = Literal["native", "httpx"]

VARIABLE = "QUINTET_TRANSPORT"
"""The environment variable that names the engine of clients that do not ask for one."""


class Choice(Record):
    """An engine, and who chose it.

    Attributes:
        engine: ``"native"`` or ``"httpx"``.
        by: ``"argument"``, ``"environment"`` or ``"default"``.
    """

    __slots__ = _fields = ("engine", "by")
    engine: EngineName
    by: Literal["argument", "environment", "default"]

    def __init__(
        self, engine: EngineName, by: Literal["argument", "environment", "default"]
    ) -> None:
        self._fill(engine, by)


def chosen(asked: str | None = None) -> Choice:
    """Return the engine of a client that asks for ``asked``, or for none.

    Raises:
        ConfigurationError: The word is neither of the two, or httpx is meant and not installed.
    """
    if asked is not None:
        return Choice(_engine(asked, "transport"), "argument")
    variable = os.environ.get(VARIABLE, "").strip()
    if variable:
        return Choice(
            _engine(variable.lower(), f"the environment variable {VARIABLE}"), "environment"
        )
    return Choice("native", "default")


def _engine(word: str, where: str) -> EngineName:
    if word == "native":
        return "native"
    if word != "httpx":
        raise ConfigurationError(
            f'{where} is {word[:40]!r}; it must be "native" (the default) or "httpx"'
        )
    # Imported here: few clients ask for it.
    from importlib.util import find_spec

    if find_spec("httpx") is None:
        raise ConfigurationError(
            f'{where} is "httpx", and httpx is not installed: pip install "quintet[httpx]", or '
            "leave it out for the native engine"
        )
    return "httpx"


def choose_transport(
    http_client: Any, transport: Transport | EngineName | None, now: Callable[[], float]
) -> Transport:
    """Return the transport of a blocking client; nothing is connected yet.

    Args:
        http_client: An httpx-shaped client to drive; it stays its owner's.
        transport: A transport, used as it is, or an engine's name.
        now: The monotonic clock in which time limits are given.

    Raises:
        ConfigurationError: Both are given, or one is not what it must be.
    """
    _check(http_client, transport)
    if http_client is not None:
        # Imported here, as everything below: an engine costs far more to import than the rest.
        from quintet.transport.httpx import HttpxTransport

        return HttpxTransport(http_client, now)
    if transport is not None and not isinstance(transport, str):
        return transport
    if chosen(transport).engine == "native":
        return LazyTransport(partial(_native, now))
    return LazyTransport(partial(_httpx, now))


def achoose_transport(
    http_client: Any, transport: AsyncTransport | EngineName | None, now: Callable[[], float]
) -> AsyncTransport:
    """Return the transport of an asyncio client; see :func:`choose_transport`."""
    _check(http_client, transport)
    if http_client is not None:
        from quintet.transport.httpx import AsyncHttpxTransport

        return AsyncHttpxTransport(http_client, now)
    if transport is not None and not isinstance(transport, str):
        return transport
    if chosen(transport).engine == "native":
        return AsyncLazyTransport(partial(_async_native, now))
    return AsyncLazyTransport(partial(_async_httpx, now))


def _check(http_client: Any, transport: Any) -> None:
    if transport is None:
        return
    if http_client is not None:
        raise ConfigurationError("give http_client or transport, not both")
    if isinstance(transport, str):
        return
    if hasattr(transport, "build_request"):
        raise ConfigurationError("transport looks like an httpx client: pass it as http_client")
    if not callable(getattr(transport, "send", None)) or not hasattr(transport, "close"):
        raise ConfigurationError(
            'transport must be "native", "httpx" or an object with send() and close(), such as '
            f"quintet.NativeTransport; not {type(transport).__name__}"
        )


def _native(now: Callable[[], float], site: str) -> Transport:
    from quintet.transport.engine import Engine

    return Engine(now, site=site)


def _async_native(now: Callable[[], float], site: str) -> AsyncTransport:
    from quintet.transport.aio_engine import AsyncEngine

    return AsyncEngine(now, site=site)


def _httpx(now: Callable[[], float], site: str) -> Transport:
    from quintet.transport.own_httpx import OwnHttpxTransport

    return OwnHttpxTransport(now, site)


def _async_httpx(now: Callable[[], float], site: str) -> AsyncTransport:
    from quintet.transport.own_httpx import AsyncOwnHttpxTransport

    return AsyncOwnHttpxTransport(now, site)
