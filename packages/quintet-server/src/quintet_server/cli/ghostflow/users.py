"""``quintet ghostflow users``: who may sign in, to which team, and in which role."""

from __future__ import annotations

import getpass
import sys
import warnings
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quintet_server.cli.options import Command, DatabaseUrl, DataDir, Group, fail
from quintet_server.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quintet_server.services.ghostflow.account.users import Listed
    from quintet_server.store.database import Database
    from quintet_server.store.keys import ApiKey

__all__ = ["app"]

app = typer.Typer(
    cls=Group, help="Let people sign in to a team, and take them out of it.", no_args_is_help=True
)

_ROLES = ("owner", "admin", "editor", "viewer")
_PASSWORD_MIN_CHARS = 8

Email = Annotated[str, typer.Argument(help="The e-mail address they sign in with.")]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password from standard input instead of asking for it."
    ),
]


@app.command("add", cls=Command)
def add(
    email: Email,
    team: Annotated[
        str, typer.Option(help="Project of the team; made if there is none.")
    ] = "default",
    role: Annotated[
        str,
        typer.Option(
            help="owner and admin: everything; editor: read and write; viewer: read. Of a user "
            "who is in the team already it becomes the role."
        ),
    ] = "viewer",
    name: Annotated[str | None, typer.Option(help="What a new user is called.")] = None,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Let somebody sign in to a team. Only a new user needs a password."""
    from quintet_server.services.ghostflow.account.users import find_user, put_member

    if role not in _ROLES:
        fail(f"--role: {role!r} is not one of {', '.join(_ROLES)}")

    async def work(db: Database) -> bool:
        async with db.connection() as conn:
            known = await find_user(conn, email)
        hashed = None if known is not None else await _hash(_read_password(password_stdin))
        async with db.transaction() as conn:
            return await put_member(
                conn, email, team=team, role=role, password_hash=hashed, name=name
            )

    is_new = _run(data_dir, database_url, work, may_create=True)
    made = "made, and is" if is_new else "is"
    typer.echo(f"{email} {made} {role} of team {team}")


@app.command("list", cls=Command)
def list_(
    team: Annotated[str | None, typer.Option(help="Only of the team of this project.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List users, a line for each of their teams."""
    from quintet_server.services.ghostflow.account.users import list_users

    async def work(db: Database) -> list[Listed]:
        async with db.connection() as conn:
            return await list_users(conn, team)

    users = _run(data_dir, database_url, work)
    if as_json:
        print_json([_shown(user) for user in users])
        return
    rows = [("EMAIL", "TEAM", "ROLE", "NAME")]
    rows += [(user.email, user.team, user.role, user.name or "-") for user in users]
    print_table(rows)


@app.command("remove", cls=Command)
def remove(
    email: Email,
    team: Annotated[
        str | None, typer.Option(help="Only from the team of this project. Default: from all.")
    ] = None,
    keep_keys: Annotated[
        bool, typer.Option("--keep-keys", help="Leave the keys that they have made working.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Take somebody out of a team, at once. Who is in no team any more is deleted.

    The API keys that they have made there, and those made with such a key, are named and revoked.
    """
    from quintet_server.services.ghostflow.account.users import keys_made_by, remove_member
    from quintet_server.store.keys import revoke_key

    async def work(db: Database) -> list[ApiKey] | None:
        async with db.transaction() as conn:
            keys = await keys_made_by(conn, email, team)
            if not await remove_member(conn, email, team):
                return None
            for key in () if keep_keys else keys:
                await revoke_key(conn, key.id)
        return keys

    keys = _run(data_dir, database_url, work)
    if keys is None:
        fail(f"there is no user {email}" + (f" in team {team}" if team else ""))
    typer.echo(f"{email} is out of " + (f"team {team}" if team else "every team"))
    done = "still works" if keep_keys else "revoked"
    for key in keys:
        typer.echo(f"{done}: {key.id} ({key.name or key.prefix}, project {key.project})")


@app.command("set-password", cls=Command)
def set_password(
    email: Email,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Give somebody another password. Every login they have ends at once."""
    from quintet_server.services.ghostflow.account import users

    async def work(db: Database) -> bool:
        async with db.connection() as conn:
            if await users.find_user(conn, email) is None:
                return False
        hashed = await _hash(_read_password(password_stdin))
        async with db.transaction() as conn:
            return await users.set_password(conn, email, hashed)

    if not _run(data_dir, database_url, work):
        fail(f"there is no user {email}: `quintet ghostflow users list` shows them")
    typer.echo(f"{email} has another password")


def _run(
    data_dir: Any, database_url: str | None, work: Callable[[Database], Awaitable[Any]], **how: bool
) -> Any:
    """Do it on the database; what is no address ends the command with a sentence."""
    from quintet_server.cli.database import with_database
    from quintet_server.engines.identity.emails import InvalidEmail

    try:
        return with_database(data_dir, database_url, work, **how)
    except InvalidEmail as error:
        fail(f"EMAIL: {error}")


def _read_password(from_stdin: bool) -> str:
    """The new password. Ends the command if it is too short or too long."""
    from quintet_server.engines.identity.passwords import PASSWORD_MAX_CHARS, normalized

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = _ask_password()
    if not _PASSWORD_MIN_CHARS <= len(normalized(password)) <= PASSWORD_MAX_CHARS:
        fail(f"a password has {_PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS} characters")
    return password


def _ask_password() -> str:
    """What is typed, twice and unseen. Ends the command where that is not possible."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
        except getpass.GetPassWarning:
            typer.echo()  # ends the line of the prompt
            fail("there is no terminal to ask for the password on: use --password-stdin")


async def _hash(password: str) -> str:
    from quintet_server.engines.identity import Passwords

    passwords = Passwords()
    try:
        return await passwords.hash(password)
    finally:
        await passwords.stop()


def _shown(user: Listed) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "email": user.email,
        "name": user.name,
        "team": user.team,
        "team_id": str(user.team_id),
        "role": user.role,
        "created_at": user.created_at,
    }
