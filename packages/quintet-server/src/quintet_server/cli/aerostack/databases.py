"""``quintet aerostack backup | restore | databases``: the SQLite files of projects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quintet_server.cli.options import DatabaseUrl, DataDir, fail

if TYPE_CHECKING:
    from quintet_server.store.database import Database

__all__ = ["COMMANDS"]

_Project = Annotated[str, typer.Argument(help="Name or id of the project.", metavar="PROJECT")]


def backup(
    project: _Project,
    file: Annotated[
        Path, typer.Argument(help="File to write; replaced once the copy is whole.", metavar="FILE")
    ],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Copy a project's database to a file, as of this moment, while the server runs."""
    from quintet_server.engines.sqlite.backup import BackupError, back_up

    source = _path(project, data_dir, database_url)
    try:
        back_up(source, file)
    except (BackupError, OSError) as error:
        fail(f"project {project}: {error}")
    typer.echo(f"{file}: {_size(file.stat().st_size)}, checked")


def restore(
    project: _Project,
    file: Annotated[Path, typer.Argument(help="A SQLite database.", metavar="FILE")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a project's database what a file says, while the server runs. Replaces all of it."""
    from quintet_server.engines.sqlite.backup import BackupError, restore as put_back, usage_of
    from quintet_server.engines.sqlite.settings import SqliteSettings

    target = _path(project, data_dir, database_url)
    if target.exists() and not yes:
        typer.confirm(f"Replace everything in the database of {project}?", abort=True)
    try:
        put_back(file, target, SqliteSettings())
    except (BackupError, OSError) as error:
        fail(f"project {project}: {error}")
    # What is still in the log beside the file counts as well.
    typer.echo(f"restored the database of {project}: {_size(usage_of(target).size_bytes)}")


def databases(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List the databases of projects, the largest first."""
    from quintet_server.engines.sqlite.backup import usage_of

    names = _projects(data_dir, database_url)
    usages = [usage_of(path) for path in _folder(data_dir).glob("*.db")]
    rows = [
        {
            "project": names.get(usage.database),
            "project_id": usage.database,
            "size_bytes": usage.size_bytes,
            "free_bytes": usage.free_bytes,
            "log_bytes": usage.log_bytes,
        }
        for usage in sorted(usages, key=lambda usage: -usage.size_bytes)
    ]
    if as_json:
        import orjson

        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    typer.echo(f"{'SIZE':>10}  {'FREE':>10}  {'LOG':>10}  PROJECT")
    for row in rows:
        sizes = (_size(row[name]) for name in ("size_bytes", "free_bytes", "log_bytes"))
        cells = "  ".join(f"{size:>10}" for size in sizes)
        typer.echo(f"{cells}  {row['project'] or 'deleted'} ({row['project_id']})")


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("backup", backup),
    ("restore", restore),
    ("databases", databases),
)


def _projects(data_dir: Path | None, database_url: str | None) -> dict[str, str]:
    """Return the names of the projects by their ids."""
    from quintet_server.cli.database import with_database

    async def work(db: Database) -> dict[str, str]:
        async with db.connection() as conn:
            statement = b"SELECT id, name FROM projects WHERE service = 'aerostack'"
            cursor = await conn.execute(statement)
            return dict(await cursor.fetchall())

    return with_database(data_dir, database_url, work)


def _path(project: str, data_dir: Path | None, database_url: str | None) -> Path:
    from quintet_server.engines.sqlite.engine import path_of

    names = _projects(data_dir, database_url)
    found = next((id for id, name in names.items() if project in (id, name)), None)
    if found is None:
        known = ", ".join(sorted(names.values())) or "none yet"
        fail(f"there is no project {project!r} of Aerostack; there are: {known}")
    return path_of(_folder(data_dir), found)


def _folder(data_dir: Path | None) -> Path:
    from quintet_server.cli.database import data_dir_of

    return data_dir_of(data_dir) / "aerostack" / "sqlite"


def _size(count: object) -> str:
    assert isinstance(count, int)
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
