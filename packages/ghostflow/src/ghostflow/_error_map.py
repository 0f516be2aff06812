"""Which of this package's classes an error becomes, and what an error answer says of itself.

The service writes ``{"code", "message", "details", "requestId"}``; proxies and validators in front
of it write other things. Whatever comes, the status survives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ghostflow._wire import SELF_HOSTED
from ghostflow.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    ConflictError,
    GhostFlowError,
    InvalidResponseError,
    MisuseError,
    NotFoundError,
    PagingError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitedError,
    RedirectError,
    ResponseTooLargeError,
    ServerError,
    ValidationError,
    WebhookVerificationError,
)
from ghostflow.responses import read_rate_limit
from quintet import errors as runtime
from quintet.core.error_map import parse_error_body
from quintet.core.retry import RetryClass
from quintet.core.retry_after import parse_retry_after
from quintet.core.unsaid import answered, is_page, redirect_note
from quintet.core.url import LOOK_AT_BASE_URL
from quintet.service_errors import adopt_as

if TYPE_CHECKING:
    from quintet.core.error_map import ErrorBody
    from quintet.core.operation import Operation
    from quintet.core.response import Response

__all__ = ["adopt", "from_response"]

_OWN: dict[type[runtime.QuintetError], type[GhostFlowError]] = {
    runtime.QuintetError: GhostFlowError,
    runtime.StatusError: APIStatusError,
    runtime.ConfigurationError: ConfigurationError,
    runtime.MisuseError: MisuseError,
    runtime.ClientClosedError: ClientClosedError,
    runtime.TransportError: APIConnectionError,
    runtime.ConnectionFailure: APIConnectionError,
    runtime.TimeoutFailure: APITimeoutError,
    runtime.ProtocolFailure: ProtocolError,
    runtime.ResponseError: InvalidResponseError,
    runtime.DecodeError: InvalidResponseError,
    runtime.RedirectError: RedirectError,
    runtime.LimitExceeded: ResponseTooLargeError,
    runtime.BodyTooLarge: ResponseTooLargeError,
    runtime.PagingError: PagingError,
    runtime.WebhookError: WebhookVerificationError,
}

_BY_CODE: dict[str, type[APIStatusError]] = {
    **dict.fromkeys(("VALIDATION_ERROR", "TEAM_REQUIRED"), ValidationError),
    **dict.fromkeys(
        ("AUTH_REQUIRED", "AUTH_INVALID_API_KEY", "AUTH_INVALID_TOKEN", "AUTH_TOKEN_EXPIRED"),
        AuthenticationError,
    ),
    **dict.fromkeys(("AUTH_INSUFFICIENT_SCOPE", "TEAM_FORBIDDEN"), PermissionDeniedError),
    **dict.fromkeys(("NOT_FOUND", "CLICK_NOT_FOUND"), NotFoundError),
    **dict.fromkeys(
        (
            "CONFLICT",
            "IDEMPOTENCY_IN_PROGRESS",
            "IDEMPOTENCY_KEY_REUSED",
            "PRECONDITION_FAILED",
        ),
        ConflictError,
    ),
    "RATE_LIMITED": RateLimitedError,
    **dict.fromkeys(("INTERNAL_ERROR", "SERVICE_UNAVAILABLE"), ServerError),
}

_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: ValidationError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    413: ValidationError,
    415: ValidationError,
    422: ValidationError,
    429: RateLimitedError,
}

_MOST = 1000
_EXCERPT = 200
# What may have happened behind these is not known: a proxy writes them as well.
_UNCLEAR = frozenset({408, 500, 502, 504, *range(520, 525)})
_SAID_SO = frozenset({"NOT_FOUND", "CLICK_NOT_FOUND"})


def adopt(error: runtime.QuintetError) -> GhostFlowError:
    """Return the error as one of this package's classes, with all it knows."""
    return adopt_as(error, GhostFlowError, _OWN)


