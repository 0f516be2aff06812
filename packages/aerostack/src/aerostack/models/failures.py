"""The error object that the service answers with."""

from __future__ import annotations

from typing import Any

from aerostack._model import BaseModel
from aerostack.models._open_enum import OpenEnum

__all__ = ["Code", "ErrorResponseData"]


class Code(OpenEnum):
    """What went wrong. A code that is not listed here is kept as it came.

    An answer that names none has ``Code("UNKNOWN")``.
    """

    AUTH_INVALID_KEY = "AUTH_INVALID_KEY"
    AUTH_INVALID_CREDENTIALS = "AUTH_INVALID_CREDENTIALS"
    DB_QUERY_FAILED = "DB_QUERY_FAILED"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    FORBIDDEN = "FORBIDDEN"


class ErrorResponseData(BaseModel):
    """The error object.

    Attributes:
        code: What kind of error.
        message: One sentence for people.
        details: More, such as ``reason``, ``suggestion`` or ``fieldErrors``.
    """

    code: Code
    message: str
    details: dict[str, Any] | None = None
