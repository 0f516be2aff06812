"""What takes the place of a stream that cannot be had, or not any more.

A stream may be offered for a request that must not be sent twice, by a server that may not know
the stream at all, and it may break for good just before its end.  A service says here what else it
has: another way to go on, and ordinary answers that tell how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Union

from quintet.core.record import Record
from quintet.core.sse.event import ServerSentEvent

if TYPE_CHECKING:
    from quintet.core.attempts import Plan
    from quintet.core.response import Response

__all__ = ["Detour", "Fallbacks", "Reading"]


class Detour(Record):
    """An ordinary call whose answer stands for events.

    Attributes:
        plan: The call.
        read: Turns its answer into events, the last of which ends the stream; into a further
            call; or into None if it tells nothing.
    """

    __slots__ = _fields = ("plan", "read")
    plan: Plan
    read: Callable[[Response], Reading]

    def __init__(self, plan: Plan, read: Callable[[Response], Reading]) -> None:
        self._fill(plan, read)


Reading = Union[Sequence[ServerSentEvent], Detour, None]


class Fallbacks(Record):
    """The other ways of one stream.

    Attributes:
        answered: Reads a first answer that is a success but no stream.  None from it: go on with
            ``resume``.  Itself None: such an answer is an error.
        refused: Statuses of the first answer that mean "no stream here", and what to call then.
        resume: Gives the request of every connection but the first; asked each time, since what
            has been seen by then may be part of it.  None: the first request again.
        ended: Gives the call to look with whenever a stream ended without a terminal event and
            without a failure; asked then.  What it tells ends the stream; if it tells nothing,
            the stream is opened again.  None: it is opened again at once.
        rescue: Gives the call to look with before giving up on a stream that had been open; asked
            then.  None, or None from it: there is none.
    """

    __slots__ = _fields = ("answered", "refused", "resume", "ended", "rescue")
    answered: Callable[[Response], Reading] | None
    refused: Mapping[int, Detour]
    resume: Callable[[], Plan] | None
    ended: Callable[[], Detour | None] | None
    rescue: Callable[[], Detour | None] | None

    def __init__(
        self,
        answered: Callable[[Response], Reading] | None = None,
        refused: Mapping[int, Detour] | None = None,
        resume: Callable[[], Plan] | None = None,
        ended: Callable[[], Detour | None] | None = None,
        rescue: Callable[[], Detour | None] | None = None,
    ) -> None:
        self._fill(answered, refused or {}, resume, ended, rescue)
