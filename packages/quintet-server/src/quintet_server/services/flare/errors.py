"""What Flare answers when it refuses: the envelope and every error code it can send.

The shape is `{"error": {"code", "message", "request_id"}}`; validation errors add `details`,
a list of `{"field", "message"}` (the list is our decision). Codes are a growing registry on the
vendor's side, so each lives here once, beside its status.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from quintet_server.engines.work.model import (
    InvalidState,
    JobNotFound,
    ParentNotFound,
    ParentTerminal,
    WorkerMismatch,
)
from quintet_server.http.errors import ApiError, ErrorEnvelope, Failure

Detail = dict[str, str]


class FlareErrors(ErrorEnvelope):
    """Flare's names for what the kernel refuses, and its envelope."""

    codes: Mapping[Failure, tuple[int, str]] = {
        Failure.INVALID_JSON: (400, "invalid_request"),
        Failure.INVALID_REQUEST: (400, "invalid_request"),
        Failure.KEY_MISSING: (401, "unauthorized"),
        Failure.KEY_UNKNOWN: (401, "unauthorized"),
        Failure.KEY_REVOKED: (401, "unauthorized"),
        Failure.KEY_EXPIRED: (401, "unauthorized"),
        Failure.MISSING_SCOPE: (403, "forbidden"),
        Failure.NOT_FOUND: (404, "not_found"),
        Failure.METHOD_NOT_ALLOWED: (405, "method_not_allowed"),
        Failure.BODY_TOO_LARGE: (413, "payload_too_large"),
        Failure.RATE_LIMITED: (429, "rate_limit_exceeded"),
        Failure.IDEMPOTENCY_KEY_REUSE: (409, "idempotency_key_reuse"),
        Failure.IDEMPOTENCY_IN_PROGRESS: (409, "idempotency_in_progress"),
        Failure.INTERNAL: (500, "internal_error"),
        Failure.UNAVAILABLE: (503, "service_unavailable"),
    }

    def body(self, error: ApiError, request_id: str) -> Mapping[str, Any]:
        """`{"error": {...}}`."""
        shown: dict[str, Any] = {
            "code": error.code,
            "message": error.message,
            "request_id": request_id,
        }
        # The kernel's own details have other shapes; here they are a list of fields or absent.
        if isinstance(error.details, list):
            shown["details"] = error.details
        return {"error": shown}


def invalid_request(message: str, details: Sequence[Detail] = ()) -> ApiError:
    """400: the request cannot be understood; `details` name the fields at fault."""
    return ApiError(400, "invalid_request", message, details=list(details) or None)


def invalid_field(field: str, message: str) -> ApiError:
    """400 for one field, named in the sentence and in `details`."""
    return invalid_request(f"{field}: {message}", [{"field": field, "message": message}])


def invalid_cron_expression(field: str, message: str) -> ApiError:
    """400: the cron expression is not one we can keep."""
    return ApiError(
        400,
        "invalid_cron_expression",
        f"{field}: {message}",
        details=[{"field": field, "message": message}],
    )


def invalid_timezone(field: str, message: str) -> ApiError:
    """400: no such IANA time zone."""
    return ApiError(
        400,
        "invalid_timezone",
        f"{field}: {message}",
        details=[{"field": field, "message": message}],
    )


def unauthorized(message: str) -> ApiError:
    """401: no key, or none that may be used here."""
    return ApiError(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


def job_not_found(job_id: str) -> ApiError:
    """404: unknown, or another project's: the two are told apart by nobody."""
    return ApiError(404, "job_not_found", f"No job {_shown(job_id)} in this project.")


def recurring_not_found(schedule_id: str) -> ApiError:
    """404 for a recurring schedule."""
    return ApiError(
        404, "recurring_job_not_found", f"No recurring job {_shown(schedule_id)} in this project."
    )


def webhook_not_found(subscription_id: str) -> ApiError:
    """404 for a webhook subscription."""
    return ApiError(
        404, "webhook_not_found", f"No webhook {_shown(subscription_id)} in this project."
    )


def alert_not_found(alert_id: str) -> ApiError:
    """404 for an alert (the code's name is our decision)."""
    return ApiError(404, "alert_not_found", f"No alert {_shown(alert_id)} in this project.")


def invalid_state(job_id: str, state: str, wanted: str) -> ApiError:
    """409: the job's state does not allow what was asked."""
    return ApiError(409, "invalid_state", f"Job {_shown(job_id)} is {state}; {wanted}.")


def worker_mismatch(job_id: str) -> ApiError:
    """409: another worker holds the job."""
    return ApiError(409, "worker_mismatch", f"Job {_shown(job_id)} is held by another worker.")


def parent_terminal(parent_id: str) -> ApiError:
    """409: the parent ended without success, so a child could never run."""
    return ApiError(
        409,
        "parent_terminal",
        f"Parent job {_shown(parent_id)} ended without success; its children cannot run.",
    )


def job_type_conflict(job_type: str, schedule_id: str) -> ApiError:
    """409: one schedule per job type, and another id has it."""
    return ApiError(
        409,
        "recurring_job_type_conflict",
        f"Job type {job_type!r} already belongs to recurring job {schedule_id}.",
    )


def payload_too_large(what: str, limit_bytes: int) -> ApiError:
    """413: a part of the body passes its bound."""
    return ApiError(413, "payload_too_large", f"{what} is larger than {limit_bytes} bytes.")


def too_many_requests(message: str, retry_after_seconds: int) -> ApiError:
    """429 for the endpoints that have a pause of their own."""
    return ApiError(
        429,
        "rate_limit_exceeded",
        message,
        headers={"Retry-After": str(max(1, retry_after_seconds))},
    )


@contextmanager
def refusing(wanted: str) -> Iterator[None]:
    """Turn what the queue refuses into Flare's errors; `wanted`: which states would have done."""
    try:
        yield
    except (JobNotFound, ParentNotFound) as error:
        raise job_not_found(error.job_id) from error
    except ParentTerminal as error:
        raise parent_terminal(error.job_id) from error
    except WorkerMismatch as error:
        raise worker_mismatch(error.job_id) from error
    except InvalidState as error:
        raise invalid_state(error.job_id, error.state, wanted) from error


def _shown(given: str) -> str:
    """An id as it may appear in a message: bounded, quoted when odd."""
    short = given if len(given) <= 64 else given[:61] + "..."
    return short if short.isascii() and short.isprintable() and short else repr(short)
