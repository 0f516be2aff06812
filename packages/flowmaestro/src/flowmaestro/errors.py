"""Every exception of this package, as one tree under :class:`FlowMaestroError`.

::

    FlowMaestroError                  status_code, code, message, request_id, details, retry_after
    ├── FlowMaestroStatusError        the service answered with an error
    │   ├── ValidationError           400, 413, 422: not acceptable as it is; details["errors"]
    │   ├── AuthenticationError       401: the key is missing, wrong, revoked or expired
    │   ├── AuthorizationError        403: the key lacks a scope
    │   ├── NotFoundError             404
    │   ├── ConflictError             409: a key used otherwise, or a thread that is busy
    │   ├── ServiceTimeoutError       408 (TimeoutError): the service stopped waiting; thread_id
    │   ├── RateLimitError            429: retry_after, limit, remaining, reset_at, window
    │   └── ServerError               5xx
    ├── TimeoutError                  (built-in TimeoutError) FlowMaestroTimeoutError
    │   ├── RequestTimeoutError       a request took too long; ``phase`` says where
    │   ├── WaitTimeoutError          an execution did not end in time; ``last`` is its state
    │   ├── ServiceTimeoutError       see above
    │   └── StreamIdleError           see below
    ├── ConnectionError               (built-in ConnectionError) FlowMaestroConnectionError
    ├── StreamError                   FlowMaestroStreamError: an event stream broke for good
    │   ├── StreamIdleError           (TimeoutError) it fell silent
    │   └── StreamLimitError          a line or an event is larger than its bound
    ├── ConfigurationError            (ValueError) a client cannot be built like this
    ├── MisuseError                   (ValueError) a call is wrong; nothing was sent
    │   └── ClientClosedError         the client was closed
    ├── ProtocolError                 the peer does not speak HTTP
    ├── DecodeError                   (ValueError) the answer is not what it should be
    ├── RedirectError                 a redirect, which this service never sends
    ├── ResponseTooLargeError         (ValueError) more than ``max_response_bytes``
    ├── PagingError                   the pages of a list loop
    └── WebhookVerificationError      a webhook is not genuine

``status_code`` is 0 wherever no complete answer with an error status arrived. Each class also
derives from the runtime's class for the same trouble, so code written against
``quintet.errors`` catches it as well.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quintet import errors as runtime
from quintet.core.url import path_of
from quintet.service_errors import ServiceError, adopt_as

if TYPE_CHECKING:
    from quintet.core.error_map import ErrorBody
    from quintet.core.operation import Operation
    from quintet.core.response import Response

__all__ = [
    "AuthenticationError",
    "AuthorizationError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectionError",
    "DecodeError",
    "FlowMaestroConnectionError",
    "FlowMaestroError",
    "FlowMaestroStatusError",
    "FlowMaestroStreamError",
    "FlowMaestroTimeoutError",
    "MisuseError",
    "NotFoundError",
    "PagingError",
    "ProtocolError",
    "RateLimitError",
    "RedirectError",
    "RequestTimeoutError",
    "ResponseTooLargeError",
    "ServerError",
    "ServiceTimeoutError",
    "StreamError",
    "StreamIdleError",
    "StreamLimitError",
    "TimeoutError",
    "ValidationError",
    "WaitTimeoutError",
    "WebhookVerificationError",
]


class FlowMaestroError(ServiceError):
    """Base of every exception that this package raises.

    Attributes:
        status_code: HTTP status of the error answer, 0 if none arrived.
        code: The service's error code such as ``"resource_not_found"``; a word of ours such as
            ``"timeout"`` if the service did not answer; ``"unknown"`` if its answer named none.
        message: What the service said, or one sentence of ours. Never holds a key or a body.
        request_id: The service's id of the request, ``""`` if unknown.
        details: The service's structured details, such as the fields that are wrong.
        retry_after: Seconds the service asked to wait, ``None`` if it did not.
        attempts: How many times the request was sent.
        outcome_unknown: Whether a write may have taken effect nevertheless.
        response: The whole answer, if one arrived.
    """


class FlowMaestroStatusError(FlowMaestroError, runtime.StatusError):
    """The service answered with an error status that has no class of its own."""

    def __str__(self) -> str:
        request_id = f" (request_id: {self.request_id})" if self.request_id else ""
        return f"[{self.code}] {self.message}{self._place()}{request_id}"

    def _place(self) -> str:
        answer: Response | None = self.response
        if answer is None or not answer.method:
            return ""
        path = path_of(answer.url)
        return f" ({answer.method} {path} answered {self.status})"


class ValidationError(FlowMaestroStatusError):
    """400, 413 or 422: the request is not acceptable; ``details`` may name the fields."""


class AuthenticationError(FlowMaestroStatusError):
    """401: the key is missing, wrong, revoked or expired; ``code`` says which."""


class AuthorizationError(FlowMaestroStatusError):
    """403: the key lacks a scope; ``details["missing_scopes"]`` names it."""


class NotFoundError(FlowMaestroStatusError):
    """404: there is no such resource in the key's workspace."""


