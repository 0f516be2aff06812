"""What kind of statement a text is, told from its words: which lane it takes, what is refused.

Only the first word decides, as far as possible. A wrong guess costs nothing but a place in the
slower lane: what a statement may really do is decided by SQLite's own parser, through
:mod:`~.rules` and a connection that cannot write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from quintet_server.engines.sqlite.model import SqlError

__all__ = ["Shape", "is_blank", "shape_of"]

_CACHED_MAX_CHARS = 2_000  # longer texts are rarely seen twice and would fill the memory

# What is in a comment is spelled so that no way of matching leads past its end.
_COMMENT = r"--[^\n]*(?:\n|\Z)|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)"
_BLANK = rf"(?:[\s;]|{_COMMENT})*"
_ALL_BLANK = re.compile(_BLANK)
_FIRST_WORD = re.compile(_BLANK + r"([A-Za-z]+)")
_CHANGES = re.compile(r"\b(?:insert|update|delete|replace)\b", re.IGNORECASE)
# Functions that speak of what this connection wrote: a connection that only reads knows nothing.
_LOOKS_BACK = re.compile(r"\b(?:last_insert_rowid|changes|total_changes)\s*\(", re.IGNORECASE)
_RETURNING = re.compile(r"\breturning\b", re.IGNORECASE)
_PATCHES = re.compile(r"jsonb?_patch", re.IGNORECASE)
_STATEFUL_PRAGMA = re.compile(r"\b(?:optimize|defer_foreign_keys)\b", re.IGNORECASE)

_READS = frozenset({"select", "values", "explain", "pragma", "with"})
_COUNTS = frozenset({"insert", "update", "delete", "replace", "with"})
_SCHEMA = frozenset({"create", "drop", "alter", "reindex"})

_ONE_CALL = (
    "Transactions do not span calls. Every statement is one of its own; send several to /db/batch "
    "with atomic=true to make them one."
)
_REFUSED = {
    "attach": "ATTACH is not available: a project has one database.",
    "detach": "DETACH is not available: a project has one database.",
    "vacuum": "VACUUM is not available: the space of deleted rows is used again by itself.",
    **dict.fromkeys(
        ("begin", "commit", "end", "rollback", "savepoint", "release"),
        _ONE_CALL,
    ),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What the words of a statement say about it."""

    word: str
    """The first one, in lower case; empty if there is none."""
    writes: bool
    """Whether it belongs to the one connection that may write."""
    returns: bool
    """Whether rows may come back from a statement that writes."""
    counts: bool
    """Whether "how many rows were changed" means anything."""
    changes_schema: bool
    patches: bool
    """Whether `json_patch` is in it, which takes long for large values."""


def shape_of(sql: str, *, max_bytes: int) -> Shape:
    """Return what kind of statement this is; :class:`SqlError` for one that is never carried out.

    Refused here are those whose refusal deserves a sentence of its own.
    """
    try:
        size = len(sql) if sql.isascii() else len(sql.encode())
    except UnicodeEncodeError:
        message = "sql: not valid Unicode, it holds half of a surrogate pair"
        raise SqlError("syntax", message) from None
    if size > max_bytes:
        raise SqlError("too_big", f"sql: longer than {max_bytes} bytes")
    if "\0" in sql:
        raise SqlError("syntax", "sql: holds a NUL character; pass such text in params")
    shape = _cached(sql) if len(sql) <= _CACHED_MAX_CHARS else _read(sql)
    if shape.word in _REFUSED:
        raise SqlError("forbidden", _REFUSED[shape.word])
    if not shape.word and is_blank(sql):
        raise SqlError("syntax", "sql: there is no statement in it")
    return shape


def is_blank(text: str) -> bool:
    """Tell whether there is nothing in a text but spaces, comments and semicolons."""
    return _ALL_BLANK.fullmatch(text) is not None


def _read(sql: str) -> Shape:
    match = _FIRST_WORD.match(sql)
    word = match[1].lower() if match else ""
    writes = (
        word not in _READS
        or (word == "with" and _CHANGES.search(sql) is not None)
        or (word == "pragma" and _STATEFUL_PRAGMA.search(sql) is not None)
        or (word != "explain" and _LOOKS_BACK.search(sql) is not None)
    )
    return Shape(
        word=word,
        writes=writes,
        returns=writes and word in _COUNTS and _RETURNING.search(sql) is not None,
        counts=writes and word in _COUNTS,
        changes_schema=word in _SCHEMA,
        patches=_PATCHES.search(sql) is not None,
    )


_cached = lru_cache(maxsize=1_000)(_read)
