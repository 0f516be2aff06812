"""Frames between the server and a process: a length in four bytes, big end first, and JSON.

The standard library's JSON on both sides: integers of any size pass through it unchanged.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from quintet_server.engines.callables.child import LENGTH

_LARGEST = (1 << 32) - 1


def encode(value: Any) -> bytes:
    """A value as a frame. Raises ValueError for NaN, and for what is too large for any frame."""
    data = json.dumps(value, allow_nan=False).encode()
    if len(data) > _LARGEST:
        raise ValueError("too large for a frame")
    return LENGTH.pack(len(data)) + data


async def read_frame(stream: asyncio.StreamReader, max_bytes: int) -> dict[str, Any]:
    """The next frame.

    Raises:
        EOFError: the stream has ended.
        ValueError: larger than `max_bytes`, or no object; the stream cannot be read on.
    """
    (length,) = LENGTH.unpack(await stream.readexactly(LENGTH.size))
    if length > max_bytes:
        raise ValueError(f"a frame of {length} bytes")
    said = json.loads(await stream.readexactly(length))
    if not isinstance(said, dict):
        raise ValueError("a frame that is no object")  # noqa: TRY004 - nonsense on the wire
    return said
