"""Several writes that share one transaction, and so one wait for the disk.

A group keeps only what succeeds plainly. Whatever else happens to a write within it is no answer
yet: the write is undone and done again alone, as if there had been no group, and what happens to it
then is its answer. A write that outlasts the group's time, or takes the transaction down with it,
sends all of the group to be done alone. So no write sees more of its neighbours than those it would
have come after anyway, and none is lost or done twice.

Nobody is told anything before the commit is on disk: even a violated constraint may be due to a
neighbour's row that never comes to be.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Sequence

import apsw

from quintet_server.engines.sqlite.connection import Connection
from quintet_server.engines.sqlite.errors import error_of
from quintet_server.engines.sqlite.model import QueryResult, SqlBusy, SqlError

__all__ = ["GROUP_MAX_COUNT", "Answer", "Fate", "Part", "run_group"]

GROUP_MAX_COUNT = 16

Part = Callable[[Connection], QueryResult]
"""A write, to be done within a transaction that others share."""

_FULL_SHARE = 4  # no more is begun when this part of the group's time is gone
_HELD_BYTES = 256 * 1024  # nor when answers of this length wait for the commit
# A commit that fails so has failed for all: what the disk has of it nobody can say, and to try
# again and again could make a disk in trouble look like one that is merely slow.
_LOST = (apsw.IOError, apsw.CorruptError, apsw.CantOpenError, apsw.NotADBError)


class Fate(enum.Enum):
    """What became of a write in a group; nothing but `KEPT` and `FAILED` is an answer."""

    KEPT = enum.auto()
    FAILED = enum.auto()
    ALONE = enum.auto()
    """Undone: to be done again, and never in a group."""
    LATER = enum.auto()
    """Not begun: to be done next."""


Answer = tuple[Fate, QueryResult | SqlError | SqlBusy | None]


class _Ended(Exception):
    """The transaction is gone, and what every neighbour did with it."""


def run_group(
    connection: Connection,
    parts: Sequence[Part],
    *,
    is_wanted: Callable[[int], bool],
    set_deadline: Callable[[float], None],
) -> list[Answer]:
    """Do writes in order, in one transaction; return what became of each.

    `is_wanted` is asked before each, by index, whether anybody still waits for it. `set_deadline`
    is told when whoever watches from outside should interrupt the connection.
    """
    settings = connection.settings
    seconds = min(settings.crowded_seconds, settings.statement_seconds)
    try:
        try:
            connection.internal("BEGIN IMMEDIATE")
            set_deadline(time.monotonic() + seconds)
            answers = _done(connection, parts, is_wanted, seconds)
        except (apsw.Error, MemoryError, _Ended):
            return _all_alone(parts)
        deadline = time.monotonic() + settings.statement_seconds
        set_deadline(deadline)
        return _committed(connection, answers, deadline)
    finally:
        connection.rules.refusal = None
        connection.roll_back()


def _all_alone(items: Sequence[object]) -> list[Answer]:
    return [(Fate.ALONE, None)] * len(items)


def _committed(connection: Connection, answers: list[Answer], deadline: float) -> list[Answer]:
    try:
        with connection.watched(deadline):
            connection.internal("COMMIT")
    except Exception as error:
        is_undone = connection.db.in_transaction or isinstance(error, apsw.Error)
        if is_undone and not isinstance(error, _LOST):
            return _all_alone(answers)
        return [
            (Fate.FAILED, error_of(error, connection.names)) if fate is Fate.KEPT else (fate, None)
            for fate, _ in answers
        ]
    return answers


def _done(
    connection: Connection,
    parts: Sequence[Part],
    is_wanted: Callable[[int], bool],
    seconds: float,
) -> list[Answer]:
    started, held = time.monotonic(), 0
    answers: list[Answer] = [(Fate.LATER, None)] * len(parts)
    for index, part in enumerate(parts):
        if held > _HELD_BYTES or time.monotonic() - started > seconds / _FULL_SHARE:
            break
        if not is_wanted(index):
            continue
        with connection.watched(started + seconds):
            result = _undoable(connection, part)
        if result is None:
            answers[index] = (Fate.ALONE, None)
        else:
            answers[index] = (Fate.KEPT, result)
            held += len(result.rows_json)
    return answers


def _undoable(connection: Connection, part: Part) -> QueryResult | None:
    """Do one write, or leave nothing of it and return None."""
    connection.internal("SAVEPOINT member")
    try:
        result: QueryResult | None = part(connection)
    except Exception:
        # Said by the transaction, for an error does not: INSERT OR ROLLBACK, RAISE(ROLLBACK), an
        # interruption, a full disk or memory undo what the neighbours did as well.
        if not connection.db.in_transaction:
            raise _Ended from None
        result = None
    # A foreign key that is looked at when the transaction ends: a later neighbour could mend it,
    # or fail for it. Alone the write is told what it would have been told.
    if result is None or _is_broken(connection):
        connection.internal("ROLLBACK TO member")
        result = None
    connection.internal("RELEASE member")
    return result


def _is_broken(connection: Connection) -> bool:
    violated, _ = connection.db.status(apsw.SQLITE_DBSTATUS_DEFERRED_FKS)
    return violated != 0
