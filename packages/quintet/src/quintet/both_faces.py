"""One object with a blocking and an asyncio face, each made when it is first used.

Some SDKs document a single client class whose methods come in both kinds.  Such a class holds one
of these: a program that only blocks never imports asyncio for it, and closing it in either way
closes both faces.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from quintet.errors import ClientClosedError
from quintet.one_process import OneProcess

if TYPE_CHECKING:
    from quintet._async.client import AsyncApiClient
    from quintet._sync.client import ApiClient

__all__ = ["BothFaces"]

S = TypeVar("S", bound="ApiClient")
A = TypeVar("A", bound="AsyncApiClient")


class BothFaces(OneProcess, Generic[S, A]):
    """A blocking and an asyncio client of the same service.

    Nothing here refers back to whoever holds it, and each client's engine has a finalizer of its
    own, so when the last reference goes the sockets are closed at once, without the cyclic
    collector.  That holds as long as the two functions, and the credentials they hand on, are not
    bound methods of the holder.

    Args:
        make_blocking: Makes the blocking client.
        make_asyncio: Makes the other one.
    """

    def __init__(self, make_blocking: Callable[[], S], make_asyncio: Callable[[], A]) -> None:
        self._make_blocking = make_blocking
        self._make_asyncio = make_asyncio
        self._blocking: S | None = None
        self._asyncio: A | None = None
        self._lock = threading.Lock()
        self.closed = False

    @property
    def blocking(self) -> S:
        """The blocking client.

        Raises:
            ClientClosedError: The faces have been closed.
        """
        if self._blocking is None or self.closed:
            with self._lock:
                self._check_open()
                if self._blocking is None:
                    self._blocking = self._make_blocking()
        return self._blocking

    @property
    def asyncio(self) -> A:
        """The asyncio client.

        Raises:
            ClientClosedError: The faces have been closed.
        """
        if self._asyncio is None or self.closed:
            with self._lock:
                self._check_open()
                if self._asyncio is None:
                    self._asyncio = self._make_asyncio()
        return self._asyncio

    def close(self) -> None:
        """Close both; calls under way fail.  A second time does nothing.

        Connections of an event loop that runs elsewhere are ended there at its next round.
        """
        blocking, asyncio = self._take()
        if blocking is not None:
            blocking.close()
        if asyncio is not None:
            asyncio.abandon()

    async def aclose(self) -> None:
        """Close both, and wait until the connections of this event loop are closed."""
        blocking, asyncio = self._take()
        if blocking is not None:
            blocking.close()
        if asyncio is not None:
            await asyncio.aclose()

    def _take(self) -> tuple[S | None, A | None]:
        with self._lock:
            self.closed = True
            taken = self._blocking, self._asyncio
            self._blocking = self._asyncio = None
            return taken

    def _check_open(self) -> None:
        if self.closed:
            raise ClientClosedError("the client is closed")
