"""``sdk.call`` in both forms."""

from __future__ import annotations

from aerostack._async.custom import _AsyncCustom
from aerostack._sync.custom import _Custom

__all__ = ["Custom"]


class Custom(_Custom, _AsyncCustom):
    """Functions of the project's own."""
