"""``quintet amdahl rotate-embed-secret``: another secret signs the URLs of embedded pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from quintet_server.cli.options import DatabaseUrl, DataDir, fail

if TYPE_CHECKING:
    from quintet_server.services.amdahl.pages.embedding.secrets import EmbedSecret
    from quintet_server.store.database import Database

__all__ = ["COMMANDS"]


def rotate_embed_secret(
    project: Annotated[str, typer.Option(help="Workspace whose pages they are.")] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """End every URL of the workspace's embedded pages, in every running server, at once.

    New ones are made with the new secret.
    """
    from quintet_server.cli.database import with_database
    from quintet_server.services.amdahl.pages.embedding.secrets import find_workspace, rotate_secret

    async def work(db: Database) -> EmbedSecret | None:
        async with db.transaction() as conn:
            project_id = await find_workspace(conn, project)
            return None if project_id is None else await rotate_secret(conn, project_id)

    made = with_database(data_dir, database_url, work)
    if made is None:
        fail(f"There is no workspace {project!r}.")
    if as_json:
        import orjson

        typer.echo(orjson.dumps({"project": project, "kid": made.kid}).decode())
        return
    typer.echo(f"{made.kid} signs from now on; earlier URLs show nothing any more")


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("rotate-embed-secret", rotate_embed_secret),
)
