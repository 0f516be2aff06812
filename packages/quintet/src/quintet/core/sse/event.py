"""One server-sent event."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from quintet.errors import DecodeError

__all__ = ["ServerSentEvent"]


class ServerSentEvent(NamedTuple):
    """One event as the WHATWG rules dispatch it.

    A named tuple because streams carry hundreds of thousands of them and this is the cheapest
    immutable object there is.

    Attributes:
        event: The type, ``"message"`` if the stream names none.
        data: The data lines, joined by line feeds.
        id: The stream's last event id at this event; an event without an id of its own carries
            that of an earlier one.
        retry: Milliseconds the server asks to wait before reconnecting, if this event says so.
    """

    event: str = "message"
    data: str = ""
    id: str = ""
    retry: int | None = None

    def json(self) -> Any:
        """Return the data as JSON.

        Raises:
            DecodeError: It is not JSON.  The message names type and id, never the data.
        """
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError) as error:
            raise DecodeError(
                f"expected JSON in the event {self.event[:80]!r} with id {self.id[:80]!r}, "
                f"got {len(self.data)} characters of something else"
            ) from error
