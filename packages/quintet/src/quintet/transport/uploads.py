"""Request bodies on their way out: whose fault a failure is.

While a library sends a streamed body it calls back into the caller's own code (a file, a
generator).  What that raises is not the connection's failure, must not be retried as one, and
reaches the caller as it is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any, Protocol

from quintet.core.body import Body

__all__ = ["async_outgoing", "outgoing"]


class Notebook(Protocol):
    """Where the failure of a body is written down."""

    source_failure: Exception | None


def outgoing(body: bytes | Body | None, notebook: Notebook) -> Any:
    """Return a body as blocking HTTP libraries take it."""
    return _chunks(body, notebook) if isinstance(body, Body) else body


def async_outgoing(body: bytes | Body | None, notebook: Notebook) -> Any:
    """Return a body as asyncio HTTP libraries take it."""
    return _async_chunks(body, notebook) if isinstance(body, Body) else body


def _chunks(body: Body, notebook: Notebook) -> Iterator[bytes]:
    try:
        yield from body.chunks()
    except Exception as failure:
        notebook.source_failure = failure
        raise


async def _async_chunks(body: Body, notebook: Notebook) -> AsyncGenerator[bytes, None]:
    # Imported here: blocking clients have no use for asyncio.
    from quintet.transport.read_aside import read_aside

    try:
        async with aclosing(body.async_chunks(read_aside)) as chunks:
            async for chunk in chunks:
                yield chunk
    except Exception as failure:
        notebook.source_failure = failure
        raise
