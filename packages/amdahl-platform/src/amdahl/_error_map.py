"""Which of this package's classes an error becomes: by the service's code, by status, by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amdahl._envelope import read_error
from amdahl.errors import (
    AmdahlError,
    APIStatusError,
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    DecodeError,
    InvalidArgumentError,
    InvalidSpecError,
    InvalidSqlError,
    MisuseError,
    NotFoundError,
    NotOnPublicApiError,
    PaginationError,
    PermissionDeniedError,
    ProtocolError,
    QueryTimeoutError,
    QuotaError,
    RateLimitError,
    RedirectError,
    RequestTimeoutError,
    ResponseTooLargeError,
    ServerError,
    SignatureError,
    StreamError,
    StreamIdleError,
    StreamLimitError,
    WaitTimeoutError,
)
from quintet import errors as runtime
from quintet.core.retry import RetryClass
from quintet.service_errors import adopt_as

if TYPE_CHECKING:
    from quintet.core.operation import Operation
    from quintet.core.response import Response

__all__ = ["adopt", "from_response"]

_OWN: dict[type[runtime.QuintetError], type[AmdahlError]] = {
    runtime.QuintetError: AmdahlError,
    runtime.StatusError: APIStatusError,
    runtime.ConfigurationError: ConfigurationError,
    runtime.MisuseError: MisuseError,
    runtime.ClientClosedError: ClientClosedError,
    runtime.TransportError: ConnectionFailedError,
    runtime.ConnectionFailure: ConnectionFailedError,
    runtime.TimeoutFailure: RequestTimeoutError,
    runtime.ProtocolFailure: ProtocolError,
    runtime.ResponseError: DecodeError,
    runtime.DecodeError: DecodeError,
    runtime.RedirectError: RedirectError,
    runtime.LimitExceeded: ResponseTooLargeError,
    runtime.BodyTooLarge: ResponseTooLargeError,
    runtime.StreamError: StreamError,
    runtime.StreamIdleTimeout: StreamIdleError,
    runtime.StreamLimitError: StreamLimitError,
    runtime.PagingError: PaginationError,
    runtime.PollTimeout: WaitTimeoutError,
    runtime.WebhookError: SignatureError,
}

_BY_CODE: dict[str, type[APIStatusError]] = {
    **dict.fromkeys(("invalid_argument", "invalid_request", "invalid_input"), InvalidArgumentError),
    "invalid_sql": InvalidSqlError,
    "invalid_spec": InvalidSpecError,
    "unauthenticated": AuthenticationError,
    **dict.fromkeys(
        (
            "missing_scope",
            "scope_denied",
            "role_too_low",
            "not_admin",
            "oauth_required",
            "cli_client_required",
            "no_business",
        ),
        PermissionDeniedError,
    ),
    "not_on_public_api": NotOnPublicApiError,
    "not_found": NotFoundError,
    **dict.fromkeys(
        (
            "conflict",
            "invalid_state",
            "version_conflict",
            "idempotency_conflict",
            "idempotency_in_progress",
        ),
        ConflictError,
    ),
    "timeout": QueryTimeoutError,
    "rate_limited": RateLimitError,
    **dict.fromkeys(("quota_exceeded", "quota_exhausted", "too_many_pending"), QuotaError),
    "internal": ServerError,
    "unavailable": ServerError,
}

_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: InvalidArgumentError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: QueryTimeoutError,
    409: ConflictError,
    422: InvalidArgumentError,
    429: RateLimitError,
    504: QueryTimeoutError,
}

# What may have happened behind these is not known: a proxy writes them as well.
_UNCLEAR = frozenset({500, 502, 504})


def adopt(error: runtime.QuintetError) -> AmdahlError:
    """Return the error as one of this package's classes, with all it knows."""
    return adopt_as(error, AmdahlError, _OWN)


def from_response(response: Response, operation: Operation) -> APIStatusError:
    """Return the error for an answer; its class comes from the code, then from the status."""
    facts = read_error(response)
    status = response.status
    other = ServerError if status >= 500 else APIStatusError
    kind = _BY_CODE.get(facts.code) or _BY_STATUS.get(status) or other
    error = kind(status, facts.code, facts.message, facts.body, response=response)
    error.details = facts.details
    error.request_id = response.request_id() or facts.request_id
    if status in _UNCLEAR and operation.retry is RetryClass.NEVER:
        error.outcome_unknown = True
    if isinstance(error, RateLimitError):
        _fill_limits(error, response)
    return error


def _fill_limits(error: RateLimitError, response: Response) -> None:
    from quintet.core.rate_limit import parse_rate_limit

    # Only counts and the instant of the reset are read here, and that is absolute.
    limits = parse_rate_limit(response.headers, now=0.0)
    if limits is not None:
        error.limit, error.remaining = limits.limit, limits.remaining
        error.reset_at = limits.reset_at
