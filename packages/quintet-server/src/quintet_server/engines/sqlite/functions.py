"""Functions of SQLite whose time grows with the product of their arguments' lengths, done better.

Within one call of a function nothing can be interrupted. `trim('a…', 'b…a')` with two texts of two
megabytes runs for hours, `instr` and `replace` for minutes. So these are replaced: texts are
handled by Python's own linear searches, everything else by SQLite once its size is known.

`json_patch` and `jsonb_patch` are slow alike, but their results are marked as JSON, which a
function of ours cannot do. They stay, for short values: see :attr:`~.statements.Shape.patches`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias, TypeGuard

import apsw

from quintet_server.engines.sqlite.model import SqlError

__all__ = ["replace_slow_functions"]

Value: TypeAlias = None | int | float | str | bytes

_PRODUCT_MAX = 50_000_000  # bytes times bytes: at most half a second, whatever the function


def replace_slow_functions(db: apsw.Connection, value_max_bytes: int) -> None:
    """Put our own functions in the place of SQLite's, with the same results."""
    native = _Native()
    table: dict[str, tuple[int, Callable[..., Value]]] = {
        "instr": (2, partial(_instr, native)),
        "replace": (3, partial(_replace, native, value_max_bytes)),
        "trim": (2, partial(_trim, native, "trim", str.strip)),
        "ltrim": (2, partial(_trim, native, "ltrim", str.lstrip)),
        "rtrim": (2, partial(_trim, native, "rtrim", str.rstrip)),
        "unhex": (2, partial(native, "unhex")),
    }
    for name, (count, function) in table.items():
        db.create_scalar_function(
            name, function, count, deterministic=True, flags=apsw.SQLITE_INNOCUOUS
        )


class _Native:
    """SQLite's own functions, by way of a database with nothing in it."""

    def __init__(self) -> None:
        self._db: apsw.Connection | None = None

    def __call__(self, name: str, *values: Value) -> Value:
        """Return what SQLite makes of the values; :class:`SqlError` if that could take long."""
        _check(name, _size(values[0]), _size(values[1]))
        if self._db is None:
            self._db = apsw.Connection(":memory:")
        marks = ", ".join("?" * len(values))
        result: Value = self._db.execute(f"SELECT {name}({marks})", values).get
        return result


def _size(value: Value) -> int:
    return len(value) if isinstance(value, (str, bytes)) else 1


def _check(name: str, size: int, other_size: int) -> None:
    if size * other_size > _PRODUCT_MAX:
        message = f"{name}() would take too long with values of {size} and {other_size} bytes."
        raise SqlError("too_big", message)


def _is_plain(value: Value) -> TypeGuard[str]:
    """Tell texts; at a NUL character SQLite's functions each do something else."""
    return isinstance(value, str) and "\0" not in value


def _instr(native: _Native, text: Value, part: Value) -> Value:
    if isinstance(text, str) and isinstance(part, str):
        return text.find(part) + 1
    if isinstance(text, bytes) and isinstance(part, bytes):
        return text.find(part) + 1
    return native("instr", text, part)


def _replace(native: _Native, bound: int, text: Value, old: Value, new: Value) -> Value:
    if not (_is_plain(text) and _is_plain(old) and _is_plain(new)):
        return native("replace", text, old, new)
    if not old:
        return text
    # Looked at before: what would be made could be a million times as long as what there is.
    if len(new) > len(old) and len(text) + text.count(old) * (len(new) - len(old)) > bound:
        raise SqlError("too_big", f"replace() would make a text longer than {bound} bytes.")
    return text.replace(old, new)


def _trim(
    native: _Native, name: str, strip: Callable[[str, str], str], text: Value, characters: Value
) -> Value:
    if not (_is_plain(text) and _is_plain(characters)):
        return native(name, text, characters)
    once = "".join(dict.fromkeys(characters))
    _check(name, len(text), len(once))
    return strip(text, once)
