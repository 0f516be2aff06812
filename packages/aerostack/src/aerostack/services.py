"""``sdk.services``: other services of the project."""

from __future__ import annotations

from aerostack._async.services import _AsyncServices
from aerostack._sync.services import _Services

__all__ = ["Services"]


class Services(_Services, _AsyncServices):
    """Other services of the project.

    Each operation has a blocking form and one with ``_async`` that is awaited; both take the same.
    """
