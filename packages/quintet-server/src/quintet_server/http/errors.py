"""Refusals: one exception that services raise, and the envelope that each renders it in.

Services disagree on shape, codes and even statuses ("key reused" is 409 in one, 422 in another). So
the kernel names what went wrong with a :class:`Failure`; a service's :class:`ErrorEnvelope` says
what that is called there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

__all__ = ["ApiError", "ErrorEnvelope", "Failure", "translate"]


class Failure(Enum):
    """What the kernel can refuse a request for."""

    INVALID_JSON = auto()
    INVALID_REQUEST = auto()
    KEY_MISSING = auto()
    KEY_UNKNOWN = auto()
    KEY_REVOKED = auto()
    KEY_EXPIRED = auto()
    MISSING_SCOPE = auto()
    NOT_FOUND = auto()
    METHOD_NOT_ALLOWED = auto()
    BODY_TOO_LARGE = auto()
    RATE_LIMITED = auto()
    IDEMPOTENCY_KEY_REUSE = auto()
    IDEMPOTENCY_IN_PROGRESS = auto()
    INTERNAL = auto()
    UNAVAILABLE = auto()


class ApiError(Exception):
    """An answer that is not a success: raised anywhere, rendered in the service's envelope."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Any = None,
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})


class ErrorEnvelope(ABC):
    """How one service names and shapes errors.

    Subclasses fill :attr:`codes` with (status, code) for every :class:`Failure`, and say in
    :meth:`body` what the JSON looks like.
    """

    codes: Mapping[Failure, tuple[int, str]]

    @abstractmethod
    def body(self, error: ApiError, request_id: str) -> Mapping[str, Any]:
        """Return the JSON object of an error response."""

    def error(
        self,
        failure: Failure,
        message: str,
        details: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> ApiError:
        """Return the exception for a kernel failure, in this service's words."""
        status, code = self.codes[failure]
        return ApiError(status, code, message, details, headers)


def translate(exception: BaseException, envelope: ErrorEnvelope) -> ApiError:
    """Return the refusal that an exception from below amounts to; 500 when it is our fault.

    A database that is away, restarting or too busy is 503 with ``Retry-After: 1``: nothing was
    committed, or the client will find out by its idempotency key. A value PostgreSQL cannot store
    (a NUL in text, a number out of range) is the caller's: 400.
    """
    if isinstance(exception, ApiError):
        return exception
    if isinstance(exception, psycopg.DataError):
        message = "The request holds a value that cannot be stored."
        return envelope.error(Failure.INVALID_REQUEST, message)
    if isinstance(exception, (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)):
        message = "The database is not available right now; try again shortly."
        return envelope.error(Failure.UNAVAILABLE, message, headers={"Retry-After": "1"})
    return envelope.error(Failure.INTERNAL, "Something went wrong on the server.")
