"""One request, ready for the wire, as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from quintet.core.headers import Headers
from quintet.core.record import LightRecord

if TYPE_CHECKING:
    from quintet.core.body import Body

__all__ = ["NO_BODY", "Request"]

NO_BODY: Any = object()
"""Distinguishes "no body" from the JSON value ``null``."""


class Request(LightRecord):
    """What a transport is given to send; nothing is added to it on the way but framing.

    Attributes:
        method: In capitals.
        url: Absolute, encoded, without fragment.
        headers: Pairs in the order of sending.
        body: ``bytes`` as they are; a ``Body`` to be streamed; ``None`` for no body at all.
    """

    __slots__ = _fields = ("method", "url", "headers", "body")

    def __init__(
        self,
        method: str,
        url: str,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | Body | None = None,
    ) -> None:
        self.method: Final = method
        self.url: Final = url
        self.headers: Final = headers
        self.body: Final = body

    @property
    def rewindable(self) -> bool:
        """True if the body can be sent once more from its beginning."""
        body = self.body
        return body is None or isinstance(body, bytes) or body.replayable

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Request cannot be pickled: its headers hold credentials")

    def __repr__(self) -> str:
        # The query may hold a secret and the body someone's data: neither is shown.
        path = self.url.partition("?")[0]
        size = len(self.body) if isinstance(self.body, bytes) else self.body
        return f"Request({self.method} {path}, {Headers(self.headers)!r}, body={size!r})"
