"""Every exception of this package, as one tree under :class:`FlareError`.

::

    FlareError                        status_code, code, message, request_id, details, retry_after
    ├── FlareStatusError              the service answered with an error
    │   ├── InvalidRequestError       400, 413, 422: the request is not acceptable as it is
    │   ├── AuthError                 401: the key is missing, wrong or revoked
    │   ├── QuotaError                402: the allowance is used up
    │   ├── ForbiddenError            403
    │   ├── NotFoundError             404
    │   ├── ConflictError             409: idempotency or state
    │   ├── RateLimitError            429: retry_after, limit, remaining, reset_at
    │   │   └── QuotaRateLimitError   429 that waiting cannot mend; is a QuotaError too
    │   └── ServerError               5xx
    ├── FlareConfigurationError       (ValueError) a client or worker cannot be built like this
    ├── FlareMisuseError              (ValueError) a call is wrong; nothing was sent
    │   └── FlareClosedError          the client was closed
    ├── FlareConnectionError          (ConnectionError) no connection, or it broke
    ├── FlareTimeoutError             (TimeoutError) a time limit passed; ``phase`` says which
    ├── FlareProtocolError            the peer does not speak HTTP
    ├── FlareDecodeError              (ValueError) the answer is not what it should be
    ├── FlareRedirectError            a redirect, which this service never sends
    ├── ResponseTooLargeError         (ValueError) more than ``max_response_bytes``
    ├── FlareStreamError              an event stream broke; ``last_event_id`` is kept
    │   ├── FlareStreamIdleError      (TimeoutError)
    │   └── FlareStreamLimitError
    ├── FlarePagingError              the pages of a list loop
    ├── WaitTimeoutError              (TimeoutError) a job did not finish in time
    └── WebhookVerificationError      a webhook is not genuine

``status_code`` is 0 wherever no complete answer with an error status arrived. Each class also
derives from the runtime's class for the same trouble, so code written against
``quintet.errors`` catches it as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from quintet import errors as runtime
from quintet.service_errors import ServiceError, adopt_as

if TYPE_CHECKING:
    from quintet.core.operation import Operation
    from quintet.core.response import Response

__all__ = [
    "AuthError",
    "ConflictError",
    "FlareClosedError",
    "FlareConfigurationError",
    "FlareConnectionError",
    "FlareDecodeError",
    "FlareError",
    "FlareMisuseError",
    "FlarePagingError",
    "FlareProtocolError",
    "FlareRedirectError",
    "FlareStatusError",
    "FlareStreamError",
    "FlareStreamIdleError",
    "FlareStreamLimitError",
    "FlareTimeoutError",
    "ForbiddenError",
    "InvalidRequestError",
    "NotFoundError",
    "QuotaError",
    "QuotaRateLimitError",
    "RateLimitError",
    "ResponseTooLargeError",
    "ServerError",
    "WaitTimeoutError",
    "WebhookVerificationError",
]

QUOTA_CODES = frozenset({"daily_quota_exceeded", "monthly_allowance_exceeded", "spend_cap_reached"})
"""Codes of a 429 that says the allowance is used up: waiting seconds cannot help."""


class FlareError(ServiceError):
    """Base of every exception that this package raises.

    Attributes:
        status_code: HTTP status of the error answer, 0 if none arrived.
        code: The service's error code such as ``"job_not_found"``; a word of ours such as
            ``"timeout"`` if the service did not answer; ``"unknown"`` if its answer named none.
        message: One sentence for people. Never holds a key or a response body.
        request_id: The service's id of the request, ``""`` if unknown.
        details: The service's structured details, such as the fields that are wrong.
        retry_after: Seconds the service asked to wait, ``None`` if it did not.
        attempts: How many times the request was sent.
        outcome_unknown: Whether a write may have taken effect nevertheless.
        response: The whole answer, if one arrived.
    """


class FlareStatusError(FlareError, runtime.StatusError):
    """The service answered with an error status that has no class of its own."""


class InvalidRequestError(FlareStatusError):
    """400, 413 or 422: the request is not acceptable; ``details`` may name the fields."""


class AuthError(FlareStatusError):
    """401: the key is missing, wrong or revoked."""


class QuotaError(FlareStatusError):
    """402: the project's allowance of new jobs is used up."""


class ForbiddenError(FlareStatusError):
    """403: the key may not do this."""


class NotFoundError(FlareStatusError):
    """404: there is no such resource in the key's project."""


class ConflictError(FlareStatusError):
    """409: the job's state, its holder, or an idempotency key stands against it."""


class RateLimitError(FlareStatusError):
    """429: too many requests.

    Attributes:
        retry_after: Seconds to wait: the server's hint, else the time until ``reset_at``.
        limit: Requests per window, ``None`` if the server did not say.
        remaining: Requests left in the window.
        reset_at: Epoch seconds at which the window frees up.
    """

    _passing = True
    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None


class QuotaRateLimitError(RateLimitError, QuotaError):
    """429 with a quota code: the allowance is used up, so it is never retried by itself."""

    _passing = False


class ServerError(FlareStatusError):
    """5xx: the service failed."""

    _passing = True


class FlareConfigurationError(FlareError, runtime.ConfigurationError):
    """A client or worker cannot be built or used with these options."""

    code = "configuration_error"


class FlareMisuseError(FlareError, runtime.MisuseError):
    """A call is wrong in itself; nothing was sent."""

    code = "misuse"


class FlareClosedError(FlareMisuseError, runtime.ClientClosedError):
    """The client was closed before the call, or while it was under way."""

    code = "client_closed"


