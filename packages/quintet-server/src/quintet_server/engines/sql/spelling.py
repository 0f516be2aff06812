"""What BigQuery lets one leave to it, spelled out for PostgreSQL.

A subquery in FROM gets the name that PostgreSQL 15 wants of it; `* EXCEPT (x)` becomes the columns
that are left; an alias in HAVING or inside an expression of ORDER BY becomes what it stands for.
"""

from __future__ import annotations

from sqlglot import exp

from quintet_server.engines.sql.model import Catalog, SqlRefused

__all__ = ["spell_out"]


def spell_out(tree: exp.Query, catalog: Catalog) -> None:
    """Do it in place, in every SELECT. Raises :class:`SqlRefused` where it cannot be known."""
    for index, subquery in enumerate(list(tree.find_all(exp.Subquery))):
        stands_in_from = isinstance(subquery.parent, (exp.From, exp.Join))
        if stands_in_from and not subquery.alias and isinstance(subquery.this, exp.Query):
            name = exp.to_identifier(f"_s{index}")
            subquery.set("alias", exp.TableAlias(this=name))
    for select in list(tree.find_all(exp.Select)):
        if any(_excepted(column) for column in select.expressions):
            _without_excepted(select, tree, catalog)
        _spell_aliases(select)


def _excepted(column: exp.Expr) -> list[exp.Expr]:
    star = column.this if isinstance(column, exp.Column) else column
    return list(star.args.get("except_") or ()) if isinstance(star, exp.Star) else []


def _without_excepted(select: exp.Select, tree: exp.Query, catalog: Catalog) -> None:
    columns: list[exp.Expr] = []
    for column in select.expressions:
        dropped = {each.name for each in _excepted(column)}
        if not dropped:
            columns.append(column)
            continue
        table = column.args.get("table") if isinstance(column, exp.Column) else None
        sources = _sources(select, tree, catalog, table.name if table is not None else None)
        known = [name for _, names in sources for name in names]
        for name in sorted(dropped - set(known)):
            raise SqlRefused(
                "unknown_column",
                f"There is no column {name!r} to leave out.",
                {"column": name, "suggestions": []},
            )
        columns += [
            exp.column(exp.to_identifier(name), table=exp.to_identifier(source))
            for source, names in sources
            for name in names
            if name not in dropped
        ]
    select.set("expressions", columns)


def _sources(
    select: exp.Select, tree: exp.Query, catalog: Catalog, only: str | None
) -> list[tuple[str, list[str]]]:
    """What stands in FROM, with its columns."""
    items = [select.args["from_"].this] if select.args.get("from_") else []
    items += [join.this for join in select.args.get("joins") or ()]
    found = []
    for item in items:
        name = item.alias_or_name
        if only is None or name == only:
            found.append((name, _columns_of(item, tree, catalog)))
    return found


def _columns_of(item: exp.Expr, tree: exp.Query, catalog: Catalog) -> list[str]:
    if isinstance(item, exp.Table):
        if item.args.get("db"):
            return [column.name for column in catalog.tables[item.name]]
        for query in tree.find_all(exp.CTE):
            if query.alias == item.name:
                return _outputs(query.this, query.args["alias"])
    if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Query):
        return _outputs(item.this, item.args.get("alias"))
    raise SqlRefused("syntax", "* EXCEPT goes with tables, subqueries and WITH only.")


def _outputs(query: exp.Query, alias: exp.Expr | None) -> list[str]:
    given = alias.args.get("columns") if alias is not None else None
    names = [column.name for column in given] if given else list(query.named_selects)
    if not all(names) or "*" in names:
        raise SqlRefused("syntax", "* EXCEPT needs a query that names its columns.")
    return names


def _spell_aliases(select: exp.Select) -> None:
    aliases = {
        column.alias: column.this for column in select.expressions if isinstance(column, exp.Alias)
    }
    having = select.args.get("having")
    if having is not None:
        _replace(having, aliases)
    order = select.args.get("order")
    for ordered in order.expressions if order is not None else ():
        if not isinstance(ordered.this, exp.Column):
            _replace(ordered, aliases)


def _replace(clause: exp.Expr, aliases: dict[str, exp.Expr]) -> None:
    for column in list(clause.find_all(exp.Column)):
        meant = aliases.get(column.name) if len(column.parts) == 1 else None
        # An alias that hides the column it is made of means the column there.
        if meant is not None and not any(
            inner.name == column.name for inner in meant.find_all(exp.Column)
        ):
            column.replace(exp.Paren(this=meant.copy()))
