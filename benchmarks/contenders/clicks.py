"""People who follow a link: `clicks.py PORT CONNECTIONS`; each line says `PATH COUNT [RATE]`.

Without a rate every connection clicks again as soon as it was sent on. With one (clicks per second)
they come as they do in life, at random moments; what waits for a free connection counts as well.

Each is one of so many visitors, with a browser that some hundred share and an address of his own,
told as by a proxy: some come back, hardly any often enough to be taken for a robot. `sub1` is
another one every time. A request costs some 20 µs, which is what it costs wrk, too.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import deque
from typing import Any, cast

import uvloop

from benchmarks.contender import serve_lines

_REQUEST = (
    "GET {path}?sub1={number}&sub2=placement{placement}&utm_source=feed HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\nUser-Agent: {agent}\r\nX-Forwarded-For: {address}\r\n"
    "Accept-Language: en-US,en;q=0.9\r\nReferer: https://news.example/today\r\n\r\n"
)
_SYSTEMS = (
    ("Windows NT 10.0; Win64; x64", "Safari"),
    ("Macintosh; Intel Mac OS X 10_15_7", "Safari"),
    ("X11; Linux x86_64", "Safari"),
    ("X11; CrOS x86_64 14541.0.0", "Safari"),
    ("Linux; Android 14; Pixel 8", "Mobile Safari"),
    ("Linux; Android 13; SM-S918B", "Mobile Safari"),
)
AGENTS = [
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) "
    f"Chrome/{version}.0.0.0 {browser}/537.36"
    for system, browser in _SYSTEMS
    for version in range(80, 130)
]
_VISITORS = 150_000
_PLACEMENTS = 300


def request_of(path: str, visitor: int, number: str) -> bytes:
    """What a visitor asks: always the same agent and address, another number every time."""
    high, low = divmod(visitor, 250)
    text = _REQUEST.format(
        path=path,
        number=number,
        placement=random.randrange(_PLACEMENTS),
        agent=AGENTS[visitor % len(AGENTS)],
        address=f"10.{high // 250}.{high % 250}.{low}",
    )
    return text.encode()


class _Line(asyncio.Protocol):
    """One connection; `done` gets the seconds of a click."""

    def __init__(self, crowd: _Crowd) -> None:
        self._crowd = crowd
        self._transport: asyncio.Transport | None = None
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def click(self, request: bytes, since: float) -> None:
        """Ask; the answer is so short that it comes in one piece."""
        assert self._transport is not None
        self._since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 302 "):
            raise RuntimeError(data[:300].decode("latin-1"))
        self._crowd.done(self, time.perf_counter() - self._since)


class _Crowd:
    """All connections, and what they are to do."""

    def __init__(self) -> None:
        self._idle: deque[_Line] = deque()
        self._due: deque[float] = deque()
        self._seconds: list[float] = []
        self._sent = 0
        self._ever_sent = 0
        self._count = 0
        self._path = ""
        self._is_paced = False
        self._finished = asyncio.Event()

    async def open(self, port: int, connections: int) -> None:
        """Connect."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, line = await loop.create_connection(lambda: _Line(self), "127.0.0.1", port)
            self._idle.append(line)

    async def click(self, path: str, count: int, rate: float | None) -> list[float]:
        """Click so often; the seconds that each took."""
        self._path, self._count, self._sent, self._seconds = path, count, 0, []
        self._is_paced = rate is not None
        self._finished.clear()
        if rate is None:
            for _ in range(min(count, len(self._idle))):
                self._send(time.perf_counter())
        else:
            await self._pace(count, rate)
        await self._finished.wait()
        return self._seconds

    async def _pace(self, count: int, rate: float) -> None:
        at = time.perf_counter()
        for _ in range(count):
            at += random.expovariate(rate)
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            self._due.append(at)
            self._serve_due()

    def _serve_due(self) -> None:
        while self._due and self._idle:
            self._send(self._due.popleft())

    def _send(self, since: float) -> None:
        self._sent += 1
        self._ever_sent += 1
        number = f"{os.getpid()}-{self._ever_sent}"
        request = request_of(self._path, random.randrange(_VISITORS), number)
        self._idle.popleft().click(request, since)

    def done(self, line: _Line, seconds: float) -> None:
        """A click was answered."""
        self._seconds.append(seconds)
        self._idle.append(line)
        if self._is_paced:
            self._serve_due()
        elif self._sent < self._count:
            self._send(time.perf_counter())
        if len(self._seconds) == self._count:
            self._finished.set()


def main(port: int, connections: int) -> None:
    """Serve."""
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    crowd = _Crowd()
    loop.run_until_complete(crowd.open(port, connections))

    def work(line: str) -> dict[str, Any]:
        path, count, *rate = line.split()
        paced = float(rate[0]) if rate else None
        return {"seconds": loop.run_until_complete(crowd.click(path, int(count), paced))}

    serve_lines(work)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
