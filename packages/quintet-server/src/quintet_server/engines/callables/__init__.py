"""Python functions in files of a project, run in processes of their own."""

from __future__ import annotations

from quintet_server.engines.callables.engine import Callables
from quintet_server.engines.callables.model import (
    CallableError,
    CallableFailed,
    CallablesBusy,
    CallableTimedOut,
    CallableUnavailable,
    Target,
)

__all__ = [
    "CallableError",
    "CallableFailed",
    "CallableTimedOut",
    "CallableUnavailable",
    "Callables",
    "CallablesBusy",
    "Target",
]
