"""What an error of a worker call means for the worker."""

from __future__ import annotations

from zeridion_flare._worker_core.failure import Failure, FailureKind
from zeridion_flare.errors import (
    AuthError,
    ConflictError,
    FlareConfigurationError,
    FlareConnectionError,
    FlareError,
    FlareMisuseError,
    FlareProtocolError,
    FlareTimeoutError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    says_no_such_job,
)

_KINDS: tuple[tuple[tuple[type[FlareError], ...], FailureKind], ...] = (
    ((AuthError, ForbiddenError), FailureKind.UNAUTHORIZED),
    ((ConflictError,), FailureKind.LOST),
    ((InvalidRequestError, FlareMisuseError, FlareConfigurationError), FailureKind.REFUSED),
    ((FlareConnectionError, FlareTimeoutError, FlareProtocolError), FailureKind.UNREACHABLE),
)


def failure_of(error: FlareError) -> Failure:
    """Return the failure; whatever is not known to be final is worth another try."""
    return Failure(_kind(error), error.message, error.retry_after)


def _kind(error: FlareError) -> FailureKind:
    if error.code == "idempotency_in_progress":
        return FailureKind.BUSY
    if isinstance(error, NotFoundError):
        # The 404 of a proxy while a server is being replaced loses no job.
        return FailureKind.LOST if says_no_such_job(error) else FailureKind.BUSY
    for classes, kind in _KINDS:
        if isinstance(error, classes):
            return kind
    return FailureKind.BUSY
