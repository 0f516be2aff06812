"""``quintet keys``: API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from quintet_server.cli.clock import parse_duration
from quintet_server.cli.options import Command, DatabaseUrl, DataDir, Group, fail
from quintet_server.cli.printing import print_json, print_table
from quintet_server.cli.served import SERVED
from quintet_server.store.key_formats import KEY_FORMATS

if TYPE_CHECKING:
    from quintet_server.store.database import Database
    from quintet_server.store.keys import ApiKey

app = typer.Typer(
    cls=Group, help=f"Make, list and revoke API keys.\n\n{SERVED}", no_args_is_help=True
)

_SERVICES = ", ".join(KEY_FORMATS)
_ROLES = ("viewer", "editor", "admin", "owner")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command("create", cls=Command)
def create(
    service: Annotated[str, typer.Argument(help=f"One of: {_SERVICES}.")],
    scopes: Annotated[
        str | None,
        typer.Option(
            help="Scopes or bundles of them, separated by commas. Default: every scope there is."
        ),
    ] = None,
    project: Annotated[
        str, typer.Option(help="Project the key belongs to; made if there is none.")
    ] = "default",
    name: Annotated[str, typer.Option(help="A name to recognise the key by.")] = "",
    expires_in: Annotated[
        str | None, typer.Option(help="The key ends after: 90s, 1h30m, 2d. Default: never.")
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(help="Amdahl: role of the key's user: viewer, editor, admin or owner."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="Amdahl: id of the key's user.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a key and print it. It is shown this once; only its hash is kept."""
    from quintet_server.cli.database import with_database
    from quintet_server.store.keys import create_key

    _known(service)
    wanted = (
        None if scopes is None else [part.strip() for part in scopes.split(",") if part.strip()]
    )

    lifetime = None if expires_in is None else parse_duration(expires_in)
    attributes = _attributes(service, role, user)

    async def work(db: Database) -> tuple[str, ApiKey]:
        async with db.transaction() as conn:
            try:
                return await create_key(
                    conn,
                    service,
                    project=project,
                    scopes=wanted,
                    name=name,
                    lifetime=lifetime,
                    attributes=attributes,
                )
            except ValueError as error:
                fail(str(error))

    secret, key = with_database(data_dir, database_url, work, may_create=True)
    if as_json:
        print_json({"key": secret, **_shown(key)})
    else:
        typer.echo(secret)


@app.command("list", cls=Command)
def list_(
    service: Annotated[str | None, typer.Argument(help=f"Only of one of: {_SERVICES}.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List keys: their beginnings, projects, scopes and state."""
    from quintet_server.cli.database import with_database
    from quintet_server.store.keys import list_keys

    if service is not None:
        _known(service)

    async def work(db: Database) -> list[ApiKey]:
        async with db.connection() as conn:
            return await list_keys(conn, service)

    keys = with_database(data_dir, database_url, work)
    if as_json:
        print_json([_shown(key) for key in keys])
    else:
        _print_keys(keys)


@app.command("revoke", cls=Command)
def revoke(
    key: Annotated[str, typer.Argument(help="The key's id or the key itself.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Revoke a key, at once and in every running server."""
    from quintet_server.cli.database import with_database
    from quintet_server.store.keys import revoke_key

    async def work(db: Database) -> ApiKey | None:
        async with db.connection() as conn:
            return await revoke_key(conn, key)

    found = with_database(data_dir, database_url, work)
    if found is None:
        fail("no such key: `quintet keys list` shows their ids")
    typer.echo(f"revoked {found.id} ({found.service}, project {found.project})")


def _attributes(service: str, role: str | None, user: str | None) -> dict[str, str]:
    """What is kept of a key beside its scopes."""
    if service != "amdahl" and (role or user):
        fail("--role and --user are for keys of amdahl")
    if role is not None and role not in _ROLES:
        fail(f"--role: {role!r} is not one of {', '.join(_ROLES)}")
    given = {"role": role, "user_id": user}
    return {name: value for name, value in given.items() if value}


def _known(service: str) -> None:
    if service not in KEY_FORMATS:
        fail(f"there is no service {service!r}; the services are {_SERVICES}")


def _state(key: ApiKey) -> str:
    return "revoked" if key.revoked_at else "active"


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "service": key.service,
        "project": key.project,
        "project_id": key.project_id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "attributes": key.attributes,
        "state": _state(key),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


def _print_keys(keys: list[ApiKey]) -> None:
    """One line per key, never folded: `keys revoke` wants whole ids, and grep whole lines."""
    rows = [("ID", "SERVICE", "PROJECT", "NAME", "KEY", "STATE", "LAST USED", "SCOPES")]
    for key in keys:
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        rows.append(
            (
                *(key.id, key.service, key.project, key.name or "-", f"{key.prefix}…"),
                *(_state(key), used, _scopes(key)),
            )
        )
    print_table(rows)


def _scopes(key: ApiKey) -> str:
    form = KEY_FORMATS.get(key.service)
    everything = set(form.scopes) if form else set()
    if everything and everything <= set(key.scopes):
        return "all"
    return ",".join(key.scopes) or "-"
