"""What Amdahl answers when it refuses: `{"error": {code, message, details?, request_id}}`.

The vendor's own pages show half a dozen shapes; this is the one of them that carries all there is
to say. The list of codes is closed: what is not in it is not sent. A 429 says when to come again in
the body as well, beside the error, because the guide reads it there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from quintet_server.http.errors import ApiError, ErrorEnvelope, Failure

__all__ = [
    "AmdahlErrors",
    "conflict",
    "invalid_argument",
    "invalid_spec",
    "invalid_sql",
    "invalid_state",
    "missing_scope",
    "not_found",
    "payload_too_large",
    "query_timeout",
    "quota_exceeded",
    "role_too_low",
    "unavailable",
    "unsupported_media_type",
    "version_conflict",
]


class AmdahlErrors(ErrorEnvelope):
    """Amdahl's names for what the kernel refuses, and its envelope."""

    codes: Mapping[Failure, tuple[int, str]] = {
        Failure.INVALID_JSON: (400, "invalid_argument"),
        Failure.INVALID_REQUEST: (400, "invalid_argument"),
        Failure.KEY_MISSING: (401, "unauthenticated"),
        Failure.KEY_UNKNOWN: (401, "unauthenticated"),
        Failure.KEY_REVOKED: (401, "unauthenticated"),
        Failure.KEY_EXPIRED: (401, "unauthenticated"),
        Failure.MISSING_SCOPE: (403, "missing_scope"),
        Failure.NOT_FOUND: (404, "not_found"),
        Failure.METHOD_NOT_ALLOWED: (405, "method_not_allowed"),
        Failure.BODY_TOO_LARGE: (413, "payload_too_large"),
        Failure.RATE_LIMITED: (429, "rate_limited"),
        Failure.IDEMPOTENCY_KEY_REUSE: (409, "idempotency_conflict"),
        Failure.IDEMPOTENCY_IN_PROGRESS: (409, "idempotency_in_progress"),
        Failure.INTERNAL: (500, "internal"),
        Failure.UNAVAILABLE: (503, "unavailable"),
    }

    def body(self, error: ApiError, request_id: str) -> Mapping[str, Any]:
        """The error object, and `retry_after` beside it when there is a time to wait."""
        shown: dict[str, Any] = {"code": error.code, "message": error.message}
        if isinstance(error.details, Mapping):
            shown["details"] = _renamed(error.details)
        elif error.details:  # the kernel's list of fields at fault
            shown["details"] = {"fields": error.details}
        shown["request_id"] = request_id
        body: dict[str, Any] = {"error": shown}
        if error.status == 429 and "Retry-After" in error.headers:
            body["retry_after"] = int(error.headers["Retry-After"])
        return body


def _renamed(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The kernel calls the length of a rate limit's window by another name."""
    if "window_seconds" not in details:
        return details
    return {"limit": details["limit"], "window_s": details["window_seconds"]}


def _error(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    retry_after: float | None = None,
) -> ApiError:
    shown = {name: value for name, value in (details or {}).items() if value is not None}
    headers = {}
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return ApiError(status, code, message, shown or None, headers)


def invalid_argument(
    message: str,
    field: str | None = None,
    *,
    allowed: Sequence[str] | None = None,
    fields: Sequence[Mapping[str, str]] | None = None,
    **details: Any,
) -> ApiError:
    """400: the request cannot be understood; the message names the offender and what may stand."""
    told = None if allowed is None else list(allowed)
    at_fault = None if fields is None else list(fields)
    shown = {"field": field, "allowed": told, "fields": at_fault, **details}
    return _error(400, "invalid_argument", message, shown)


def invalid_sql(message: str, reason: str, **details: Any) -> ApiError:
    """400: a statement that is not run; `reason` is one of a closed list."""
    return _error(400, "invalid_sql", message, {"reason": reason, **details})


def invalid_spec(message: str, verdict: Mapping[str, Any]) -> ApiError:
    """400: a page that does not pass the verifier, with the whole verdict."""
    return _error(400, "invalid_spec", message, {"verdict": verdict})


def missing_scope(*scopes: str) -> ApiError:
    """403: the key may not do this."""
    message = f"This key lacks the scope {' or '.join(scopes)}."
    return _error(403, "missing_scope", message, {"required_scopes": list(scopes)})


def role_too_low(role: str, own: str) -> ApiError:
    """403: the key's user has too low a role in the workspace."""
    message = f"This needs the role {role} or a higher one; the key's user is {own}."
    return _error(403, "role_too_low", message, {"required_role": role, "role": own})


def not_found(noun: str, id: str) -> ApiError:
    """404: there is none, or it belongs to somebody else; the two look the same."""
    return _error(404, "not_found", f"{noun} {id[:200]!r} was not found.")


def conflict(message: str, **details: Any) -> ApiError:
    """409: it does not go together with what is there."""
    return _error(409, "conflict", message, details)


def invalid_state(message: str, **details: Any) -> ApiError:
    """409: not now."""
    return _error(409, "invalid_state", message, details)


def version_conflict(current: int) -> ApiError:
    """409: somebody else has changed it since it was read."""
    message = f"It has been changed in the meantime: its version is {current} by now."
    return _error(409, "version_conflict", message, {"current_version": current})


def query_timeout(message: str, **details: Any) -> ApiError:
    """504: a query that was stopped at its deadline."""
    return _error(504, "timeout", message, details)


def quota_exceeded(message: str, retry_after: float | None = None, **details: Any) -> ApiError:
    """429: as many as a business may have."""
    return _error(429, "quota_exceeded", message, details, retry_after)


def unavailable(message: str, retry_after: float | None = None, **details: Any) -> ApiError:
    """503: a part of the server that this needs is not there, or is too busy for now."""
    return _error(503, "unavailable", message, details, retry_after)


def payload_too_large(message: str, **details: Any) -> ApiError:
    """413: more than is taken here."""
    return _error(413, "payload_too_large", message, details)


def unsupported_media_type(given: str) -> ApiError:
    """415: a body of another kind than JSON."""
    message = f"The body must be application/json, not {given[:100]!r}."
    return _error(415, "unsupported_media_type", message)
