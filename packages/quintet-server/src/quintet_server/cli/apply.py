"""``quintet apply``: put definitions from files into the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quintet_server.cli.options import DatabaseUrl, DataDir, fail

if TYPE_CHECKING:
    from quintet_server.definitions.apply import Applied
    from quintet_server.store.database import Database


def apply(
    paths: Annotated[
        list[Path],
        typer.Option(
            "--file",
            "-f",
            help="A YAML or JSON file, or a folder of them (subfolders included); may be repeated.",
            show_default=False,
        ),
    ],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Create or update what the files define: all of it, or nothing if there is a mistake.

    A file holds documents with service, kind, name, spec and optionally project, separated by
    lines of three dashes. Applying the same files again changes nothing.
    """
    from quintet_server.cli.database import with_database
    from quintet_server.definitions.apply import BadDefinitions, apply_definitions
    from quintet_server.services import load_services

    kinds = [kind for service in load_services() for kind in service.definitions]

    async def work(db: Database) -> list[Applied]:
        return await apply_definitions(db, paths, kinds)

    try:
        applied = with_database(data_dir, database_url, work)
    except BadDefinitions as bad:
        for mistake in bad.mistakes:
            typer.echo(str(mistake), err=True)
        fail(f"{len(bad.mistakes)} mistake(s) found; nothing was changed")
    except FileNotFoundError as error:
        fail(str(error))
    for item in applied:
        for warning in item.warnings:
            typer.echo(f"warning: {warning}", err=True)
        typer.echo(f"{item.outcome:9}  {item.service} {item.kind} {item.name} ({item.project})")
    if not applied:
        typer.echo(f"no definitions in {', '.join(map(str, paths))}")
