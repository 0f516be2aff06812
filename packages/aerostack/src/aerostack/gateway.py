"""``sdk.gateway``: APIs that others pay for."""

from __future__ import annotations

from aerostack._async.gateway import _AsyncGateway
from aerostack._sync.gateway import _Gateway

__all__ = ["Gateway"]


class Gateway(_Gateway, _AsyncGateway):
    """Chats with APIs of a gateway, wallets and billing.

    Each operation has a blocking form and one with ``_async`` that is awaited; both take the same.
    """
