"""The name a worker goes by on the wire."""

from __future__ import annotations

import os
import re
import secrets
import socket

MAX_WORKER_ID = 100
_RANDOM_BYTES = 8
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]+")


def make_worker_id(hostname: str) -> str:
    """Return ``wrk_<host>_<pid>_<random>`` of at most 100 allowed characters.

    The random part tells replicas apart whose host names are alike and whose process is always 1;
    it is never what a long host name pushes out.
    """
    tail = f"_{os.getpid()}_{secrets.token_hex(_RANDOM_BYTES)}"
    host = _NOT_ALLOWED.sub("-", hostname).strip("-") or "host"
    return f"wrk_{host[: MAX_WORKER_ID - len('wrk_') - len(tail)]}{tail}"


def local_hostname() -> str:
    """Return this machine's name, ``"unknown"`` if it has none."""
    return socket.gethostname() or "unknown"
