"""What errors of worker calls mean for the worker."""

from __future__ import annotations

from typing import Any

import pytest

from quintet.core.headers import Headers
from quintet.core.response import Response
from zeridion_flare import errors
from zeridion_flare._failures import failure_of
from zeridion_flare._worker_core.failure import FailureKind


def answer(body: bytes, content_type: str = "application/json") -> Response:
    return Response(404, Headers([("Content-Type", content_type)]), body)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.AuthError("x"), FailureKind.UNAUTHORIZED),
        (errors.ForbiddenError("x"), FailureKind.UNAUTHORIZED),
        (errors.ConflictError("x", "worker_mismatch"), FailureKind.LOST),
        (errors.ConflictError("x", "idempotency_in_progress"), FailureKind.BUSY),
        (errors.NotFoundError("x", "job_not_found"), FailureKind.LOST),
        (errors.NotFoundError("x", response=answer(b"{}")), FailureKind.LOST),
        (errors.NotFoundError("x", response=answer(b"<html>", "text/html")), FailureKind.BUSY),
        (errors.NotFoundError("x"), FailureKind.BUSY),
        (errors.InvalidRequestError("x"), FailureKind.REFUSED),
        (errors.FlareMisuseError("x"), FailureKind.REFUSED),
        (errors.FlareConnectionError("x"), FailureKind.UNREACHABLE),
        (errors.FlareTimeoutError("x"), FailureKind.UNREACHABLE),
        (errors.FlareProtocolError("x"), FailureKind.UNREACHABLE),
        (errors.FlareDecodeError("x"), FailureKind.BUSY),
        (errors.RateLimitError("x"), FailureKind.BUSY),
        (errors.QuotaError("x"), FailureKind.BUSY),
        (errors.ServerError("x"), FailureKind.BUSY),
        (errors.FlareStatusError("x"), FailureKind.BUSY),
    ],
)
def test_errors_are_told_apart_by_what_the_worker_must_do(error: Any, kind: FailureKind) -> None:
    error.retry_after = 2.5
    failure = failure_of(error)
    assert (failure.kind, failure.message, failure.retry_after) == (kind, "x", 2.5)
