"""Values of PostgreSQL as JSON has them, column by column.

Values arrive as text. Each type has a loader that is chosen once per result; psycopg walks over the
rows in C and calls it. Arrays are taken apart by psycopg and their elements loaded the same way.
"""

from __future__ import annotations

import base64
import binascii
from math import isfinite
from typing import Any

import orjson
from psycopg import abc
from psycopg.abc import Loader
from psycopg.adapt import AdaptersMap, Loader as TextLoader, Transformer
from psycopg.postgres import types
from psycopg.types.array import register_array
from psycopg.types.bool import BoolLoader
from psycopg.types.numeric import IntLoader
from psycopg.types.string import TextLoader as StringLoader

from quintet_server.engines.sql.model import ColumnType

__all__ = ["new_transformer", "type_of"]

_SAFE = 2**53 - 1
"""Largest integer that JSON's readers do not round."""


class _BigInteger(TextLoader):
    def load(self, data: Any) -> int | str:
        value = int(data)
        return value if -_SAFE <= value <= _SAFE else str(value)


class _Float(TextLoader):
    def load(self, data: Any) -> float | None:
        value = float(data)
        return value if isfinite(value) else None  # NaN and infinities: nothing JSON could say


class _Numeric(TextLoader):
    def load(self, data: Any) -> str | None:
        text = str(data, "ascii")
        return None if text[-1] in "Ny" else text  # NaN, Infinity


class _Date(TextLoader):
    def load(self, data: Any) -> str | None:
        text = str(data, "ascii")
        return None if text[-1] == "y" else text


class _Timestamp(TextLoader):
    """RFC 3339 in UTC: the session's time zone, and what a value without one is taken for."""

    def load(self, data: Any) -> str | None:
        text = str(data, "ascii")
        if text[-1] == "y":  # infinity
            return None
        if text[-1] == "C":  # before Christ: no form of RFC 3339
            return text
        return f"{text.removesuffix('+00').replace(' ', 'T')}Z"


class _Bytes(TextLoader):
    def load(self, data: Any) -> str:
        return base64.b64encode(binascii.unhexlify(bytes(data)[2:])).decode()


class _Json(TextLoader):
    def load(self, data: Any) -> Any:
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:  # nested deeper than the reader goes
            return bytes(data).decode()


_LOADERS: dict[str, type[Loader]] = {
    "bool": BoolLoader,
    "int2": IntLoader,
    "int4": IntLoader,
    "int8": _BigInteger,
    "oid": _BigInteger,
    "float4": _Float,
    "float8": _Float,
    "numeric": _Numeric,
    "date": _Date,
    "timestamp": _Timestamp,
    "timestamptz": _Timestamp,
    "bytea": _Bytes,
    "json": _Json,
    "jsonb": _Json,
}
_NAMES: dict[str, ColumnType] = {
    "bool": "BOOLEAN",
    "int2": "INTEGER",
    "int4": "INTEGER",
    "int8": "INTEGER",
    "oid": "INTEGER",
    "float4": "FLOAT",
    "float8": "FLOAT",
    "numeric": "NUMERIC",
    "date": "DATE",
    "time": "TIME",
    "timetz": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP",
    "bytea": "BYTES",
    "json": "JSON",
    "jsonb": "JSON",
}


def _build() -> tuple[AdaptersMap, dict[int, ColumnType]]:
    adapters = AdaptersMap(types=types)
    adapters.register_loader(0, StringLoader)
    names: dict[int, ColumnType] = {}
    for info in types:
        if info.array_oid:
            names[info.array_oid] = "JSON"
            register_array(info, adapters)
        if info.name in _NAMES:
            names[info.oid] = _NAMES[info.name]
        adapters.register_loader(info.oid, _LOADERS.get(info.name, StringLoader))
    return adapters, names


_ADAPTERS, _TYPES = _build()


def type_of(oid: int) -> ColumnType:
    """What a column of this PostgreSQL type is called; what has no name of its own is text."""
    return _TYPES.get(oid, "STRING")


def new_transformer() -> abc.Transformer:
    """What turns the rows of one result into values."""
    return Transformer(_ADAPTERS)