class FlareConnectionError(FlareError, runtime.ConnectionFailure):
    """The service could not be reached, or the connection broke."""

    _passing = True
    code = "connection_error"


class FlareTimeoutError(FlareError, runtime.TimeoutFailure):
    """A time limit passed; ``phase`` names the step, ``seconds`` the limit."""

    _passing = True
    code = "timeout"


class FlareProtocolError(FlareError, runtime.ProtocolFailure):
    """What answered does not speak HTTP."""

    code = "protocol_error"


class FlareDecodeError(FlareError, runtime.DecodeError):
    """A successful answer is not the JSON it should be."""

    code = "decode_error"


class FlareRedirectError(FlareError, runtime.RedirectError):
    """A redirect arrived; this service sends none, so the base URL is wrong."""

    code = "redirect"


class ResponseTooLargeError(FlareError, runtime.BodyTooLarge):
    """The answer, counted after decompression, exceeds ``max_response_bytes``."""

    code = "response_too_large"


class FlareStreamError(FlareError, runtime.StreamError):
    """An event stream broke for good; ``last_event_id`` says where to go on."""

    code = "stream_error"


class FlareStreamIdleError(FlareStreamError, runtime.StreamIdleTimeout):
    """An event stream fell silent."""

    code = "stream_idle"


class FlareStreamLimitError(FlareStreamError, runtime.StreamLimitError):
    """A line or an event of a stream is larger than its bound."""

    code = "stream_limit"


class FlarePagingError(FlareError, runtime.PagingError):
    """The pages of a list come back to where they were."""

    code = "paging_error"


class WaitTimeoutError(FlareError, runtime.PollTimeout):
    """A job did not reach a final state in time; ``last`` is how it was last seen."""

    code = "wait_timeout"


class WebhookVerificationError(FlareError, runtime.WebhookError):
    """A webhook is not genuine, too old, or not readable."""

    code = "webhook_verification_failed"


_OWN: dict[type[runtime.QuintetError], type[FlareError]] = {
    runtime.QuintetError: FlareError,
    runtime.StatusError: FlareStatusError,
    runtime.ConfigurationError: FlareConfigurationError,
    runtime.MisuseError: FlareMisuseError,
    runtime.ClientClosedError: FlareClosedError,
    runtime.TransportError: FlareConnectionError,
    runtime.ConnectionFailure: FlareConnectionError,
    runtime.TimeoutFailure: FlareTimeoutError,
    runtime.ProtocolFailure: FlareProtocolError,
    runtime.ResponseError: FlareDecodeError,
    runtime.DecodeError: FlareDecodeError,
    runtime.RedirectError: FlareRedirectError,
    runtime.LimitExceeded: ResponseTooLargeError,
    runtime.BodyTooLarge: ResponseTooLargeError,
    runtime.StreamError: FlareStreamError,
    runtime.StreamIdleTimeout: FlareStreamIdleError,
    runtime.StreamLimitError: FlareStreamLimitError,
    runtime.PagingError: FlarePagingError,
    runtime.PollTimeout: WaitTimeoutError,
    runtime.WebhookError: WebhookVerificationError,
}

_BY_STATUS: dict[int, type[FlareStatusError]] = {
    400: InvalidRequestError,
    401: AuthError,
    402: QuotaError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
}


def adopt(error: runtime.QuintetError) -> FlareError:
    """Return the error as one of this package's classes, with all it knows."""
    return adopt_as(error, FlareError, _OWN)


def from_response(
    response: Response, operation: Operation, *, now: Callable[[], float] = time.time
) -> FlareStatusError:
    """Return the error for an answer with an error status."""
    from quintet.core.error_map import parse_error_body
    from quintet.core.unsaid import redirect_note, unsaid

    body = parse_error_body(response)
    code = body.code or "unknown"
    place = f"{response.method} {response.url.partition('?')[0]}"
    said = redirect_note(response) or body.message or unsaid(response)
    error = _class_for(response.status, code)(
        f"{operation.name} failed: {said} ({place} answered {response.status} {code})",
        code,
        body.request_id or "",
        response.status,
        response=response,
    )
    error.details = body.details
    if isinstance(error, RateLimitError):
        _fill_limits(error, response, now())
    return error


def says_no_such_job(error: NotFoundError) -> bool:
    """Tell the service's "no such job" from the 404 of a proxy or a wrong base URL.

    The first has the code, or is a JSON error without any code; a page of HTML, or JSON that is no
    error of this service, is the second.
    """
    if error.code == "job_not_found":
        return True
    if error.code != "unknown" or error.response is None:
        return False
    from quintet.core.error_map import parse_error_body

    raw = parse_error_body(error.response).raw
    if isinstance(raw, dict):
        return not raw or isinstance(raw.get("error"), dict)
    return raw is None and error.response.content_type == "application/json"


def is_final(response: Response) -> bool:
    """Tell of a 429 that a repeat cannot help: the quota is used up."""
    if response.status != 429:
        return False
    from quintet.core.error_map import parse_error_body

    return parse_error_body(response).code in QUOTA_CODES


def _class_for(status: int, code: str) -> type[FlareStatusError]:
    if status == 429 and code in QUOTA_CODES:
        return QuotaRateLimitError
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, FlareStatusError)


def _fill_limits(error: RateLimitError, response: Response, now: float) -> None:
    from quintet.core.rate_limit import parse_rate_limit

    limits = parse_rate_limit(response.headers, now=now)
    if limits is None:
        return
    error.limit, error.remaining = limits.limit, limits.remaining
    error.reset_at = limits.reset_at
    error.retry_after = limits.retry_after if limits.retry_after is not None else limits.reset_after
