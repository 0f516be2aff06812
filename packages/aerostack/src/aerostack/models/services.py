"""Calls to services and functions of the project."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from aerostack._model import BaseModel, CamelModel

__all__ = [
    "ServicesInvokeRequestBody",
    "ServicesInvokeRequestBodyTypedDict",
    "ServicesInvokeResponseBody",
]


class ServicesInvokeRequestBodyTypedDict(TypedDict):
    """A service and what to give it."""

    service_name: str
    data: dict[str, Any]


class ServicesInvokeRequestBody(CamelModel):
    """A service and what to give it."""

    service_name: str
    data: dict[str, Any]


class ServicesInvokeResponseBody(BaseModel):
    """What the service returned."""

    success: bool | None = None
    result: Any = None