class ConflictError(FlowMaestroStatusError):
    """409: the idempotency key was used for something else, or the thread is still answering."""


class RateLimitError(FlowMaestroStatusError):
    """429: too many requests.

    Attributes:
        retry_after: Seconds to wait: from the header, else from the details. The rest of the day
            if the day's allowance is used up; that is raised at once and never slept through.
        limit: Requests per window, ``None`` if the service did not say.
        remaining: Requests left in the minute.
        reset_at: Epoch seconds at which the minute ends.
        window: ``"minute"`` or ``"day"``.
    """

    _passing = True
    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None
    window: str | None = None


class ServerError(FlowMaestroStatusError):
    """5xx: the service failed, or (501) cannot do this."""

    _passing = True


class FlowMaestroTimeoutError(FlowMaestroError, builtins.TimeoutError):
    """Something took too long; also a built-in ``TimeoutError``."""

    code = "timeout"


class RequestTimeoutError(FlowMaestroTimeoutError, runtime.TimeoutFailure):
    """A request took too long; ``phase`` names the step, ``seconds`` the limit."""

    _passing = True


class WaitTimeoutError(FlowMaestroTimeoutError, runtime.PollTimeout):
    """An execution did not end in time; ``last`` is the execution as last seen, or ``None``."""

    code = "wait_timeout"


class ServiceTimeoutError(FlowMaestroStatusError, FlowMaestroTimeoutError):
    """408: the service stopped waiting; what was asked for goes on there.

    A message that ends so **is stored and being answered**: do not send it again, look at
    ``threads.list_messages`` or ``threads.stream`` of ``thread_id``.

    Attributes:
        thread_id: The thread of the message, ``""`` if the call was about something else.
    """

    thread_id: str = ""


class FlowMaestroConnectionError(FlowMaestroError, runtime.ConnectionFailure):
    """The service could not be reached, or the connection broke; also a ``ConnectionError``."""

    _passing = True
    code = "connection_error"


class FlowMaestroStreamError(FlowMaestroError, runtime.StreamError):
    """An event stream broke for good; ``last_event_id`` says where to go on."""

    code = "stream_error"


class StreamIdleError(FlowMaestroStreamError, FlowMaestroTimeoutError, runtime.StreamIdleTimeout):
    """An event stream fell silent."""

    code = "stream_idle"


class StreamLimitError(FlowMaestroStreamError, runtime.StreamLimitError):
    """A line or an event of a stream is larger than its bound."""

    code = "stream_limit"


class ConfigurationError(FlowMaestroError, runtime.ConfigurationError):
    """A client cannot be built or used with these options."""

    code = "configuration_error"


class MisuseError(FlowMaestroError, runtime.MisuseError):
    """A call is wrong in itself; nothing was sent."""

    code = "misuse"


class ClientClosedError(MisuseError, runtime.ClientClosedError):
    """The client was closed before the call, or while it was under way."""

    code = "client_closed"


class ProtocolError(FlowMaestroError, runtime.ProtocolFailure):
    """What answered does not speak HTTP."""

    code = "protocol_error"


class DecodeError(FlowMaestroError, runtime.DecodeError):
    """A successful answer is not the JSON it should be."""

    code = "decode_error"


class RedirectError(FlowMaestroError, runtime.RedirectError):
    """A redirect arrived; this service sends none, so the base URL is wrong."""

    code = "redirect"


