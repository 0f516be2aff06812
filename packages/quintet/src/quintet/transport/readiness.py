"""Whether a socket has something to read, or takes something: asked by one system call."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable

__all__ = ["IN", "OUT", "Ready", "poller"]

IN = getattr(select, "POLLIN", 1)
OUT = getattr(select, "POLLOUT", 4)

Ready = Callable[["float | None"], "list[tuple[int, int]]"]
"""Waits so many milliseconds, None for ever; returns the socket's events, nothing if in vain."""


def poller(sock: socket.socket, events: int) -> Ready:
    """Return what waits so many milliseconds for a socket, and returns nothing if in vain."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, events)
        return poll.poll
    return lambda milliseconds: _select(sock, events, milliseconds)


def _select(sock: socket.socket, events: int, milliseconds: float | None) -> list[tuple[int, int]]:
    """The same on a system without ``poll``, which is Windows."""
    seconds = None if milliseconds is None else milliseconds / 1000
    wanted = [sock]
    readable, writable, broken = select.select(
        wanted if events & IN else [], wanted if events & OUT else [], wanted, seconds
    )
    found = (IN if readable or broken else 0) | (OUT if writable or broken else 0)
    return [(sock.fileno(), found)] if found else []
