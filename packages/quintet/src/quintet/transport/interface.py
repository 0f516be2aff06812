"""The seam: all that the rest of the runtime knows of HTTP is two methods.

A transport sends a request and hands back an exchange whose head has arrived; the exchange is
read piece by piece and closed.  Everything that can go wrong is raised as one of
:class:`~quintet.errors.TransportError`'s classes and says how far the exchange got
(``progress``), because a repeat is safe or not by that alone.

An exchange may have an attribute ``whole``: the body, still compressed, if all of it came with the
head.  Its connection has then been given back already, ``read`` has nothing more to give, and
whoever drives it is spared two turns and need not close it.  It may also have a method
``read_rest``, like ``read`` but for all that is left of the body if its length is known: a large
body then is never put together from pieces.  Both are optional, so that a transport of two
methods will do.

Instants (``until``) are in the time of the client's clock; ``seconds`` is the length of the
limit that ends there, for error messages.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from quintet.core.effects import Exchange as Head
from quintet.core.request import Request

__all__ = ["AsyncExchange", "AsyncTransport", "Exchange", "Transport"]


class Exchange(Head, Protocol):
    """An answer whose head has arrived, read by blocking."""

    def read(self, until: float | None, seconds: float | None) -> bytes:
        """Return the next piece of the body as it came (still compressed), ``b""`` at its end.

        Raises:
            TransportError: The body cannot be completed, or ``until`` passed.
        """
        ...

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else drop it."""
        ...


class Transport(Protocol):
    """Sends requests by blocking; safe to use from many threads."""

    def send(self, request: Request, until: float | None, seconds: float | None) -> Exchange:
        """Send the request and return once the head of the answer has arrived.

        Raises:
            TransportError: With ``progress`` telling how far the exchange got.
        """
        ...

    def close(self) -> None:
        """Close every connection; exchanges under way in other threads fail at once."""
        ...


class AsyncExchange(Head, Protocol):
    """An answer whose head has arrived, read by awaiting."""

    async def read(self, until: float | None, seconds: float | None) -> bytes:
        """Return the next piece of the body as it came (still compressed), ``b""`` at its end.

        Raises:
            TransportError: The body cannot be completed, or ``until`` passed.
        """
        ...

    async def close(self) -> None:
        """Give the connection back if the body was read to its end, else drop it."""
        ...


class AsyncTransport(Protocol):
    """Sends requests on the running event loop; safe to use from several loops in turn."""

    # Not ``async def``: one that only hands on to another need not be a coroutine itself.
    def send(
        self, request: Request, until: float | None, seconds: float | None
    ) -> Awaitable[AsyncExchange]:
        """Send the request and return once the head of the answer has arrived.

        Raises:
            TransportError: With ``progress`` telling how far the exchange got.
        """
        ...

    async def close(self) -> None:
        """Close every connection of every loop this transport was used on."""
        ...

    def abandon(self) -> None:
        """The same from blocking code, which cannot wait for the loops to do it."""
        ...
