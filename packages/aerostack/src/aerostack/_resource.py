"""A group of operations, such as ``sdk.cache``: where its methods find the two faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aerostack.errors import ClientClosedError
from quintet.errors import ClientClosedError as Closed

if TYPE_CHECKING:
    from aerostack._async.calls import AsyncCalls
    from aerostack._sync.calls import Calls
    from quintet.both_faces import BothFaces

__all__ = ["Resource"]

_CLOSED = "the SDK is closed, by `with`, close() or aclose(); make a new one"


class Resource:
    """The part of a group that is the same for both kinds of methods."""

    def __init__(self, faces: BothFaces[Any, Any]) -> None:
        self._faces = faces

    @property
    def _calls(self) -> Calls:
        try:
            calls: Calls = self._faces.blocking
        except Closed:
            raise ClientClosedError(_CLOSED) from None
        return calls

    @property
    def _acalls(self) -> AsyncCalls:
        try:
            calls: AsyncCalls = self._faces.asyncio
        except Closed:
            raise ClientClosedError(_CLOSED) from None
        return calls
