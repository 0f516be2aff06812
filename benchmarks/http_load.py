"""A keep-alive HTTP/1.1 connection that costs as little as Python lets it.

For load that measures a server: it knows JSON answers with a length, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast


class Connection(asyncio.Protocol):
    """One request at a time; `await Connection.open(port, key)` makes one."""

    def __init__(self, key: str) -> None:
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n".encode()
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int, key: str) -> Connection:
        """Connect."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(key), "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand out the answer once it is whole."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().rpartition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length and self._answer is not None and not self._answer.done():
            self._buffer = b""
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed"))

    async def post(self, target: str, value: Any) -> Any:
        """POST a JSON value and return the answering one; raises for any status but 2xx."""
        body = json.dumps(value, separators=(",", ":")).encode()
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(
            b"POST %b HTTP/1.1\r\n%bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (target.encode(), self._head, len(body), body)
        )
        status, answer = await self._answer
        if not 200 <= status < 300:
            raise RuntimeError(f"{target}: {status} {answer[:300]!r}")
        return json.loads(answer)

    def close(self) -> None:
        """Hang up."""
        assert self._transport is not None
        self._transport.abort()
