"""Everything that can go wrong, as one tree.

::

    QuintetError
    ├── MisuseError (ValueError)              the library was called wrongly; nothing was sent
    │   └── ClientClosedError                 the client was closed before or during the call
    ├── ConfigurationError (ValueError)       a client cannot be built or used with these options
    ├── TransportError                        no complete answer arrived
    │   ├── ConnectionFailure (ConnectionError)   could not connect, or the connection broke
    │   ├── TimeoutFailure (TimeoutError)     a time limit passed; ``phase`` says in which step
    │   └── ProtocolFailure                   the peer's bytes are not HTTP
    ├── StatusError                           a complete answer with an error status
    ├── ResponseError                         a complete answer that is of no use
    │   ├── DecodeError (ValueError)          wrong compression, wrong JSON, wrong shape
    │   ├── RedirectError                     a redirect that must not or cannot be followed
    │   └── LimitExceeded                     a bound was hit; ``bound`` and ``limit`` name it
    │       └── BodyTooLarge (ValueError)     the body is larger than its bound allows
    ├── StreamError                           an event stream broke; ``last_event_id`` is kept
    │   ├── StreamInterrupted                 it ended before its terminal event
    │   ├── StreamIdleTimeout (TimeoutError)  no bytes within the idle timeout
    │   └── StreamLimitError                  a line or an event is larger than its bound
    ├── PagingError                           a page walk loops or exceeds its bound
    ├── PollTimeout (TimeoutError)            the awaited state did not come in time
    └── WebhookError                          a webhook is not genuine or not readable

An SDK puts its documented names over this tree by deriving from both.  No error ever holds a
credential or prints a body; the response that caused it is reachable as ``response``.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "BodyTooLarge",
    "ClientClosedError",
    "ConfigurationError",
    "ConnectionFailure",
    "DecodeError",
    "LimitExceeded",
    "MisuseError",
    "PagingError",
    "PollTimeout",
    "ProtocolFailure",
    "QuintetError",
    "RedirectError",
    "ResponseError",
    "StatusError",
    "StreamError",
    "StreamIdleTimeout",
    "StreamInterrupted",
    "StreamLimitError",
    "TimeoutFailure",
    "TransportError",
    "WebhookError",
]


class QuintetError(Exception):
    """Base of every error that the runtime raises on purpose.

    Attributes:
        message: One sentence: what was attempted, what came back, what to do.
        status: HTTP status of the answer, 0 if there was none.
        code: The service's own error code, ``""`` if the answer named none.
        request_id: The service's id of the request, for its support or its logs; ``""`` if unknown.
        retry_after: Seconds the service asked to wait, if it did.
        attempts: How many times the request was sent or tried; 0 if never.
        details: The service's structured details, if any.
        response: The whole answer as a :class:`~quintet.core.response.Response`, if one arrived.
        outcome_unknown: True if a write may or may not have taken effect.
        method: HTTP method of the request, ``""`` if none was made.
        url: Its URL, as sent.
    """

    status: int = 0
    code: str = ""
    request_id: str = ""
    retry_after: float | None = None
    attempts: int = 0
    details: Any = None
    # A quintet.Response.  Not said in its type, since that module builds on this one; an SDK says
    # it in its own base class.
    response: Any = None
    outcome_unknown: bool = False
    method: str = ""
    url: str = ""

    def __init__(self, message: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(fields)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only construction is not picklable by default, and subclasses may ask for
        # other arguments: rebuild without calling __init__.
        return (_rebuild, (type(self), self.args, dict(self.__dict__)))


def _rebuild(cls: type[QuintetError], args: tuple[Any, ...], state: dict[str, Any]) -> QuintetError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class MisuseError(QuintetError, ValueError):
    """The library was called wrongly; nothing was sent and nothing will change by retrying."""


class ClientClosedError(MisuseError):
    """The client was closed before the call, or while it was under way."""


class ConfigurationError(QuintetError, ValueError):
    """A client cannot be built or used with these options."""


class TransportError(QuintetError):
    """No complete answer arrived.

    Attributes:
        progress: How far the exchange got: 0 nothing sent, 1 request sent (wholly or in part),
            2 response begun.  Whether a repeat is safe depends on it.
        reused: True if the exchange ran on a kept-alive connection; together with progress 1
            it usually means that the peer had just closed an idle connection.
        repeatable: False for failures that a repeat cannot mend, such as a bad certificate.
    """

    progress: int = 0
    reused: bool = False
    repeatable: bool = True


class ConnectionFailure(TransportError, ConnectionError):
    """The connection could not be made, or broke before the answer was complete."""


class TimeoutFailure(TransportError, TimeoutError):
    """A time limit passed.

    Attributes:
        phase: ``"pool"``, ``"connect"``, ``"write"``, ``"read"`` or ``"deadline"`` (the bound
            of the whole call, attempts and waits included).
        seconds: The limit that passed, in seconds.
    """

    phase: str = "read"
    seconds: float | None = None


class ProtocolFailure(TransportError):
    """The peer sent bytes that are not HTTP, or this side would have."""


class StatusError(QuintetError):
    """A complete answer with an error status."""


class ResponseError(QuintetError):
    """A complete answer that is of no use."""


class DecodeError(ResponseError, ValueError):
    """The body is not what its headers or the service's documents say."""


class RedirectError(ResponseError):
    """A redirect that must not be followed, or cannot be."""


class LimitExceeded(ResponseError):
    """A bound was hit.

    Attributes:
        bound: The name of the option that sets the bound.
        limit: Its value.
    """

    bound: str = ""
    limit: int = 0


class BodyTooLarge(LimitExceeded, ValueError):
    """The body, counted after decompression, is larger than ``max_response_bytes``.

    Of a download it is ``max_bytes``, as ``bound`` then says.
    """

    bound = "max_response_bytes"


class StreamError(QuintetError):
    """An event stream broke.

    Attributes:
        last_event_id: The id to resume after, ``""`` if no event carried one.
    """

    last_event_id: str = ""


class StreamInterrupted(StreamError):
    """The stream ended before its terminal event, and reconnecting did not help."""


class StreamIdleTimeout(StreamError, TimeoutError):
    """No byte, not even a comment, arrived within the idle timeout."""


class StreamLimitError(StreamError):
    """A line or an event is larger than its bound.

    Attributes:
        bound: ``"max_line_bytes"`` or ``"max_event_bytes"``.
        limit: Its value in bytes.
    """

    bound: str = ""
    limit: int = 0


class PagingError(QuintetError):
    """A page walk came back to a cursor it had seen, or exceeded its bound."""


class PollTimeout(QuintetError, TimeoutError):
    """The awaited state did not come in time.

    Attributes:
        last: The last state object that was seen, or None.
    """

    last: Any = None


class WebhookError(QuintetError):
    """A webhook is not genuine, too old, or not readable."""
