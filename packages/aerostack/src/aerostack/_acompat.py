"""The two worlds in pairs, for what this package does besides the runtime.

``PAIRS`` is the table that the generator of the blocking twins reads. Nothing here imports asyncio
before asynchronous code runs: a blocking program must not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["PAIRS", "aabandon", "abandon", "aside", "at_once"]

T = TypeVar("T")

PAIRS = {"aabandon": "abandon", "aside": "at_once"}


def aabandon(transport: Any) -> None:
    """Close a transport of the asyncio world without awaiting."""
    transport.abandon()


def abandon(transport: Any) -> None:
    """Close a transport of the blocking world, which never waits for it."""
    transport.close()


async def aside(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that may block, in a worker thread."""
    import asyncio

    return await asyncio.to_thread(function, *arguments)


def at_once(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function here and now."""
    return function(*arguments)
