"""Wallets: who has one, what is in it, and every movement of it.

The balance is what was bought less what was used, and the sum of the ledger's entries: both hold at
any moment, because a movement and its entry are one statement on a locked row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from psycopg.types.json import Jsonb

from quintet_server.store.database import Connection

__all__ = [
    "Held",
    "Limits",
    "Owner",
    "Spent",
    "bill_units",
    "declare_wallet",
    "find_wallet",
    "hold_units",
    "move_units",
    "read_wallet",
    "release_hold",
    "set_limits_of_users",
    "spend_units",
    "wallet_of",
]

PlanType = Literal["prepaid", "postpaid"]
OwnerKind = Literal["consumer", "test", "user", "project"]

_FIND = """
SELECT id FROM aerostack_gateway_wallets
 WHERE project_id = %s AND kind = %s AND holder = %s AND api = %s
"""
_CREATE = """
INSERT INTO aerostack_gateway_wallets
       (project_id, kind, holder, api, plan_type, hard_limit, soft_limit, declared)
VALUES (%s, %s, %s, %s, %s, %s, %s, 0)
ON CONFLICT (project_id, kind, holder, api) DO NOTHING
RETURNING id
"""
_DECLARE = """
UPDATE aerostack_gateway_wallets w
   SET plan_type = %s, hard_limit = %s, soft_limit = %s, declared = %s
  FROM (SELECT id, declared FROM aerostack_gateway_wallets WHERE id = %s FOR UPDATE) AS before
 WHERE w.id = before.id
RETURNING %s - before.declared
"""
_LIMITS_OF_USERS = """
UPDATE aerostack_gateway_wallets SET plan_type = %s, hard_limit = %s, soft_limit = %s
 WHERE project_id = %s AND kind = 'user' AND api = %s
"""
_HOLD = "SELECT hold, granted, short_of, is_held, is_soft FROM aerostack_gateway_hold(%s,%s,%s,%s)"
_MOVE = "SELECT aerostack_gateway_move(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
_RELEASE = "DELETE FROM aerostack_gateway_holds WHERE id = %s"
_READ = """
SELECT w.balance, w.total_purchased, w.total_consumed, w.plan_type, w.hard_limit, w.soft_limit,
       CASE WHEN w.month = date_trunc('month', quintet_now() AT TIME ZONE 'UTC')::date
            THEN w.month_consumed ELSE 0 END,
       (SELECT coalesce(sum(h.units), 0)::bigint FROM aerostack_gateway_holds h
         WHERE h.wallet_id = w.id AND h.expires_at >= quintet_now())
  FROM aerostack_gateway_wallets w WHERE w.id = %s
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a wallet is to have: its plan, its limits in a month, units bought by definition."""

    plan_type: PlanType
    hard_limit: int | None = None
    soft_limit: int | None = None
    balance: int = 0


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose wallet it is; `api` is empty where one wallet is for all APIs."""

    project_id: str
    kind: OwnerKind
    holder: str
    api: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Units set aside, or why there are none (`granted` None)."""

    hold: int | None
    granted: int | None
    short_of: Literal["balance", "hard_limit"] | None
    is_held: bool
    """What others have set aside would be enough: later may be better."""
    is_soft: bool
    """The month's use has reached the soft limit."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Units used, and for what."""

    units: int
    api: str
    note: Mapping[str, Any]
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


async def find_wallet(conn: Connection, owner: Owner) -> int | None:
    """The id of a wallet, if it is there."""
    name = (owner.project_id, owner.kind, owner.holder, owner.api)
    row = await (await conn.execute(_FIND, name)).fetchone()
    return None if row is None else int(row[0])


async def wallet_of(conn: Connection, owner: Owner, limits: Limits) -> int:
    """The id of a wallet; one that is not there yet is made with these limits and this balance."""
    wallet = await find_wallet(conn, owner)
    if wallet is None:
        await declare_wallet(conn, owner, limits)
        wallet = await find_wallet(conn, owner)
    assert wallet is not None  # made just now, and never deleted but with its project
    return wallet


async def declare_wallet(conn: Connection, owner: Owner, limits: Limits) -> None:
    """Make the wallet what it is to be; more units bought than before are one more purchase."""
    name = (owner.project_id, owner.kind, owner.holder, owner.api)
    plan = (limits.plan_type, limits.hard_limit, limits.soft_limit)
    async with conn.transaction():
        await conn.execute(_CREATE, (*name, *plan))
        [wallet] = await (await conn.execute(_FIND, name)).fetchall()
        values = (*plan, limits.balance, wallet[0], limits.balance)
        [(bought,)] = await (await conn.execute(_DECLARE, values)).fetchall()
        if bought:
            await move_units(conn, wallet[0], bought, note={"by": "definition"})


async def set_limits_of_users(conn: Connection, project_id: str, api: str, limits: Limits) -> None:
    """Give wallets that users have other limits; what was bought for them stays."""
    plan = (limits.plan_type, limits.hard_limit, limits.soft_limit)
    await conn.execute(_LIMITS_OF_USERS, (*plan, project_id, api))


async def hold_units(
    conn: Connection, wallet: int, *, least: int, wanted: int, seconds: float
) -> Held:
    """Set units aside for an answer: what is wanted, or less if at least `least` are there."""
    cursor = await conn.execute(_HOLD, (wallet, least, wanted, seconds))
    [row] = await cursor.fetchall()
    return Held(*row)


async def release_hold(conn: Connection, hold: int | None) -> None:
    """Give units back that were set aside and not used."""
    if hold is not None:
        await conn.execute(_RELEASE, (hold,))


async def move_units(conn: Connection, wallet: int, units: int, *, note: Mapping[str, Any]) -> int:
    """Buy units (or take some back, below 0); returns the new balance."""
    return await _move(conn, wallet, None, "purchase", units, Spent(0, "", note))


async def spend_units(
    conn: Connection, wallet: int, spent: Spent, *, hold: int | None = None
) -> int:
    """Charge an answer and end its hold; returns the new balance."""
    return await _move(conn, wallet, hold, "usage", -spent.units, spent)


async def bill_units(conn: Connection, wallet: int, spent: Spent) -> int:
    """Charge what was used elsewhere; returns the new balance."""
    return await _move(conn, wallet, None, "billing", -spent.units, spent)


async def _move(
    conn: Connection, wallet: int, hold: int | None, kind: str, units: int, spent: Spent
) -> int:
    tokens = (spent.requests, spent.prompt_tokens, spent.completion_tokens)
    values = (wallet, hold, kind, units, spent.api, Jsonb(dict(spent.note)), *tokens)
    [(balance,)] = await (await conn.execute(_MOVE, values)).fetchall()
    return int(balance)


async def read_wallet(conn: Connection, wallet: int) -> dict[str, Any]:
    """What a client sees of it."""
    [row] = await (await conn.execute(_READ, (wallet,))).fetchall()
    balance, purchased, consumed, plan, hard, soft, month, held = row
    return {
        "balance": balance,
        "total_purchased": purchased,
        "total_consumed": consumed,
        "plan_type": plan,
        "hard_limit": hard,
        "soft_limit": soft,
        "month_consumed": month,
        "reserved": held,
        "soft_limit_reached": soft is not None and month >= soft,
    }
