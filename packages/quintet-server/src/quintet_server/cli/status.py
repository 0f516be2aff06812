"""``quintet status``: what runs, and whether it is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from quintet_server.cli.options import DatabaseUrl, DataDir, fail

if TYPE_CHECKING:
    from quintet_server.instances import Instance
    from quintet_server.store.database import Database

_COUNTS = """
SELECT (SELECT count(*) FROM api_keys WHERE revoked_at IS NULL),
       (SELECT count(*) FROM projects),
       (SELECT count(*) FROM work_jobs WHERE state = 'processing'),
       (SELECT count(*) FROM work_jobs WHERE state IN ('pending', 'scheduled')),
       current_setting('server_version'),
       pg_size_pretty(pg_database_size(current_database()))
"""


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Show the servers running on the data folder and the state of their database.

    Exits with 1 when no server runs or one is not ready.
    """
    from quintet_server.cli.database import data_dir_of, missing_data, with_database
    from quintet_server.instances import running_instances

    folder = data_dir_of(data_dir)
    servers = [_asked(instance) for instance in running_instances(folder)]
    found: dict[str, Any] = {"data_dir": str(folder.resolve()), "servers": servers}
    missing = missing_data(data_dir, database_url)
    if missing is None:
        found["database"] = with_database(data_dir, database_url, _counts)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif missing is None:
        _print(found)
    if missing is not None:
        fail(missing)
    if not servers or any(server["state"] != "ready" for server in servers):
        raise typer.Exit(1)


def _asked(instance: Instance) -> dict[str, Any]:
    import httpx

    try:
        answer = httpx.get(f"{instance.url}/readyz", timeout=3.0, trust_env=False).json()
        state = str(answer["status"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        state = f"no answer ({error})"
    return {"pid": instance.pid, "url": instance.url, "state": state}


async def _counts(db: Database) -> dict[str, Any]:
    async with db.connection() as conn:
        row = await (await conn.execute(_COUNTS)).fetchone()
    assert row is not None  # a select without FROM
    names = ("keys", "projects", "jobs_running", "jobs_waiting", "version", "size")
    return dict(zip(names, row, strict=True))


def _print(found: dict[str, Any]) -> None:
    typer.echo(f"data folder  {found['data_dir']}")
    for server in found["servers"]:
        typer.echo(f"server       {server['url']}  pid {server['pid']}  {server['state']}")
    if not found["servers"]:
        typer.echo("server       none runs here: start one with `quintet serve`")
    if database := found.get("database"):
        typer.echo(f"database     PostgreSQL {database['version']}, {database['size']}")
        typer.echo(f"keys         {database['keys']} active in {database['projects']} projects")
        typer.echo(
            f"jobs         {database['jobs_running']} running, {database['jobs_waiting']} waiting"
        )
