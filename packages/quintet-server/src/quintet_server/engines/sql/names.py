"""Names of a statement: tables, columns, aliases, and what the columns of the result are called.

All names become lower case inside, which is how PostgreSQL keeps them; how the result's columns
were written is remembered. Which column belongs to which table is left to PostgreSQL: what is
checked is that every name is one that the statement can mean at all.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from quintet_server.engines.sql.model import Catalog, SqlRefused

__all__ = ["Names", "lower", "resolve_names"]

# What PostgreSQL cuts names to.
_NAME_MAX_BYTES = 63
_SYSTEM_COLUMNS = frozenset({"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax", "oid"})
_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def lower(name: str) -> str:
    """In lower case, as PostgreSQL does it: only A to Z."""
    return name.translate(_UPPER)


@dataclass(slots=True)
class Names:
    """What the names of one statement mean.

    Attributes:
        tables: tables of the catalog that it reads.
        columns: columns of those.
        aliases: expressions by the alias they are given; None for other names it defines.
        relations: what can stand before a dot: tables, their aliases, names of WITH.
    """

    tables: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    aliases: dict[str, exp.Expr | None] = field(default_factory=dict)
    relations: set[str] = field(default_factory=set)


def resolve_names(tree: exp.Query, catalog: Catalog) -> Names:
    """Check every name and write it in lower case. Raises :class:`SqlRefused`."""
    for identifier in tree.find_all(exp.Identifier):
        _normalise(identifier, catalog)
    names = Names()
    queries = _defined_queries(tree, catalog)
    for table in tree.find_all(exp.Table):
        _resolve_table(table, queries, catalog, names)
    names.relations |= queries
    for alias in tree.find_all(exp.TableAlias):
        if alias.this is not None:
            names.relations.add(alias.name)
            names.aliases.setdefault(alias.name, None)
        for column in alias.args.get("columns") or ():
            names.aliases[column.name] = None
    for named in tree.find_all(exp.Alias):
        # A name that a table has as well: COUNT(*) AS deals FROM deals ORDER BY deals.
        if names.aliases.get(named.alias) is None:
            names.aliases[named.alias] = named.this
    for name in names.tables:
        names.columns |= {column.name for column in catalog.tables[name]}
    for column in list(tree.find_all(exp.Column)):
        _check_column(column, names, catalog)
    for join in tree.find_all(exp.Join):
        for identifier in join.args.get("using") or ():
            _check_name(identifier.name, names, catalog)
    return names


def _normalise(identifier: exp.Identifier, catalog: Catalog) -> None:
    name = lower(identifier.name)
    if name in catalog.tenant_columns:
        raise SqlRefused(
            "tenant_column",
            f"A statement does not say {name}: whose rows it sees is decided for it.",
            {"column": name},
        )
    if not name or len(name.encode()) > _NAME_MAX_BYTES:
        raise SqlRefused(
            "syntax", f"A name has 1 to {_NAME_MAX_BYTES} bytes, not {len(name.encode())}."
        )
    if "\0" in name:
        raise SqlRefused("syntax", "The statement holds a character that no text may hold.")
    identifier.meta["spelling"] = identifier.name
    identifier.set("this", name)


def _defined_queries(tree: exp.Query, catalog: Catalog) -> set[str]:
    """The names of every WITH."""
    found = set()
    for query in tree.find_all(exp.CTE):
        name = query.alias
        if name in catalog.tables:
            raise SqlRefused(
                "invalid_expression",
                f"A WITH may not be called like the table {name}: choose another name.",
                {"name": name},
            )
        found.add(name)
    return found


def _resolve_table(table: exp.Table, queries: set[str], catalog: Catalog, names: Names) -> None:
    if not isinstance(table.this, exp.Identifier):
        called = table.this.name if table.this is not None else "ROWS FROM"
        raise SqlRefused(
            "forbidden_function",
            f"{called or 'A function'} cannot stand in FROM; UNNEST can.",
            {"function": called.upper() or None},
        )
    is_plain = not table.args.get("db") and not table.args.get("catalog")
    if is_plain and table.name in queries:
        return
    if not is_plain or table.name not in catalog.tables:
        shown = ".".join(part.name for part in table.parts)
        allowed = sorted(catalog.tables)
        raise SqlRefused(
            "unknown_table",
            f"There is no table {shown[:200]!r}. There are: {', '.join(allowed)}.",
            {"table": shown[:200], "allowed": allowed},
        )
    names.tables.add(table.name)
    names.relations.add(table.name)
    if not table.args.get("alias"):
        names.aliases.setdefault(table.name, None)
    table.set("db", exp.to_identifier(catalog.schema, quoted=True))


def _check_column(column: exp.Column, names: Names, catalog: Catalog) -> None:
    parts = [part.name for part in column.parts if isinstance(part, exp.Identifier)]
    if isinstance(column.this, exp.Star):
        if len(parts) != 1 or parts[0] not in names.relations:
            raise _unknown(".".join(parts), names.relations)
        return
    if len(parts) > 1 and parts[0] in names.relations:
        _check_name(parts[1], names, catalog)
        return
    if column.meta.get("is_word"):  # of a function: DAY, MONTH
        return
    _check_name(parts[0], names, catalog)


def _check_name(name: str, names: Names, catalog: Catalog) -> None:
    if name[:1] == "$" and name[1:].isdigit():
        raise SqlRefused(
            "parameter_invalid", "Parameters are named: @name, with its value in `params`."
        )
    if name not in names.columns and name not in names.aliases:
        known = names.columns | set(names.aliases)
        if not names.tables and not known:
            known = {column.name for table in catalog.tables.values() for column in table}
        raise _unknown(name, known)


def _unknown(name: str, known: Iterable[str]) -> SqlRefused:
    suggestions = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""
    if name in _SYSTEM_COLUMNS:
        hint = ""
        suggestions = []
    return SqlRefused(
        "unknown_column",
        f"There is no column {name[:200]!r}.{hint}",
        {"column": name[:200], "suggestions": suggestions},
    )
