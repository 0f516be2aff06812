"""What the columns of the result are called.

As written; a function without a name of its own gets that of the function, anything else `f0_`,
`f1_` by its place (BigQuery's rule). Two of one name are refused, unless the names were ours.
"""

from __future__ import annotations

from sqlglot import exp

from quintet_server.engines.sql.model import SqlRefused

__all__ = ["name_outputs"]


def name_outputs(tree: exp.Query) -> dict[str, str]:
    """Give every column of every SELECT a name; returns how the result's names were written."""
    for select in list(tree.find_all(exp.Select)):
        _name_columns(select)
    return _spellings(_first_select(tree))


def _first_select(tree: exp.Expr) -> exp.Select:
    while not isinstance(tree, exp.Select):
        tree = tree.this
    return tree


def _name_columns(select: exp.Select) -> None:
    given = {column.alias for column in select.expressions if isinstance(column, exp.Alias)}
    given |= {column.name for column in select.expressions if isinstance(column, exp.Column)}
    columns: list[exp.Expr] = []
    for index, column in enumerate(select.expressions):
        if isinstance(column, (exp.Alias, exp.Star)) or (
            isinstance(column, exp.Column) and isinstance(column.this, exp.Star)
        ):
            columns.append(column)
            continue
        if isinstance(column, exp.Column):
            name = column.name
        else:
            own = _own_name(column)
            name = f"f{index}_" if own is None or own in given else own
            given.add(name)
        columns.append(exp.alias_(column, name, quoted=True))
    select.set("expressions", columns)


def _own_name(node: exp.Expr) -> str | None:
    while isinstance(node, (exp.Window, exp.Filter, exp.WithinGroup, exp.Paren)):
        node = node.this
    if isinstance(node, exp.Anonymous):
        return node.name.lower()[:60]
    if isinstance(node, (exp.CurrentDate, exp.CurrentTimestamp)):
        return node.key.replace("current", "current_")
    return None


def _spellings(select: exp.Select) -> dict[str, str]:
    spellings: dict[str, str] = {}
    for column in select.expressions:
        if not isinstance(column, exp.Alias):
            continue
        name = column.alias
        if name in spellings:
            raise SqlRefused(
                "duplicate_column",
                f"Two columns of the result are called {name!r}: give one of them another name "
                "(AS), since a row names its values.",
                {"column": name},
            )
        identifier = column.args["alias"]
        written = isinstance(column.this, exp.Column) and column.this.name == name
        spellings[name] = name if written else identifier.meta.get("spelling", name)
    return spellings
