"""Opening event streams by hand, so that reading them costs as little as it can."""

from __future__ import annotations

import asyncio

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def open_stream(port: int, key: str, path: str) -> Stream:
    """Ask for an event stream; the answer is the caller's to read, head and all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {key}\r\nAccept: text/event-stream\r\n"
        f"Connection: close\r\n\r\n".encode()
    )
    return reader, writer
