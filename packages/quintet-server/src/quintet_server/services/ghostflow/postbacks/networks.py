"""The network behind a postback key, and how fast it may send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from quintet_server.http.rate_limit import TokenBucket
from quintet_server.services.ghostflow.catalog.networks import PARAMETERS
from quintet_server.services.ghostflow.clicks.addresses import Networks
from quintet_server.services.ghostflow.context import SERVICE, GhostFlow
from quintet_server.services.ghostflow.errors import rate_limited
from quintet_server.services.ghostflow.remembering import Memory
from quintet_server.services.ghostflow.teams import Team
from quintet_server.store.database import Connection, Database
from quintet_server.store.keys import Principal
from quintet_server.store.notify import NotifyBus

__all__ = ["Network", "NetworksByKey", "PostbackLimits", "network_by_id"]

_KEY = re.compile(r"[0-9A-Za-z]{32}", re.ASCII)
_READ = """
SELECT n.id, n.param_map, n.status_map, n.postback_key, n.require_ip,
    t.id, t.project_id, t.name, t.timezone, t.currency, t.secret, t.version, t.created_at,
    t.updated_at
FROM ghostflow_networks n JOIN ghostflow_teams t ON t.id = n.team_id
WHERE n.deleted_at IS NULL AND
"""
_BY_KEY = f"{_READ} n.postback_key = %s"
_BY_ID = f"{_READ} n.id = %s"


@dataclass(frozen=True, slots=True)
class Network:
    """Who reports conversions, and how its postbacks are to be read."""

    id: UUID
    param_map: dict[str, str]
    """What differs from the usual names."""
    status_map: dict[str, str]
    """Its words, and the statuses that it means by them."""
    key: str
    require_ip: list[str]
    """The networks it sends from (CIDR); empty: anywhere."""
    team: Team
    parameters: Mapping[str, str] = field(init=False)
    """What it calls things, by our names."""
    known: frozenset[str] = field(init=False)
    """Its names."""
    senders: Networks = field(init=False)
    """Where its postbacks may come from; empty: anywhere."""

    def __post_init__(self) -> None:
        named = {name: self.param_map.get(name) or usual for name, usual in PARAMETERS.items()}
        object.__setattr__(self, "parameters", named)
        object.__setattr__(self, "known", frozenset(named.values()))
        object.__setattr__(self, "senders", Networks(self.require_ip))

    def parameter(self, name: str) -> str:
        """What the network calls something."""
        return self.parameters[name]

    def may_send_from(self, ip: str) -> bool:
        """Whether a postback may come from this address."""
        return not self.senders or ip in self.senders


class NetworksByKey:
    """Networks by the keys of their postbacks, remembered until something changes."""

    def __init__(self, db: Database, bus: NotifyBus) -> None:
        self._db = db
        self._known = Memory(bus, _KEY, self._read)
        self.forget = self._known.forget
        self.stop = self._known.stop

    async def get(self, key: str) -> Network | None:
        """The network whose postbacks go to this key; None for a key that is nobody's."""
        return await self._known.get(key)

    async def _read(self, key: str) -> Network | None:
        async with self._db.connection() as conn:
            return await _read(conn, _BY_KEY, key)


async def network_by_id(conn: Connection, id: UUID) -> Network | None:
    """The network with this id; None if it has been deleted."""
    return await _read(conn, _BY_ID, id)


async def _read(conn: Connection, statement: Any, value: object) -> Network | None:
    row = await (await conn.execute(statement, (value,))).fetchone()
    if row is None:
        return None
    id, param_map, status_map, key, require_ip, *team = row
    return Network(id, param_map, status_map, key, require_ip, Team(*team))


class PostbackLimits:
    """A bucket for every key, which fills up again within a minute."""

    def __init__(self, parts: GhostFlow) -> None:
        self._clock = parts.clock
        self._bucket = TokenBucket(lambda _: parts.settings.postbacks_per_minute)

    def check(self, network: Network) -> None:
        """Count a postback. Raises ApiError: 429."""
        sender = Principal(
            str(network.id), network.team.project_id, network.team.name, SERVICE, frozenset(), {}
        )
        decision = self._bucket.check(sender, self._clock.now())
        if not decision.allowed:
            message = "Too many postbacks to this key; send this one again later."
            raise rate_limited(message, decision.retry_after)
