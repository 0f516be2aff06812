"""From a tenant's text to the statement that is sent: read, checked, written anew.

What is sent is PostgreSQL's text written from the checked tree, never the tenant's own.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from sqlglot.errors import SqlglotError, UnsupportedError

from quintet_server.engines.sql import parameters
from quintet_server.engines.sql.dialect import write
from quintet_server.engines.sql.kinds import annotate
from quintet_server.engines.sql.model import Catalog, SqlRefused
from quintet_server.engines.sql.names import resolve_names
from quintet_server.engines.sql.outputs import name_outputs
from quintet_server.engines.sql.reading import read
from quintet_server.engines.sql.settings import SqlSettings
from quintet_server.engines.sql.shapes import check_shapes
from quintet_server.engines.sql.spelling import spell_out
from quintet_server.engines.sql.statement import Statement
from quintet_server.engines.sql.translation import Translation, mark_words

__all__ = ["Checker"]

_SHORT_CHARS = 500
"""What is read in a few milliseconds, on the event loop; longer texts are read in a thread."""
_KEPT = 256
_READERS = 2


class Checker:
    """Checks statements, and remembers those that it has checked."""

    def __init__(self, catalog: Catalog, settings: SqlSettings):
        self._catalog = catalog
        self._settings = settings
        self._names = {
            *catalog.tables,
            *(column.name for table in catalog.tables.values() for column in table),
        }
        self._kept: OrderedDict[Any, Statement] = OrderedDict()
        self._readers = asyncio.Semaphore(_READERS)

    async def with_values(
        self, sql: str, values: Mapping[str, Any], types: Mapping[str, str] | None = None
    ) -> Statement:
        """The statement with its parameters. Raises :class:`SqlRefused`."""
        return await self._check(sql, parameters.of_values(values, types))

    async def with_types(self, sql: str, types: Mapping[str, str]) -> Statement:
        """The statement with parameters of those types, all null. Raises :class:`SqlRefused`."""
        return await self._check(sql, parameters.of_types(types))

    async def _check(self, sql: str, given: dict[str, parameters.Parameter]) -> Statement:
        key = (sql, frozenset((name, each.cast, each.text) for name, each in given.items()))
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        if len(sql) <= _SHORT_CHARS:
            statement = self.check(sql, given)
        else:
            async with self._readers:
                statement = await asyncio.to_thread(self.check, sql, given)
        self._kept[key] = statement
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return statement

    def check(self, sql: str, given: Mapping[str, parameters.Parameter]) -> Statement:
        """The same at once, on whatever thread this is."""
        try:
            return self._checked(sql, given)
        except RecursionError:
            raise SqlRefused(
                "too_large", "The statement is nested too deeply: break it into parts with WITH."
            ) from None
        except UnsupportedError as error:
            raise SqlRefused("syntax", f"Not supported here: {error}.") from None
        except SqlglotError as error:
            text = str(error).splitlines()[0]
            raise SqlRefused("syntax", f"The statement cannot be read: {text}") from None

    def _checked(self, sql: str, given: Mapping[str, parameters.Parameter]) -> Statement:
        tree = read(sql, self._settings, self._names)
        check_shapes(tree)
        mark_words(tree)
        names = resolve_names(tree, self._catalog)
        spell_out(tree, self._catalog)
        spellings = name_outputs(tree)
        annotate(tree, names, self._catalog, given)
        translation = Translation(self._catalog, names, given)
        text = write(translation.apply(tree))
        return Statement(text, tuple(translation.values), (0,) * len(translation.values), spellings)
