"""Records out of files: CSV, JSON Lines and Parquet, one after another, whatever their size."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import orjson

from quintet_server.services.amdahl.data.headers import METADATA, HeaderRefused, Headers

__all__ = ["FORMATS", "FileRefused", "Record", "format_of", "records"]

_CELL_MAX_CHARS = 1_000_000
_LINE_MAX_BYTES = 4 * 1024 * 1024
_PARQUET_BATCH_COUNT = 10_000
_DELIMITERS = ",;\t|"

FORMATS: Mapping[str, str] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
"""The formats, by the endings of names."""


class FileRefused(Exception):
    """What is wrong with a file; `line` is where, if that can be told."""

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Record:
    """A record, its columns named as the table's; the line (row, in Parquet) it ends on."""

    line: int
    values: Mapping[str, Any]


Told = Callable[[int], None]


def format_of(path: Path) -> str:
    """The format a name stands for. Raises FileRefused."""
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise FileRefused(
            f"what is in it? --format says: {', '.join(sorted(set(FORMATS.values())))}"
        )
    return found


def records(path: Path, format: str, headers: Headers, told: Told) -> Iterator[Record]:
    """Each record of a file; `told` is called with how many bytes have been read by then.

    Raises:
        FileRefused: it cannot be read, or is not what the format says.
        OSError.
    """
    readers = {"csv": _csv, "jsonl": _json_lines, "parquet": _parquet}
    try:
        yield from readers[format](path, headers, told)
    except HeaderRefused as error:
        raise FileRefused(str(error)) from error


def _csv(path: Path, headers: Headers, told: Told) -> Iterator[Record]:
    with path.open("rb") as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        before = csv.field_size_limit(_CELL_MAX_CHARS)
        line = 0
        try:
            reader = csv.reader(text, delimiter=_delimiter(path), strict=True)
            names = next(reader, None)
            if names is None:
                raise FileRefused("it is empty: not even a line with the names of columns")
            plan = _plan([name.strip() for name in names], headers)
            for cells in reader:
                line = reader.line_num
                if len(cells) == len(names):
                    yield Record(line, _named(plan, cells))
                elif cells:
                    values = f"{len(cells)} value{'s' * (len(cells) != 1)}"
                    message = f"it has {values}, and the first line {len(names)} names"
                    raise FileRefused(message, line)
                if line % 1_000 == 0:
                    told(raw.tell())
        except csv.Error as error:
            raise FileRefused(f"it is no CSV: {error}", line + 1) from error
        except UnicodeDecodeError as error:
            raise FileRefused("it is not UTF-8 text", _unreadable_line(path)) from error
        finally:
            csv.field_size_limit(before)


def _unreadable_line(path: Path) -> int | None:
    """The first line that is no UTF-8; the reader only knows the block of bytes that it is in."""
    with path.open("rb") as raw:
        for number, line in enumerate(raw, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None


def _delimiter(path: Path) -> str:
    """What parts the names in the first line."""
    with path.open("rb") as raw:
        first = raw.readline(65_536).decode("utf-8-sig", "replace")
    return max(_DELIMITERS, key=first.count)


def _plan(names: list[str], headers: Headers) -> list[tuple[int, str, str | None]]:
    """(place, header, column) of each column that is read."""
    if doubles := [name for name in names if names.count(name) > 1]:
        raise FileRefused(f"the column {doubles[0]!r} is there twice", 1)
    columns = headers.columns(names)
    return [(place, names[place], column) for place, column in enumerate(columns) if column != ""]


def _named(plan: list[tuple[int, str, str | None]], values: list[Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for place, header, column in plan:
        value = values[place]
        if value is None or value == "":
            continue
        if column is None:
            others[header] = value
        else:
            named[column] = value
    return _with(named, others)


def _with(named: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """The named columns, with everything else in `metadata`."""
    if not others:
        return named
    given = named.get(METADATA)
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return named  # told when the row is read
    if given is None or isinstance(given, dict):
        named[METADATA] = {**others, **(given or {})}
    return named


def _json_lines(path: Path, headers: Headers, told: Told) -> Iterator[Record]:
    known: dict[tuple[str, ...], list[tuple[int, str, str | None]]] = {}
    with path.open("rb") as raw:
        for line, text in enumerate(_lines(raw), 1):
            if not text.strip():
                continue
            try:
                record = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                hint = ": each line must be an object of its own" if line == 1 else ""
                raise FileRefused(f"it is no JSON: {error}{hint}", line) from error
            if not isinstance(record, dict):
                raise FileRefused("it is no JSON object", line)
            names = tuple(record)
            if names not in known:
                known[names] = _record_plan(names, headers, line)
                if len(known) > 1_000:  # no two records alike: nothing to be remembered
                    known.clear()
                    known[names] = _record_plan(names, headers, line)
            yield Record(line, _named(known[names], list(record.values())))
            if line % 1_000 == 0:
                told(raw.tell())


def _lines(raw: IO[bytes]) -> Iterator[bytes]:
    line = 0
    while text := raw.readline(_LINE_MAX_BYTES + 1):
        line += 1
        if len(text) > _LINE_MAX_BYTES:
            raise FileRefused(f"it has more than {_LINE_MAX_BYTES} bytes", line)
        yield text.removeprefix(b"\xef\xbb\xbf") if line == 1 else text


def _record_plan(
    names: tuple[str, ...], headers: Headers, line: int
) -> list[tuple[int, str, str | None]]:
    try:
        columns = headers.known(list(names))
    except HeaderRefused as error:
        raise FileRefused(str(error), line) from error
    return [(place, names[place], column) for place, column in enumerate(columns) if column != ""]


def _parquet(path: Path, headers: Headers, told: Told) -> Iterator[Record]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise FileRefused(
            "Parquet is read with pyarrow: pip install 'quintet-server[parquet]'"
        ) from error
    size = path.stat().st_size
    try:
        with pq.ParquetFile(path) as file:
            plan = _plan(file.schema_arrow.names, headers)
            row, total = 0, max(file.metadata.num_rows, 1)
            for batch in file.iter_batches(batch_size=_PARQUET_BATCH_COUNT):
                columns = [column.to_pylist() for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    row += 1
                    yield Record(row, _named(plan, [_plain(cell) for cell in cells]))
                told(size * row // total)
    except pa.ArrowException as error:
        raise FileRefused(f"it is no Parquet: {error}") from error


def _plain(value: Any) -> Any:
    """A value of Arrow as JSON would have it; instants stay what they are."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value
