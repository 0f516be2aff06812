"""``sdk.cache``: keys and values of the project."""

from __future__ import annotations

from aerostack._async.cache import _AsyncCache
from aerostack._sync.cache import _Cache

__all__ = ["Cache"]


class Cache(_Cache, _AsyncCache):
    """Keys and values of the project; a value is any JSON.

    Each operation has a blocking form and one with ``_async`` that is awaited; both take the same.
    """
