"""Head and body of an answer in one write.

The HTTP server writes them one after the other, which costs two system calls, two packets, and
wakes the client twice. Here a first write is held until the second, or until the event loop comes
round: nothing waits for more than the rest of the current step.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["OneWriteProtocol"]

# Joining copies: more than this costs more than the second write, and must not wait, since only
# what has been written counts for back-pressure.
_JOINED_MAX_BYTES = 32 * 1024


class OneWriteProtocol(HttpToolsProtocol):
    """The HTTP server's connection, on a transport that joins writes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, with the transport wrapped."""
        super().connection_made(_JoiningTransport(transport, self.loop))


class _JoiningTransport(asyncio.Transport):
    __slots__ = ("_held", "_inner", "_loop")

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._inner = inner
        self._loop = loop
        self._held: bytes | None = None

    def write(self, data: Any) -> None:
        if len(data) > _JOINED_MAX_BYTES:
            self._flush()
            self._inner.write(data)
        elif self._held is None:
            self._held = bytes(data)
            self._loop.call_soon(self._flush)
        else:
            held, self._held = self._held, None
            self._inner.write(held + data if data else held)

    def _flush(self) -> None:
        held, self._held = self._held, None
        if held:
            self._inner.write(held)

    def close(self) -> None:
        self._flush()
        self._inner.close()

    def abort(self) -> None:
        self._held = None
        self._inner.abort()

    def is_closing(self) -> bool:
        return self._inner.is_closing()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._flush()
        self._inner.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._inner.get_protocol()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def is_reading(self) -> bool:
        return self._inner.is_reading()

    def get_write_buffer_size(self) -> int:
        return self._inner.get_write_buffer_size() + len(self._held or b"")

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._inner.set_write_buffer_limits(high, low)
