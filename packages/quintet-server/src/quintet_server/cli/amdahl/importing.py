"""``quintet amdahl import``: rows out of CSV, JSON Lines and Parquet files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from quintet_server.cli.options import DatabaseUrl, DataDir, fail

if TYPE_CHECKING:
    from quintet_server.services.amdahl.data.headers import Headers
    from quintet_server.services.amdahl.data.keeping import Kept
    from quintet_server.services.amdahl.data.loading import LoadRefused
    from quintet_server.services.amdahl.data.tables import Table
    from quintet_server.store.database import Database

__all__ = ["COMMANDS"]


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, JSON Lines or Parquet files.", metavar="FILE"),
    ],
    table: Annotated[
        str | None,
        typer.Option(
            help="interactions, deals or deal_qualification. Default: the one a file is named "
            "after, else interactions.",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        str, typer.Option(help="Workspace the rows belong to; made if there is none.")
    ] = "default",
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="A column of the file and the one it is for, as COLUMN=FIELD; COLUMN= leaves it "
            "out. May be given several times.",
            metavar="COLUMN=FIELD",
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="csv, jsonl or parquet. Default: by the name's ending.", show_default=False
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete the rows that the tables have before.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Put rows from files into a workspace's tables, while the server runs or not.

    Each file goes in whole, or not at all. A row replaces the one with its key; an interaction
    without an id gets one made of its values, so importing a file again adds nothing. Columns are
    matched by name, then by usual other names; what is unknown goes into the metadata of
    interactions.
    """
    from quintet_server.cli.database import with_database

    jobs = _jobs(files, table, _mapping(mapping or []), format)

    async def work(db: Database) -> None:
        await _import(db, project, jobs, replace=replace)

    with_database(data_dir, database_url, work)


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (("import", import_),)

_Job = tuple[Path, "Table", str, "Headers"]


def _jobs(
    files: Sequence[Path], table: str | None, mapping: dict[str, str], format: str | None
) -> list[_Job]:
    """What is to be done with each file; a mistake in any ends the command before the first."""
    from quintet_server.services.amdahl.data.files import FORMATS, FileRefused, format_of
    from quintet_server.services.amdahl.data.headers import HeaderRefused, Headers
    from quintet_server.services.amdahl.data.tables import TABLES

    if table is not None and table not in TABLES:
        fail(f"--table: {table!r} is not one of {', '.join(TABLES)}")
    if format is not None and format not in FORMATS.values():
        fail(f"--format: {format!r} is not one of {', '.join(dict.fromkeys(FORMATS.values()))}")
    jobs: list[_Job] = []
    for path in files:
        if path.is_dir():
            fail(f"{path}: it is a folder; name the files in it")
        if not path.is_file():
            fail(f"{path}: there is no such file")
        name = table or (path.stem if path.stem in TABLES else "interactions")
        try:
            # A column that is mapped may be one of some of the files.
            headers = Headers(TABLES[name], mapping, is_each_there=len(files) == 1)
            jobs.append((path, TABLES[name], format or format_of(path), headers))
        except (FileRefused, HeaderRefused) as error:
            fail(f"{path}: {error}")
    return jobs


def _mapping(given: Sequence[str]) -> dict[str, str]:
    mapping = {}
    for each in given:
        column, equals, field = each.rpartition("=")
        # A column whose header is empty can be mapped, or left out, too.
        if not equals:
            fail(f"--map: {each!r} is not of the form COLUMN=FIELD")
        mapping[column.strip()] = field.strip()
    return mapping


async def _import(db: Database, project: str, jobs: Sequence[_Job], *, replace: bool) -> None:
    from quintet_server.services.amdahl.data.loading import LoadRefused, load_file
    from quintet_server.store.keys import ensure_project

    async with db.connection() as conn:
        project_id = await ensure_project(conn, "amdahl", project)
    cleared: set[str] = set()
    for number, (path, table, format, headers) in enumerate(jobs):
        began = time.monotonic()
        try:
            with _progress(path) as told:
                kept = await load_file(
                    db,
                    project_id,
                    table,
                    path,
                    format,
                    headers,
                    replace=replace and table.name not in cleared,
                    told=told,
                )
        except LoadRefused as error:
            _refuse(path, error, [done[0] for done in jobs[:number]])
        except OSError as error:
            fail(f"{path}: {error.strerror or error}")
        cleared.add(table.name)
        typer.echo(_told(path, table, kept, time.monotonic() - began))
        if headers.guessed:
            typer.echo(_guesses(headers.guessed), err=True)


def _refuse(path: Path, error: LoadRefused, done: Sequence[Path]) -> NoReturn:
    for problem in error.problems:
        where = path if problem.line is None else f"{path}:{problem.line}"
        typer.echo(f"{where}: {problem.message}", err=True)
    before = f"; imported before it: {', '.join(map(str, done))}" if done else ""
    fail(f"nothing of {path} was imported{before}")


def _told(path: Path, table: Table, kept: Kept, seconds: float) -> str:
    total = kept.inserted + kept.updated + kept.unchanged
    return (
        f"{path}: {total:,} row{'s'[: total != 1]} for {table.name} in {seconds:.1f} s "
        f"({kept.inserted:,} new, {kept.updated:,} changed, {kept.unchanged:,} as they were)"
    )


def _guesses(guessed: Mapping[str, str | None]) -> str:
    """What became of columns that are not called what ours are."""
    read = [f"{header!r} as {name}" for header, name in guessed.items() if name]
    kept = [repr(header) for header, name in guessed.items() if name is None]
    parts = [f"read {', '.join(read)}"] if read else []
    parts += [f"into metadata: {', '.join(kept)}"] if kept else []
    return f"  {'; '.join(parts)} (--map COLUMN=FIELD says otherwise)"


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(path.name, total=path.stat().st_size)
        yield lambda read: progress.update(task, completed=read)
