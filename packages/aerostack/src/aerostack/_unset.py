"""``UNSET``: a value that was not given, where ``None`` already means something."""

from __future__ import annotations

from typing import Any, TypeVar, Union

__all__ = ["UNSET", "OptionalNullable", "Unset"]

T = TypeVar("T")


class Unset:
    """The type of :data:`UNSET`, of which there is one: copies and pickles are the same object."""

    __slots__ = ()
    _only: Unset | None = None

    def __new__(cls) -> Unset:
        """Return the one there is."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # Imported here: whoever builds a model has pydantic already, and nobody else needs it.
        from pydantic_core import core_schema

        return core_schema.is_instance_schema(
            cls, serialization=core_schema.plain_serializer_function_ser_schema(lambda _: None)
        )


UNSET = Unset()

OptionalNullable = Union[T, None, Unset]
"""A value, an explicit null (``None``), or nothing at all (:data:`UNSET`)."""
