"""``quintet aerostack rotate-token-keys``: another key signs the tokens of users."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quintet_server.cli.options import DatabaseUrl, DataDir

if TYPE_CHECKING:
    from quintet_server.engines.identity.token_keys import TokenKey
    from quintet_server.store.database import Database

__all__ = ["COMMANDS"]


def rotate_token_keys(
    revoke: Annotated[
        bool,
        typer.Option(
            "--revoke",
            help="Stop accepting tokens signed before, at once: every user has to sign in again. "
            "For a key that somebody may have seen.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Sign the tokens of users with a new key, in every running server.

    Tokens signed before are accepted until they expire.
    """
    from quintet_server.cli.database import with_database
    from quintet_server.engines.identity.token_keys import rotate_keys

    async def work(db: Database) -> list[TokenKey]:
        async with db.transaction() as conn:
            return await rotate_keys(conn, revoke=revoke)

    keys = with_database(data_dir, database_url, work)
    if as_json:
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
        typer.echo(orjson.dumps([_shown(key) for key in keys], option=options).decode())
        return
    typer.echo(f"{keys[0].kid} signs from now on")
    for key in keys[1:]:
        typer.echo(f"{key.kid} is accepted until {key.verifies_until:%Y-%m-%d %H:%M} UTC")


def _shown(key: TokenKey) -> dict[str, Any]:
    """Without its secret."""
    return {
        "kid": key.kid,
        "signs": key.verifies_until is None,
        "created_at": key.created_at,
        "verifies_until": key.verifies_until,
    }


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (("rotate-token-keys", rotate_token_keys),)