def from_response(
    response: Response, operation: Operation, *, now: float, vendor: bool = False
) -> APIStatusError:
    """Return the error for an answer with an error status, complete.

    Args:
        now: Epoch seconds, for hints that are relative.
        vendor: Whether the hosted service answered, which is known to have some endpoints only.
    """
    body = parse_error_body(response)
    code = _code(body)
    message = _message(body, response)
    if response.status == 404:
        message = _explain_404(message, code, operation, vendor=vendor)
        # Of the hosted service there is one URL, and its errors have had other shapes.
        if not vendor and _is_foreign(body):
            message = f"{_with_place(message, response)}; {LOOK_AT_BASE_URL}"
    error = _kind(code, response.status)(
        code or "UNKNOWN",
        message,
        response.status,
        response=response,
        request_id=response.request_id() or body.request_id or "",
        details=body.details,
        attempts=response.attempts,
        method=response.method,
        url=response.url,
        retry_after=parse_retry_after(response.headers, now=now),
        rate_limit=read_rate_limit(response.headers, now),
    )
    # An earlier attempt whose answer was lost may be what the last one stumbled over.
    lost = response.status in {409, 412} and response.attempts > 1
    if lost or (response.status in _UNCLEAR and operation.retry is RetryClass.NEVER):
        error.outcome_unknown = True
    return error


def _kind(code: str, status: int) -> type[APIStatusError]:
    other = ServerError if status >= 500 else APIStatusError
    return _BY_CODE.get(code) or _BY_STATUS.get(status) or other


def _code(body: ErrorBody) -> str:
    """Return ``code``, else ``error.code``, else ``error`` if it is text, else ``""``."""
    raw = body.raw if isinstance(body.raw, Mapping) else {}
    error = raw.get("error")
    inner = error.get("code") if isinstance(error, Mapping) else error
    for found in (raw.get("code"), inner, body.code):
        if isinstance(found, str) and (line := _one_line(found, 100)):
            return line
    return ""


def _message(body: ErrorBody, response: Response) -> str:
    """Return what the answer says, else its status in words or the beginning of its text.

    Where the answer does not explain itself, with what was asked; a redirect with its location.
    """
    if note := redirect_note(response):
        return f"{answered(response)}; {note}"
    raw = body.raw if isinstance(body.raw, Mapping) else {}
    error = raw.get("error")
    inner = error.get("message") if isinstance(error, Mapping) else None
    for found in (raw.get("message"), inner):
        # Some validators answer with a list of sentences.
        if isinstance(found, list):
            said = [_one_line(each, _MOST) for each in found[:50] if isinstance(each, str)]
            if line := _one_line("; ".join(filter(None, said)), _MOST):
                return line
    if body.message:
        return body.message
    try:
        from http import HTTPStatus

        words = HTTPStatus(response.status).phrase
    except ValueError:
        words = "" if is_page(response) else response.excerpt(_EXCERPT)
    return _with_place(words, response)


def _is_foreign(body: ErrorBody) -> bool:
    """Tell what says nothing, or has the shape of another service at this host."""
    raw = body.raw if isinstance(body.raw, Mapping) else {}
    silent = body.message is None and "message" not in raw
    return "code" not in raw and (silent or isinstance(raw.get("error"), Mapping))


def _with_place(words: str, response: Response) -> str:
    place = answered(response)
    if place in words:
        return words
    return f"{words} ({place})" if words else place


def _explain_404(message: str, code: str, operation: Operation, *, vendor: bool) -> str:
    if not vendor or operation.name not in SELF_HOSTED:
        return message
    if "{" in operation.path and code in _SAID_SO:
        return (
            f"{message} (there is no such object, or the hosted service has no such endpoint: "
            f"{operation.method} {operation.path} is known only of the self-hosted server)"
        )
    return (
        f"{message}: {operation.method} {operation.path} is known only of the self-hosted server; "
        "the hosted service does not seem to have it"
    )


def _one_line(text: Any, most: int) -> str:
    """Return one bounded line; control characters could forge log lines or drive a terminal."""
    words = "".join(char if char.isprintable() else " " for char in str(text)[: most + 1]).split()
    line = " ".join(words)
    return line if len(line) <= most else line[: most - 1] + "…"
