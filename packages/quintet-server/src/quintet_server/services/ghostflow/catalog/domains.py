"""Domains: hosts that links are published under, and the default one of a team.

A team that has domains has exactly one default among them: the first one is, another one can
become it, and when it is deleted the oldest of the others follows, an active one before the rest.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator

from quintet_server.services.ghostflow.catalog.hosts import is_local, read_host
from quintet_server.services.ghostflow.catalog.references import refuse_if_in_campaigns
from quintet_server.services.ghostflow.catalog.resource import (
    ReadOnly,
    Resource,
    ResourceBody,
    Row,
    Values,
    show_common,
)
from quintet_server.services.ghostflow.clicks.macros import check_template
from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.errors import conflict
from quintet_server.services.ghostflow.wire import instant
from quintet_server.store.database import Connection
from quintet_server.store.event_log import append

__all__ = ["DOMAINS", "PATH", "VERIFIED", "CreateDomain", "DomainBody"]

PATH = "/.well-known/ghostflow"
VERIFIED = "domain.verified"
STATUSES = ("pending", "active", "failed")

_COUNT = b"SELECT count(*) FROM ghostflow_domains WHERE team_id = %s AND deleted_at IS NULL"
_GIVE_UP_DEFAULT = b"""
UPDATE ghostflow_domains SET is_default = false, version = version + 1, updated_at = quintet_now()
 WHERE team_id = %s AND is_default AND deleted_at IS NULL
"""
_FOLLOW_DEFAULT = b"""
UPDATE ghostflow_domains SET is_default = true, version = version + 1, updated_at = quintet_now()
 WHERE id = (SELECT id FROM ghostflow_domains
              WHERE team_id = %s AND id <> %s AND deleted_at IS NULL
              ORDER BY status = 'active' DESC, created_at, id LIMIT 1)
"""


def _plain_url(given: str) -> str:
    check_template(given)
    if "{" in given or "}" in given:
        raise ValueError("must not contain braces: no macros are filled in here")
    return given


Host = Annotated[str, AfterValidator(read_host)]
PlainUrl = Annotated[str, AfterValidator(_plain_url)]


class DomainBody(ResourceBody):
    """A change of a domain; it has to be verified again under another host."""

    host: Host = ""
    is_default: bool = False
    fallback_url: PlainUrl | None = None
    status: ReadOnly = None
    verification: ReadOnly = None
    last_checked_at: ReadOnly = None
    last_error: ReadOnly = None


class CreateDomain(DomainBody):
    """A new domain; it is called after its host unless it has a name."""

    host: Host


def _show(_call: Call, row: Row) -> dict[str, Any]:
    token = row["verification_token"]
    return {
        **show_common(row),
        "host": row["host"],
        "status": row["status"],
        "isDefault": row["is_default"],
        "fallbackUrl": row["fallback_url"],
        "verification": {"path": f"{PATH}/{token}", "token": token},
        "lastCheckedAt": instant(row["last_checked_at"]),
        "lastError": row["last_error"],
    }


async def _prepare(call: Call, conn: Connection, old: Row | None, values: Values) -> None:
    if old is None:
        values["verification_token"] = secrets.token_hex(16)
        values["name"] = values["name"] or values["host"]
    elif "host" in values and old["name"] == old["host"]:
        values.setdefault("name", values["host"])
    if "host" in values and (old is None or values["host"] != old["host"]):
        status = "active" if is_local(values["host"]) else "pending"
        values |= {"status": status, "last_checked_at": None, "last_error": None}
    await _arrange_default(conn, call.team.id, old, values)


async def _arrange_default(
    conn: Connection, team_id: UUID, old: Row | None, values: Values
) -> None:
    """See to it that one domain of the (locked) team is the default when this one is written."""
    if old is not None and old["is_default"]:
        if not values.get("is_default", True):
            message = "isDefault: one domain must be the default; make another one that instead."
            raise conflict(message, [("isDefault", "is to be taken over by another domain")])
        return
    if old is None and not values["is_default"]:
        [count] = await (await conn.execute(_COUNT, (team_id,))).fetchone() or [0]
        values["is_default"] = count == 0
    elif values.get("is_default"):
        await conn.execute(_GIVE_UP_DEFAULT, (team_id,))


async def _tell(call: Call, conn: Connection, old: Row | None, new: Row) -> None:
    if new["status"] == "active" and (old is None or old["status"] != "active"):
        data = _show(call, new)
        await append(conn, call.team.project_id, data["id"], VERIFIED, data)


async def _untie(call: Call, conn: Connection, row: Row) -> None:
    await refuse_if_in_campaigns(conn, call.team.id, "domain", "domain_id", row["id"])
    if row["is_default"]:
        # There is an index that lets no two be it, not even for the length of a statement.
        await conn.execute(_GIVE_UP_DEFAULT, (call.team.id,))
        await conn.execute(_FOLLOW_DEFAULT, (call.team.id, row["id"]))


DOMAINS = Resource(
    noun="Domain",
    plural="domains",
    table="ghostflow_domains",
    body=DomainBody,
    show=_show,
    more_columns=("status", "verification_token", "last_checked_at", "last_error"),
    unique={
        "ghostflow_domains_host": ("host", "It is a domain of this team or another one already.")
    },
    statuses=STATUSES,
    searched=("name", "host"),
    locks_team=True,
    prepare=_prepare,
    tell=_tell,
    untie=_untie,
)
