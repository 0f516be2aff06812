"""The pydantic model under every model of this package.

Three rules hold for all of them. Nothing is dropped: fields that a model does not know are kept,
on their way out as well as in. Nothing absent is sent: a field without a value stays off the wire,
and an optional one given as ``None`` is the same as absent. And nothing secret is shown: ``repr``
masks passwords, tokens and keys.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pydantic
from pydantic.alias_generators import to_camel

from aerostack._secret_fields import is_secret_field
from aerostack._unset import UNSET

__all__ = ["AnyOrUnset", "BaseModel", "CamelModel"]

AnyOrUnset = Annotated[
    Any, pydantic.WrapSerializer(lambda value, handler: None if value is UNSET else handler(value))
]
"""Any JSON value, ``None`` for its null, or :data:`~aerostack.types.UNSET`."""

_MASK = "**********"
_SCALARS = (str, int, float, bool, type(None))
_free = pydantic.TypeAdapter(Any)
"""What becomes of a value of no particular type: models within it become dictionaries."""


class BaseModel(pydantic.BaseModel):
    """A model whose fields have the same names in Python and on the wire."""

    model_config = pydantic.ConfigDict(
        populate_by_name=True,
        arbitrary_types_allowed=True,
        protected_namespaces=(),
        extra="allow",
        # What does not validate may be a password.
        hide_input_in_errors=True,
    )

    _absent: ClassVar[tuple[tuple[str, str, bool], ...]] = ()
    """(name, wire name, whether None counts as absent) of each field that may be absent."""

    _wire_names: ClassVar[tuple[tuple[str, str, bool, bool], ...]] = ()
    """(name, wire name, whether it may be absent, whether None counts as that) of each field."""
    _is_ours: ClassVar[bool] = False
    """Whether the class is one of this package's, which says nothing new of how it is written."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls._is_ours = cls.__module__.startswith("aerostack.")
        cls._wire_names = tuple(
            (
                name,
                field.serialization_alias or field.alias or name,
                field.default is None or field.default is UNSET,
                field.default is None,
            )
            for name, field in cls.model_fields.items()
        )
        cls._absent = tuple(
            (name, wire_name, none_is_absent)
            for name, wire_name, may_be_absent, none_is_absent in cls._wire_names
            if may_be_absent
        )

    def _as_sent(self) -> dict[str, Any]:
        """Return what ``model_dump(by_alias=True)`` does, without the way through pydantic.

        That way back and forth between two languages, for each model within, takes longer than
        checking the request and encoding it together.
        """
        if not self._is_ours:
            return self.model_dump(by_alias=True)
        values, found = self.__dict__, {}
        for name, wire_name, may_be_absent, none_is_absent in self._wire_names:
            value = values.get(name)
            if (value is UNSET and may_be_absent) or (value is None and none_is_absent):
                continue
            found[wire_name] = _value_as_sent(value)
        for name, value in (self.__pydantic_extra__ or {}).items():
            found[name] = _value_as_sent(value)
        return found

    @pydantic.model_serializer(mode="wrap")
    def _without_what_is_absent(self, handler: pydantic.SerializerFunctionWrapHandler) -> Any:
        found = handler(self)
        values = self.__dict__
        for name, wire_name, none_is_absent in self._absent:
            value = values.get(name)
            if value is UNSET or (value is None and none_is_absent):
                found.pop(wire_name, None)
                found.pop(name, None)
        return found

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            if value is UNSET:
                continue
            hidden = value and name is not None and is_secret_field(name, value)
            yield name, _MASK if hidden else value


class CamelModel(BaseModel):
    """A model whose fields are camelCase on the wire; both spellings are taken."""

    model_config = pydantic.ConfigDict(alias_generator=to_camel)


def _value_as_sent(value: Any) -> Any:
    kind = type(value)
    if issubclass(kind, _SCALARS):
        return value
    if _is_model(kind):
        return value._as_sent()
    if kind is list and any(map(_is_model, set(map(type, value)))):
        return [_value_as_sent(each) for each in value]
    return _free.dump_python(value, by_alias=True)


def _is_model(kind: type) -> bool:
    # In the place of `issubclass`, which asks the metaclass and takes ten times as long.
    return hasattr(kind, "_as_sent")
