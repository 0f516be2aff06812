"""What Aerostack answers when it refuses: `{"code", "message", "details"}`, with every code.

The vendor has six codes and a seventh, `FORBIDDEN`, in its newer API. None of them says conflict or
not found: those are `VALIDATION_ERROR`, and `details.reason` says what it is about, in the vendor's
own words. A client of the first version accepts only the six on the statuses it knows (400 and 409
of a sign-up, 401 of a sign-in, 400, 401 and 500 of a query), so `FORBIDDEN` never stands there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quintet_server.http.errors import ApiError, ErrorEnvelope, Failure

FieldErrors = Mapping[str, Sequence[str]]


class AerostackErrors(ErrorEnvelope):
    """Aerostack's names for what the kernel refuses, and its envelope."""

    codes: Mapping[Failure, tuple[int, str]] = {
        Failure.INVALID_JSON: (400, "VALIDATION_ERROR"),
        Failure.INVALID_REQUEST: (400, "VALIDATION_ERROR"),
        Failure.KEY_MISSING: (401, "AUTH_INVALID_KEY"),
        Failure.KEY_UNKNOWN: (401, "AUTH_INVALID_KEY"),
        Failure.KEY_REVOKED: (401, "AUTH_INVALID_KEY"),
        Failure.KEY_EXPIRED: (401, "AUTH_INVALID_KEY"),
        Failure.MISSING_SCOPE: (403, "FORBIDDEN"),
        Failure.NOT_FOUND: (404, "VALIDATION_ERROR"),
        Failure.METHOD_NOT_ALLOWED: (405, "VALIDATION_ERROR"),
        Failure.BODY_TOO_LARGE: (413, "VALIDATION_ERROR"),
        Failure.RATE_LIMITED: (429, "RATE_LIMIT_EXCEEDED"),
        Failure.IDEMPOTENCY_KEY_REUSE: (409, "VALIDATION_ERROR"),
        Failure.IDEMPOTENCY_IN_PROGRESS: (409, "VALIDATION_ERROR"),
        Failure.INTERNAL: (500, "INTERNAL_ERROR"),
        Failure.UNAVAILABLE: (503, "INTERNAL_ERROR"),
    }
    reasons: Mapping[Failure, str] = {
        Failure.INVALID_JSON: "INVALID_JSON",
        Failure.KEY_REVOKED: "KEY_REVOKED",
        Failure.KEY_EXPIRED: "KEY_EXPIRED",
        Failure.NOT_FOUND: "NOT_FOUND",
        Failure.METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
        Failure.BODY_TOO_LARGE: "BODY_TOO_LARGE",
        Failure.IDEMPOTENCY_KEY_REUSE: "IDEMPOTENCY_KEY_REUSED",
        Failure.IDEMPOTENCY_IN_PROGRESS: "IDEMPOTENCY_KEY_IN_PROGRESS",
        Failure.UNAVAILABLE: "SERVICE_UNAVAILABLE",
    }

    def error(
        self,
        failure: Failure,
        message: str,
        details: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> ApiError:
        """The exception for a kernel failure, with its reason among the details."""
        reason = self.reasons.get(failure)
        if reason is not None:
            more = details if isinstance(details, Mapping) else {}
            details = {"reason": reason, **more}
        return super().error(failure, message, details, headers)

    def body(self, error: ApiError, request_id: str) -> Mapping[str, Any]:
        """`{"code", "message", "details"?}`; the request id goes with the headers."""
        shown: dict[str, Any] = {"code": error.code, "message": error.message}
        details = error.details
        if isinstance(details, Mapping):
            shown["details"] = details
        elif details:  # the kernel's list of fields at fault
            shown["details"] = {"fieldErrors": _by_field(details)}
        return shown


def _by_field(problems: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for problem in problems:
        fields.setdefault(problem["field"], []).append(problem["message"])
    return fields


def _error(
    status: int,
    code: str,
    message: str,
    reason: str | None,
    more: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> ApiError:
    details = {} if reason is None else {"reason": reason}
    details.update({name: value for name, value in more.items() if value is not None})
    return ApiError(status, code, message, details or None, headers)


def invalid(
    message: str,
    reason: str | None = None,
    *,
    field_errors: FieldErrors | None = None,
    **details: Any,
) -> ApiError:
    """400: the request cannot be understood or not now; `field_errors` name fields at fault."""
    shown = {"fieldErrors": field_errors, **details}
    return _error(400, "VALIDATION_ERROR", message, reason, shown)


def invalid_field(field: str, message: str, reason: str | None = None) -> ApiError:
    """400 for one field; the sentence names it."""
    return invalid(f"{field}: {message}", reason, field_errors={field: [message]})


def query_failed(
    message: str,
    reason: str,
    *,
    suggestion: str | None = None,
    recovery_action: str | None = None,
    status: int = 400,
) -> ApiError:
    """An SQL statement that did not work: 400 when it is the caller's fault, 500 otherwise."""
    more = {"suggestion": suggestion, "recoveryAction": recovery_action}
    return _error(status, "DB_QUERY_FAILED", message, reason, more)


def not_found(message: str, reason: str = "NOT_FOUND", **details: Any) -> ApiError:
    """404: there is none, or it belongs to somebody else; the two look the same."""
    return _error(404, "VALIDATION_ERROR", message, reason, details)


def conflict(message: str, reason: str, **details: Any) -> ApiError:
    """409: it is there already, or something else is going on right now."""
    return _error(409, "VALIDATION_ERROR", message, reason, details)


def bad_credentials(message: str) -> ApiError:
    """401 of a sign-in: no user with this e-mail, or another password; the two look the same."""
    return ApiError(401, "AUTH_INVALID_CREDENTIALS", message)


def bad_token(message: str, reason: str) -> ApiError:
    """401: a key or token that does not hold."""
    headers = {"WWW-Authenticate": "Bearer"}
    return _error(401, "AUTH_INVALID_KEY", message, reason, {}, headers)


def forbidden(message: str, reason: str | None = None, **details: Any) -> ApiError:
    """403: known, but not allowed to."""
    return _error(403, "FORBIDDEN", message, reason, details)


def too_large(message: str, reason: str, **details: Any) -> ApiError:
    """413: more bytes than are taken here."""
    return _error(413, "VALIDATION_ERROR", message, reason, details)


def unsupported_media(message: str, reason: str = "UNSUPPORTED_MEDIA_TYPE") -> ApiError:
    """415: a body of another kind than this path takes."""
    return _error(415, "VALIDATION_ERROR", message, reason, {})


def too_many(
    message: str, retry_after: float, reason: str | None = None, **details: Any
) -> ApiError:
    """429, with the whole seconds after which another try makes sense."""
    headers = {"Retry-After": str(max(1, -int(-retry_after // 1)))}
    return _error(429, "RATE_LIMIT_EXCEEDED", message, reason, details, headers)


def bad_gateway(message: str, reason: str, status: int = 502, **details: Any) -> ApiError:
    """502 (or 504): what had to be asked for an answer did not give a usable one."""
    return _error(status, "INTERNAL_ERROR", message, reason, details)


def unavailable(message: str, retry_after: float | None = None, **details: Any) -> ApiError:
    """503: a part of the server that this needs is not there, or is too busy for now."""
    headers = {} if retry_after is None else {"Retry-After": str(max(1, -int(-retry_after // 1)))}
    return _error(503, "INTERNAL_ERROR", message, "SERVICE_UNAVAILABLE", details, headers)


def internal(message: str, reason: str) -> ApiError:
    """500: our fault."""
    return _error(500, "INTERNAL_ERROR", message, reason, {})
