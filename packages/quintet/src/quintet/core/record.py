"""Values with named fields that cannot be changed, made without generating code.

A dataclass writes the source of its methods and compiles it whenever the program starts, and
loads ``inspect`` to do so.  For the thirty small values behind a client that took longer than
everything else of its import together.  A :class:`Record` has its methods from here, and a
constructor that is written out.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = ["LightRecord", "Record"]

_set = object.__setattr__


class _DataclassFields:
    """Lets ``dataclasses.fields``, ``replace`` and ``asdict`` take a record for one of theirs.

    Whoever asks has loaded that module already; nobody else pays for it.
    """

    def __get__(self, record: object, kind: type[Record]) -> Any:
        import dataclasses

        twin: Any = dataclasses.make_dataclass(kind.__name__, kind._fields)
        fields = kind.__dataclass_fields__ = twin.__dataclass_fields__
        return fields


class Record:
    """A value: equal to another of its class with equal fields, hashable, and never changed.

    A subclass names its fields twice at once, ``__slots__ = _fields = (…)``, and takes them, in
    that order, in an ``__init__`` that hands them to :meth:`_fill`.
    """

    __slots__: tuple[str, ...] = ()
    _fields: ClassVar[tuple[str, ...]] = ()
    _hidden: ClassVar[frozenset[str]] = frozenset()
    """Fields that ``repr`` leaves out."""

    __dataclass_fields__: Any = _DataclassFields()

    def _fill(self, *values: Any) -> None:
        """Set all fields, in their order."""
        for name, value in zip(self._fields, values, strict=True):
            _set(self, name, value)

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self._fields])

    def __setattr__(self, name: str, value: object, /) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed; make another one")

    def __delattr__(self, name: str, /) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        names = [name for name in self._fields if name not in self._hidden]
        shown = ", ".join(f"{name}={_shown(getattr(self, name))}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    def __replace__(self, **changes: Any) -> Any:
        """Return another one with these fields changed, for ``copy.replace``."""
        return type(self)(**{**dict(zip(self._fields, self._values(), strict=True)), **changes})

    def __reduce__(self) -> Any:
        # The default would set the fields one by one, which a record refuses.
        return type(self), self._values()


class LightRecord(Record):
    """A record that is made at every call, in a third of the time.

    Its constructor sets its fields as any other does, and declares them ``Final``: that they stay
    as they are is left to the type checker.
    """

    __slots__ = ()

    # Both, since the interpreter's quick way is for a class that defines neither.
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__


def _shown(value: Any) -> str:
    if type(value) is frozenset and value:
        # The order of a set depends on how it was made, and so would what two runs show of it.
        return f"frozenset({{{', '.join(sorted(map(repr, value)))}}})"
    return repr(value)
