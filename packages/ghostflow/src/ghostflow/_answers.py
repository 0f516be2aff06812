"""From the bytes of an answer to what a call returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ghostflow._error_map import adopt
from ghostflow._money import parse
from ghostflow.errors import InvalidResponseError
from quintet.errors import QuintetError

if TYPE_CHECKING:
    from quintet.core.operation import Operation
    from quintet.core.response import Response


def plain(response: Response) -> Any:
    """Return the JSON of a success as the parser gives it; ``None`` for an empty body.

    Raises:
        InvalidResponseError: It is no JSON. What was asked for may have happened all the same.
    """
    if not response.body.strip():
        return None
    try:
        return response.json()
    except QuintetError as error:
        adopted = adopt(error)
        _place(adopted, response)
        raise adopted from error.__cause__


def exactly(response: Response) -> Any:
    """Return the JSON of a success with amounts of money as decimals.

    Raises:
        InvalidResponseError: It is no JSON.
    """
    try:
        return parse(response.body)
    except (ValueError, RecursionError):
        return plain(response)


def not_as_documented(
    operation: Operation, wanted: str, response: Response
) -> InvalidResponseError:
    """Return the error for a success that holds something else than ``wanted``."""
    error = InvalidResponseError(
        message=f"{operation.name}: expected JSON with {wanted}, got something else",
        status=response.status,
        response=response,
        request_id=response.request_id() or "",
    )
    _place(error, response)
    return error


def already_deleted(response: Response) -> bool:
    """Tell a repeated deletion that found nothing left: an earlier attempt did the work."""
    return response.status == 404 and response.attempts > 1


def _place(error: QuintetError, response: Response) -> None:
    error.method, error.url, error.attempts = response.method, response.url, response.attempts
