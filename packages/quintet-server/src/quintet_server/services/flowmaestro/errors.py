"""What FlowMaestro answers when it refuses: the envelope and every error code it can send.

The shape is `{"error": {"code", "message", "details"?}, "meta": {"request_id", "timestamp"}}`. The
codes are those of the vendor's API reference; statuses it leaves open (a key used for another
request, a body too large) are our decision and keep its `validation_error`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from quintet_server.http.errors import ApiError, ErrorEnvelope, Failure

Problem = Mapping[str, str]


class FlowMaestroErrors(ErrorEnvelope):
    """FlowMaestro's names for what the kernel refuses, and its envelope."""

    codes: Mapping[Failure, tuple[int, str]] = {
        Failure.INVALID_JSON: (400, "validation_error"),
        Failure.INVALID_REQUEST: (400, "validation_error"),
        Failure.KEY_MISSING: (401, "invalid_api_key"),
        Failure.KEY_UNKNOWN: (401, "invalid_api_key"),
        Failure.KEY_REVOKED: (401, "revoked_api_key"),
        Failure.KEY_EXPIRED: (401, "expired_api_key"),
        Failure.MISSING_SCOPE: (403, "insufficient_scope"),
        Failure.NOT_FOUND: (404, "resource_not_found"),
        Failure.METHOD_NOT_ALLOWED: (405, "validation_error"),
        Failure.BODY_TOO_LARGE: (413, "validation_error"),
        Failure.RATE_LIMITED: (429, "rate_limit_exceeded"),
        Failure.IDEMPOTENCY_KEY_REUSE: (409, "validation_error"),
        Failure.IDEMPOTENCY_IN_PROGRESS: (409, "validation_error"),
        Failure.INTERNAL: (500, "internal_error"),
        Failure.UNAVAILABLE: (503, "service_unavailable"),
    }

    def body(self, error: ApiError, request_id: str) -> Mapping[str, Any]:
        """`{"error": {...}, "meta": {...}}`; details are an object or absent."""
        shown: dict[str, Any] = {"code": error.code, "message": error.message}
        details = error.details
        if isinstance(details, Mapping):
            shown["details"] = details
        elif details:
            shown["details"] = {"errors": details}
        return {"error": shown, "meta": meta(request_id)}


def meta(request_id: str) -> dict[str, str]:
    """What every JSON answer carries beside its data."""
    # The one moment that is the wall clock's: it says when the answer was written.
    now = datetime.now(UTC)
    return {
        "request_id": request_id,
        "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
    }


def not_found(resource: str, id: str) -> ApiError:
    """404: there is none, or it belongs to somebody else; the two look the same."""
    details = {"resource": resource, "id": id}
    message = f"{resource} with id '{id}' not found"
    return ApiError(404, "resource_not_found", message, details=details)


def invalid(message: str, errors: Sequence[Problem] = ()) -> ApiError:
    """400: the request cannot be understood or not now; `errors` name fields at fault."""
    return ApiError(400, "validation_error", message, {"errors": list(errors)} if errors else None)


def invalid_field(field: str, message: str) -> ApiError:
    """400 for one field; the sentence names it."""
    return invalid(message, [{"field": field, "message": message}])


def conflict(message: str, details: Mapping[str, Any] | None = None) -> ApiError:
    """409: something else is going on right now."""
    return ApiError(409, "validation_error", message, details)


def timed_out(message: str) -> ApiError:
    """408: no result yet; the work goes on."""
    return ApiError(408, "timeout", message)


def execution_failed(message: str) -> ApiError:
    """500: the run behind the request has failed."""
    return ApiError(500, "execution_failed", message)


def unavailable(message: str) -> ApiError:
    """503: a part of the server that this needs is not there; the sentence says how to get it."""
    return ApiError(503, "service_unavailable", message)