class ResponseTooLargeError(FlowMaestroError, runtime.BodyTooLarge):
    """The answer, counted after decompression, exceeds ``max_response_bytes``."""

    code = "response_too_large"


class PagingError(FlowMaestroError, runtime.PagingError):
    """The pages of a list come back to where they were."""

    code = "paging_error"


class WebhookVerificationError(FlowMaestroError, runtime.WebhookError):
    """A webhook is not genuine, or not readable."""

    code = "webhook_verification_failed"


# The service's documentation has these names. They hide the built-ins wherever they are imported,
# which is harmless, since each is one of them.
ConnectionError = FlowMaestroConnectionError  # noqa: A001
TimeoutError = FlowMaestroTimeoutError  # noqa: A001
StreamError = FlowMaestroStreamError

_OWN: dict[type[runtime.QuintetError], type[FlowMaestroError]] = {
    runtime.QuintetError: FlowMaestroError,
    runtime.StatusError: FlowMaestroStatusError,
    runtime.ConfigurationError: ConfigurationError,
    runtime.MisuseError: MisuseError,
    runtime.ClientClosedError: ClientClosedError,
    runtime.TransportError: FlowMaestroConnectionError,
    runtime.ConnectionFailure: FlowMaestroConnectionError,
    runtime.TimeoutFailure: RequestTimeoutError,
    runtime.ProtocolFailure: ProtocolError,
    runtime.ResponseError: DecodeError,
    runtime.DecodeError: DecodeError,
    runtime.RedirectError: RedirectError,
    runtime.LimitExceeded: ResponseTooLargeError,
    runtime.BodyTooLarge: ResponseTooLargeError,
    runtime.StreamError: FlowMaestroStreamError,
    runtime.StreamIdleTimeout: StreamIdleError,
    runtime.StreamLimitError: StreamLimitError,
    runtime.PagingError: PagingError,
    runtime.PollTimeout: WaitTimeoutError,
    runtime.WebhookError: WebhookVerificationError,
}

_BY_STATUS: dict[int, type[FlowMaestroStatusError]] = {
    400: ValidationError,
    401: AuthenticationError,
    403: AuthorizationError,
    404: NotFoundError,
    408: ServiceTimeoutError,
    409: ConflictError,
    413: ValidationError,
    422: ValidationError,
    429: RateLimitError,
}


def adopt(error: runtime.QuintetError) -> FlowMaestroError:
    """Return the error as one of this package's classes, with all it knows."""
    return adopt_as(error, FlowMaestroError, _OWN)


def from_response(response: Response, operation: Operation) -> FlowMaestroStatusError:
    """Return the error for an answer with an error status."""
    from quintet.core.error_map import parse_error_body
    from quintet.core.unsaid import redirect_note, unsaid

    body = parse_error_body(response)
    kind = _BY_STATUS.get(response.status, FlowMaestroStatusError)
    if response.status >= 500:
        kind = ServerError
    error = kind(
        redirect_note(response) or body.message or unsaid(response),
        body.code or "unknown",
        response.request_id() or body.request_id or "",
        response.status,
        response=response,
    )
    error.details = body.details
    if isinstance(error, RateLimitError):
        _fill_limits(error, response, body)
    if isinstance(error, ServiceTimeoutError) and operation.path.startswith("/threads/"):
        from urllib.parse import unquote

        segments = path_of(response.url).rpartition("/threads/")[2]
        error.thread_id = unquote(segments.partition("/")[0])
    return error


def _fill_limits(error: RateLimitError, response: Response, body: ErrorBody) -> None:
    from quintet.core.rate_limit import parse_rate_limit

    details = body.details if isinstance(body.details, Mapping) else {}
    # Only counts and the instant of the reset are read here, and that is absolute.
    limits = parse_rate_limit(response.headers, now=0.0)
    if limits is not None:
        error.limit, error.remaining = limits.limit, limits.remaining
        error.reset_at = limits.reset_at
    error.limit = _number(details.get("limit"), int) or error.limit
    window = details.get("window")
    error.window = window if isinstance(window, str) else None
    if response.headers.get("retry-after") is None:
        error.retry_after = _number(details.get("retry_after"), float)


def _number(value: Any, kind: type[Any]) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return kind(value) if is_number and 0 <= value < 2**53 else None
