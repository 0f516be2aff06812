"""``UNSET`` and the types built on it, and the class under all models.

``UNSET`` means "not given", where ``None`` already means something: no retries for ``retries``,
JSON's ``null`` for a field of a model. It is falsy, there is one of it, and it is never put on the
wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aerostack._unset import UNSET, OptionalNullable, Unset

if TYPE_CHECKING:
    from aerostack._model import BaseModel as BaseModel

__all__ = ["UNSET", "BaseModel", "OptionalNullable", "Unset"]


def __getattr__(name: str) -> Any:
    if name == "BaseModel":
        from aerostack._model import BaseModel

        globals()[name] = BaseModel
        return BaseModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
