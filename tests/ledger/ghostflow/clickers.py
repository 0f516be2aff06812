"""People who click without a pause, on whichever server is there, and remember what they were told.

Each click has a number of its own, in `sub1`. One that got no answer is not repeated: whether it
was stored nobody knows, and either is right.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

__all__ = ["Clickers"]

CONNECTIONS = 24
VISITORS = 700
END_SECONDS = 300.0


class _Line(asyncio.Protocol):
    """A connection that is kept: one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, _ = self._buffer.partition(b"\r\n\r\n")
        if end and self._answer is not None and not self._answer.done():
            self._answer.set_result(head)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server is gone"))

    async def get(self, target: str, user_agent: str) -> bytes:
        """The head of the answer."""
        assert self._transport is not None
        if self._transport.is_closing():
            raise ConnectionResetError("the server is gone")
        self._buffer = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(
            f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {user_agent}\r\n\r\n".encode()
        )
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Clickers:
    """Click on a link in a thread until so many clicks have been answered.

    Args:
        urls: Of the servers.
        slug: Of the link.
        wanted: How many redirects.
    """

    def __init__(self, urls: Sequence[str], slug: str, wanted: int) -> None:
        self._ports = [urlsplit(url).port for url in urls]
        self._slug = slug
        self._wanted = wanted
        self._numbers = itertools.count(1)
        self.answered: dict[int, str] = {}
        """The destination that each click was sent to."""
        self.unanswered: set[int] = set()
        self.refused: set[int] = set()
        """Answered, but not with a redirect: 503."""
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def finish(self) -> None:
        """Wait for the last one; raises what went wrong."""
        self._thread.join(END_SECONDS)
        assert not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure

    @property
    def is_running(self) -> bool:
        """Whether they still click."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._all())
        except BaseException as error:
            self._failure = error

    async def _all(self) -> None:
        async with asyncio.timeout(END_SECONDS):
            await asyncio.gather(*(self._one(place) for place in range(CONNECTIONS)))

    async def _one(self, place: int) -> None:
        ports = itertools.islice(itertools.cycle(self._ports), place % len(self._ports), None)
        loop = asyncio.get_running_loop()
        for port in ports:
            if len(self.answered) >= self._wanted:
                return
            try:
                _, line = await loop.create_connection(_Line, "127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            await self._click_while_it_lasts(line)
            line.close()

    async def _click_while_it_lasts(self, line: _Line) -> None:
        while len(self.answered) < self._wanted:
            number = next(self._numbers)
            agent = f"Mozilla/5.0 (X11; Linux x86_64) Firefox/{number % VISITORS}.0"
            try:
                head = await line.get(f"/c/{self._slug}?sub1={number}", agent)
            except OSError:
                self.unanswered.add(number)
                return
            status, location = head[9:12], _location(head)
            if status == b"302" and location:
                self.answered[number] = location
            elif status == b"503":
                self.refused.add(number)
                return  # its body is still to come; another line does not have to read it
            else:
                raise AssertionError(head)


def _location(head: bytes) -> str:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name.lower() == b"location":
            return value.decode()
    return ""
