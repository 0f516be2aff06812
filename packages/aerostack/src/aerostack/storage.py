"""``sdk.storage``: files of the project."""

from __future__ import annotations

from aerostack._async.storage import _AsyncStorage
from aerostack._sync.storage import _Storage

__all__ = ["Storage"]


class Storage(_Storage, _AsyncStorage):
    """Files of the project, by key.

    Each operation has a blocking form and one with ``_async`` that is awaited; both take the same.
    """
