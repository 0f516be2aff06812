"""What GhostFlow answers when it refuses: one flat object, `{code, message, details?, requestId}`.

Flat, because the vendor's sample client reads `code` and `message` at the top. Everything that is
refused looks like this, whoever refuses it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from quintet_server.http.errors import ApiError, ErrorEnvelope, Failure

__all__ = [
    "GhostFlowErrors",
    "auth_refused",
    "click_not_found",
    "conflict",
    "forbidden",
    "insufficient_scope",
    "invalid",
    "invalid_fields",
    "not_found",
    "payload_too_large",
    "precondition_failed",
    "rate_limited",
    "team_forbidden",
    "team_required",
    "unavailable",
    "unsupported_media_type",
]


class GhostFlowErrors(ErrorEnvelope):
    """GhostFlow's names for what the kernel refuses, and its envelope."""

    codes: Mapping[Failure, tuple[int, str]] = {
        Failure.INVALID_JSON: (400, "VALIDATION_ERROR"),
        Failure.INVALID_REQUEST: (400, "VALIDATION_ERROR"),
        Failure.KEY_MISSING: (401, "AUTH_REQUIRED"),
        Failure.KEY_UNKNOWN: (401, "AUTH_INVALID_API_KEY"),
        Failure.KEY_REVOKED: (401, "AUTH_INVALID_API_KEY"),
        Failure.KEY_EXPIRED: (401, "AUTH_INVALID_API_KEY"),
        Failure.MISSING_SCOPE: (403, "AUTH_INSUFFICIENT_SCOPE"),
        Failure.NOT_FOUND: (404, "NOT_FOUND"),
        Failure.METHOD_NOT_ALLOWED: (405, "METHOD_NOT_ALLOWED"),
        Failure.BODY_TOO_LARGE: (413, "PAYLOAD_TOO_LARGE"),
        Failure.RATE_LIMITED: (429, "RATE_LIMITED"),
        Failure.IDEMPOTENCY_KEY_REUSE: (422, "IDEMPOTENCY_KEY_REUSED"),
        Failure.IDEMPOTENCY_IN_PROGRESS: (409, "IDEMPOTENCY_IN_PROGRESS"),
        Failure.INTERNAL: (500, "INTERNAL_ERROR"),
        Failure.UNAVAILABLE: (503, "SERVICE_UNAVAILABLE"),
    }

    def body(self, error: ApiError, request_id: str) -> Mapping[str, Any]:
        """The flat object; `details` is a list of `{field, reason}`, if there is any to say."""
        shown: dict[str, Any] = {"code": error.code, "message": error.message}
        if details := _details(error.details):
            shown["details"] = details
        shown["requestId"] = request_id
        return shown


def _details(given: Any) -> list[Mapping[str, Any]]:
    """The kernel's own lists say `message` for `reason`; its objects (limits) say nothing new."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        return []
    return [
        {"field": one["field"], "reason": one.get("reason") or one.get("message")} for one in given
    ]


def invalid_fields(fields: Sequence[tuple[str, str]], message: str | None = None) -> ApiError:
    """400: these fields (or query parameters, or headers) are wrong, each with its reason."""
    first, reason = fields[0]
    details = [{"field": name, "reason": why} for name, why in fields]
    return ApiError(400, "VALIDATION_ERROR", message or f"{first}: {reason}", details)


def invalid(message: str, field: str | None = None, reason: str | None = None) -> ApiError:
    """400: the request cannot be understood; `reason` stands for the message beside the field."""
    if field is None:
        return ApiError(400, "VALIDATION_ERROR", message)
    told = reason or message.removeprefix(f"{field}: ")
    return invalid_fields([(field, told)], message)


def auth_refused(code: str, message: str) -> ApiError:
    """401: nobody knows who is calling (RFC 6750 §3)."""
    return ApiError(401, code, message, headers={"WWW-Authenticate": "Bearer"})


def insufficient_scope(*needed: str) -> ApiError:
    """403: the caller may not do this."""
    shown = " or ".join(needed)
    message = f"This needs the permission {shown}, which this caller does not have."
    details = [{"field": "scope", "reason": shown}]
    return ApiError(403, "AUTH_INSUFFICIENT_SCOPE", message, details)


def forbidden(message: str, code: str = "FORBIDDEN") -> ApiError:
    """403 for another reason."""
    return ApiError(403, code, message)


def team_forbidden() -> ApiError:
    """403: a team that is unknown, or that the caller is not in; the two look the same."""
    message = "X-Team-Id names a team that this caller does not belong to."
    return ApiError(403, "TEAM_FORBIDDEN", message)


def team_required() -> ApiError:
    """400: the user is in several teams and has not said which."""
    message = "This user belongs to several teams; name one in the header X-Team-Id."
    return ApiError(400, "TEAM_REQUIRED", message)


def not_found(noun: str, id: object) -> ApiError:
    """404: there is none, or it is another team's; the two look the same."""
    return ApiError(404, "NOT_FOUND", f"{noun} {str(id)[:200]!r} was not found.")


def click_not_found(id: object) -> ApiError:
    """404: a conversion of a click that is not known."""
    return ApiError(404, "CLICK_NOT_FOUND", f"No click {str(id)[:200]!r} is known.")


def conflict(message: str, fields: Sequence[tuple[str, str]] = ()) -> ApiError:
    """409: it does not go together with what there is."""
    details = [{"field": name, "reason": why} for name, why in fields]
    return ApiError(409, "CONFLICT", message, details or None)


def precondition_failed(version: int) -> ApiError:
    """412: the object has another version than `If-Match` asks for."""
    message = f'If-Match: the object has the version "{version}" by now; read it again.'
    return ApiError(412, "PRECONDITION_FAILED", message, headers={"ETag": f'"{version}"'})


def payload_too_large(most_bytes: int) -> ApiError:
    """413: more than is read."""
    message = f"The request body is larger than {most_bytes} bytes."
    return ApiError(413, "PAYLOAD_TOO_LARGE", message)


def unsupported_media_type(given: str) -> ApiError:
    """415: not JSON."""
    message = f"Content-Type: {given[:100]!r} is not read here; send application/json."
    return ApiError(415, "UNSUPPORTED_MEDIA_TYPE", message)


def rate_limited(
    message: str, retry_after: float, headers: Mapping[str, str] | None = None
) -> ApiError:
    """429: too often; `retry_after` in seconds."""
    wait = {"Retry-After": str(max(1, math.ceil(retry_after)))}
    return ApiError(429, "RATE_LIMITED", message, headers={**(headers or {}), **wait})


def unavailable(message: str, retry_after: float = 1) -> ApiError:
    """503: not now."""
    wait = {"Retry-After": str(max(1, math.ceil(retry_after)))}
    return ApiError(503, "SERVICE_UNAVAILABLE", message, headers=wait)
