"""What a call may ask of its driver: a closed set of five effects.

A *program* is a generator that decides.  It yields effects, is sent their results, and has
failures thrown in at the point where it yielded.  It never touches a socket or a clock that
waits, so the same program serves the blocking and the asyncio driver, and a test can play the
driver with a list of answers.

==========  ===========================  =================================================
effect      sent back                    meaning
==========  ===========================  =================================================
Send        an :class:`Exchange`         write the request, wait for the head of the answer
Read        ``bytes``, ``b""`` at end    the next piece of the raw body
Close       None                         give the connection back, or drop it
Sleep       None                         let so many seconds pass
Emit        None                         hand a value to whoever iterates over the program
==========  ===========================  =================================================
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Union

if TYPE_CHECKING:
    from quintet.core.headers import Headers
    from quintet.core.request import Request

__all__ = ["Close", "Effect", "Emit", "Exchange", "Program", "Read", "Send", "Sleep"]

T = TypeVar("T")


class Exchange(Protocol):
    """An answer whose head has arrived; how its body is read is the driver's affair."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> Headers:
        """As they came."""
        ...

    @property
    def http_version(self) -> str:
        """Such as ``"HTTP/1.1"``."""
        ...


class Send:
    """Send ``request``; everything up to the head must be done at ``until`` (monotonic)."""

    __slots__ = ("request", "seconds", "until")

    def __init__(self, request: Request, until: float | None, seconds: float | None) -> None:
        self.request = request
        self.until = until
        self.seconds = seconds


class Read:
    """Read the next piece of the body, waiting until ``until`` at most.

    With ``rest`` the piece may be all that is left, if the exchange can tell how much that is.
    """

    __slots__ = ("exchange", "rest", "seconds", "until")

    def __init__(
        self,
        exchange: Exchange,
        until: float | None,
        seconds: float | None,
        *,
        rest: bool = False,
    ) -> None:
        self.exchange = exchange
        self.until = until
        self.seconds = seconds
        self.rest = rest


class Close:
    """Finish with an exchange: its connection is reused if the body was read to the end."""

    __slots__ = ("exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange


class Sleep:
    """Let ``seconds`` pass."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Emit:
    """Hand ``value`` to the iteration that drives the program."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


Effect = Union[Send, Read, Close, Sleep, Emit]
Program = Generator[Effect, Any, T]
