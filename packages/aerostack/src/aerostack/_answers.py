"""From an answer to the model of its operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from aerostack import models
from aerostack._requests import problems
from aerostack.errors import ResponseValidationError, adopt
from quintet.core.unsaid import answered
from quintet.errors import QuintetError
from quintet.service_errors import placed

if TYPE_CHECKING:
    from aerostack._wire import Endpoint
    from quintet.core.response import Response

__all__ = ["json_of", "read_answer"]

T = TypeVar("T")


def read_answer(endpoint: Endpoint[T], response: Response) -> T:
    """Return the answer as its model; any status of success will do if the body fits.

    Raises:
        ResponseValidationError: It is not JSON, or not of the documented shape.
    """
    return fit(endpoint, json_of(response), response)


def json_of(response: Response) -> Any:
    """Return the JSON of an answer.

    Raises:
        ResponseValidationError: It is none.
    """
    try:
        return response.json()
    except QuintetError as error:
        raise adopt(error) from error.__cause__


def fit(endpoint: Endpoint[T], found: Any, response: Response) -> T:
    """Return JSON as the model of an answer.

    Raises:
        ResponseValidationError: It does not fit; ``cause`` is pydantic's error.
    """
    from pydantic import ValidationError

    model = getattr(models, endpoint.answer)
    try:
        return cast("T", model.model_validate(found))
    except ValidationError as error:
        raise placed(
            ResponseValidationError(
                f"{endpoint.operation.name}: the answer is not as documented: {problems(error)} "
                f"({answered(response)})",
                response=response,
            ),
            response,
        ) from error
