"""``quintet aerostack consumer…``: keys and wallets of the gateway's consumers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from quintet_server.cli.clock import parse_duration
from quintet_server.cli.options import DatabaseUrl, DataDir, fail
from quintet_server.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from quintet_server.services.aerostack.gateway.consumers import ConsumerKey, ListedConsumer
    from quintet_server.store.database import Database

__all__ = ["COMMANDS"]

Name = Annotated[str, typer.Argument(help="The consumer's name, as it is defined, or its id.")]
Project = Annotated[str, typer.Option(help="Project the consumer belongs to.")]
Test = Annotated[bool, typer.Option("--test", help="Of the consumer's test mode.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_UNITS_MAX = 2**53


def consumer_key(
    name: Name,
    test: Test = False,
    project: Project = "default",
    expires_in: Annotated[
        str | None, typer.Option(help="The key ends after: 90s, 1h30m, 2d. Default: never.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a key for a consumer and print it. It is shown this once; only its hash is kept."""
    from quintet_server.cli.database import with_database
    from quintet_server.services.aerostack.gateway.consumers import create_consumer_key

    lifetime = None if expires_in is None else parse_duration(expires_in)

    async def work(db: Database) -> tuple[str, ConsumerKey] | None:
        async with db.transaction() as conn:
            return await create_consumer_key(conn, project, name, is_test=test, lifetime=lifetime)

    made = with_database(data_dir, database_url, work)
    if made is None:
        _no_consumer(name, project)
    secret, key = made
    if as_json:
        print_json({"key": secret, **_shown_key(key)})
    else:
        typer.echo(secret)


def consumer_keys(
    as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """List the keys of consumers: their beginnings, owners and state."""
    from quintet_server.cli.database import with_database
    from quintet_server.services.aerostack.gateway.consumers import list_consumer_keys

    async def work(db: Database) -> list[ConsumerKey]:
        async with db.connection() as conn:
            return await list_consumer_keys(conn)

    keys = with_database(data_dir, database_url, work)
    if as_json:
        print_json([_shown_key(key) for key in keys])
        return
    head = ("ID", "PROJECT", "CONSUMER", "KEY", "STATE")
    print_table([head, *((k.id, k.project, k.consumer, f"{k.prefix}…", _state(k)) for k in keys)])


def revoke_consumer_key(
    key: Annotated[str, typer.Argument(help="The key's id (csk_…) or the key itself.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Revoke a consumer's key, at once and in every running server."""
    from quintet_server.cli.database import with_database
    from quintet_server.services.aerostack.gateway import consumers

    async def work(db: Database) -> ConsumerKey | None:
        async with db.connection() as conn:
            return await consumers.revoke_consumer_key(conn, key)

    found = with_database(data_dir, database_url, work)
    if found is None:
        fail("no such key: `quintet aerostack consumer-keys` shows their ids")
    typer.echo(f"revoked {found.id} ({found.consumer}, project {found.project})")


def consumers(
    as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """List consumers with what their wallets hold. Units are what the APIs' prices are in."""
    from quintet_server.cli.database import with_database
    from quintet_server.services.aerostack.gateway.consumers import list_consumers

    async def work(db: Database) -> list[ListedConsumer]:
        async with db.connection() as conn:
            return await list_consumers(conn)

    found = with_database(data_dir, database_url, work)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    head = ("NAME", "PROJECT", "PLAN", "BALANCE", "CONSUMED", "LIMIT", "APIS", "KEYS")
    print_table([head, *map(_row, found)])


def credit_consumer(
    name: Name,
    units: Annotated[int, typer.Argument(help="Units to put into the wallet.", min=1)],
    test: Test = False,
    project: Project = "default",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Put units into a consumer's wallet, beside those of its definition."""
    from quintet_server.cli.database import with_database
    from quintet_server.services.aerostack.gateway import consumers

    if units > _UNITS_MAX:
        fail(f"at most {_UNITS_MAX} units at once")

    async def work(db: Database) -> int | None:
        async with db.transaction() as conn:
            return await consumers.credit_consumer(conn, project, name, units, is_test=test)

    balance = with_database(data_dir, database_url, work)
    if balance is None:
        _no_consumer(name, project)
    typer.echo(f"{name} has {balance} units")


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("consumers", consumers),
    ("consumer-key", consumer_key),
    ("consumer-keys", consumer_keys),
    ("revoke-consumer-key", revoke_consumer_key),
    ("credit-consumer", credit_consumer),
)


def _no_consumer(name: str, project: str) -> NoReturn:
    fail(
        f"there is no consumer {name!r} in project {project!r}: define one with `quintet apply` "
        "(kind: gateway-consumer)"
    )


def _state(key: ConsumerKey) -> str:
    return "revoked" if key.revoked_at else "active"


def _shown_key(key: ConsumerKey) -> dict[str, Any]:
    shown = asdict(key)
    shown["mode"] = "test" if shown.pop("is_test") else "live"
    return {**shown, "state": _state(key)}


def _row(one: ListedConsumer) -> tuple[str, ...]:
    apis = "all" if one.apis is None else ",".join(one.apis) or "-"
    limit = "-" if one.hard_limit is None else str(one.hard_limit)
    numbers = (str(one.balance), str(one.total_consumed), limit)
    return (one.name, one.project, one.plan_type, *numbers, apis, str(one.keys))
