"""``sdk.queue``: jobs of the project."""

from __future__ import annotations

from aerostack._async.queue import _AsyncQueue
from aerostack._sync.queue import _Queue

__all__ = ["Queue"]


class Queue(_Queue, _AsyncQueue):
    """Jobs of the project.

    Each operation has a blocking form and one with ``_async`` that is awaited; both take the same.
    """
