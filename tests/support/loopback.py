"""A loopback address for the servers of one test process."""

from __future__ import annotations

import os
import socket

__all__ = ["HOST"]


def _own_host() -> str:
    """Return a loopback address that no other process has, if the system has more than one.

    A port that is free at 127.0.0.1 may be one that another server has just left, and its clients
    may go on knocking there: strangers to a test that counts connections.
    """
    number = os.getpid()
    host = f"127.{64 + (number >> 16) % 64}.{number >> 8 & 255}.{number & 255}"
    try:
        with socket.create_server((host, 0)):
            return host
    except OSError:  # only Linux has all of 127.0.0.0/8
        return "127.0.0.1"


HOST = _own_host()
