"""From the bytes of an answer to what a call returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ghostflow._error_map import adopt
from ghostflow._money import parse
from ghostflow.errors import InvalidResponseError
from quintet.core.unsaid import answered
from quintet.errors import QuintetError
from quintet.service_errors import placed

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
        raise adopt(error) from error.__cause__


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
    said = f"{operation.name}: expected JSON with {wanted}, got something else"
    return placed(InvalidResponseError(message=f"{said} ({answered(response)})"), response)


def already_deleted(response: Response) -> bool:
    """Tell a repeated deletion that found nothing left: an earlier attempt did the work."""
    return response.status == 404 and response.attempts > 1
