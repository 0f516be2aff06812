"""One request, ready for the wire, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from quintet.core.body import Body
from quintet.core.headers import Headers

__all__ = ["Request"]


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """What a transport is given to send; nothing is added to it on the way but framing.

    Attributes:
        method: In capitals.
        url: Absolute, encoded, without fragment.
        headers: Pairs in the order of sending.
        body: ``bytes`` as they are; a ``Body`` to be streamed; ``None`` for no body at all.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Body | None = None

    @property
    def rewindable(self) -> bool:
        """True if the body can be sent once more from its beginning."""
        return not isinstance(self.body, Body) or self.body.replayable

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Request cannot be pickled: its headers hold credentials")

    def __repr__(self) -> str:
        # The query may hold a secret and the body someone's data: neither is shown.
        path = self.url.partition("?")[0]
        size = len(self.body) if isinstance(self.body, bytes) else self.body
        return f"Request({self.method} {path}, {Headers(self.headers)!r}, body={size!r})"
