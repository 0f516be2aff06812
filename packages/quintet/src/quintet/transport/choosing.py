"""Which transport a client gets: the one it is given, the one it asks for, or the default.

A client asks by a word, ``transport="native"`` or ``transport="httpx"``, in whatever case.  One
that does not ask gets what the environment variable ``QUINTET_TRANSPORT`` says when it is built,
which is the way to try the other engine without touching a program; without that, the native one.
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

__all__ = [
    "VARIABLE",
    "Choice",
    "EngineName",
    "achoose_transport",
    "check_face",
    "choose_transport",
    "chosen",
]

EngineName = Literal["native", "httpx"]

VARIABLE = "QUINTET_TRANSPORT"
"""The environment variable that names the engine of clients that do not ask for one."""

# CO_COROUTINE of inspect, which costs more to import than all of this.
_COROUTINE = 0x80


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
    """Return the engine of a client that asks for ``asked``, or for none; upper case counts too.

    Raises:
        ConfigurationError: The word is neither of the two, or httpx is meant and not installed.
    """
    if asked is not None:
        return Choice(_engine(asked, "transport"), "argument")
    variable = os.environ.get(VARIABLE, "").strip()
    if variable:
        return Choice(_engine(variable, f"the environment variable {VARIABLE}"), "environment")
    return Choice("native", "default")


def _engine(word: str, where: str) -> EngineName:
    meant = word.strip().lower()
    if meant == "native":
        return "native"
    if meant != "httpx":
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
    _check(http_client, transport, awaited=False)
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
    _check(http_client, transport, awaited=True)
    if http_client is not None:
        from quintet.transport.httpx import AsyncHttpxTransport

        return AsyncHttpxTransport(http_client, now)
    if transport is not None and not isinstance(transport, str):
        return transport
    if chosen(transport).engine == "native":
        return AsyncLazyTransport(partial(_async_native, now))
    return AsyncLazyTransport(partial(_async_httpx, now))


def _check(http_client: Any, transport: Any, *, awaited: bool) -> None:
    if transport is None:
        return
    if http_client is not None:
        raise ConfigurationError("give http_client or transport, not both")
    if not isinstance(transport, str):
        check_face(transport, awaited=awaited)


def check_face(transport: Any, *, awaited: bool, name: str = "transport") -> None:
    """Raise unless an object can be the transport of such a client.

    Args:
        transport: What was given.
        awaited: Whether the client is an asyncio one.
        name: Of the parameter.

    Raises:
        ConfigurationError: It is a class, is an HTTP client, lacks ``send`` or ``close``, or is a
            transport of the other kind of clients.
    """
    native = "AsyncNativeTransport" if awaited else "NativeTransport"
    if hasattr(transport, "build_request"):
        raise ConfigurationError(f"{name} looks like an httpx client: pass it as http_client")
    if isinstance(transport, type):
        raise ConfigurationError(
            f"{name} is the class {transport.__name__}; give an object, such as quintet.{native}()"
        )
    if not all(callable(getattr(transport, method, None)) for method in ("send", "close")):
        raise ConfigurationError(
            f'{name} must be "native", "httpx" or an object with send() and close(), such as '
            f"quintet.{native}; not {type(transport).__name__}"
        )
    awaits = _awaits(transport)
    if awaits is not None and awaits is not awaited:
        has, needs = ("await", "block") if awaits else ("block", "await")
        raise ConfigurationError(
            f"{name} is for clients that {has} ({type(transport).__name__}), and this one "
            f"{needs}s: give it one such as quintet.{native}"
        )


def _awaits(transport: Any) -> bool | None:
    """Tell whether a transport is awaited, as far as that shows without a call; None if not."""
    flags = [
        getattr(getattr(getattr(transport, method), "__code__", None), "co_flags", None)
        for method in ("send", "close")
    ]
    if any(isinstance(each, int) and each & _COROUTINE for each in flags):
        return True
    # Plain functions may return what is to be awaited; but then there is a way to do without.
    if hasattr(transport, "abandon") or not all(isinstance(each, int) for each in flags):
        return None
    return False


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
