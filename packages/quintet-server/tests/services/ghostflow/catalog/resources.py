"""The five resources as tests use them: what makes one, and what changes one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One resource."""

    plural: str
    needed: dict[str, Any]
    """The least that makes one, beside its name."""
    nullable: tuple[str, ...]
    read_only: tuple[str, ...]
    has_status: bool = False

    def body(self, **more: Any) -> dict[str, Any]:
        """A request that makes one."""
        body = {"name": f"A {self.plural}", **self.needed, **more}
        if self.plural == "domains":
            body.setdefault("host", new_host())
        return body


def new_host() -> str:
    """A host that no other test has."""
    return f"{uuid.uuid4().hex}.example.com"


_COMMON = ("id", "teamId", "version", "createdAt", "updatedAt")
URL = "https://shop.example/?c={click_id}"

CAMPAIGNS = Kind(
    "campaigns",
    {"url": URL},
    ("domainId", "sourceId", "appendClickId"),
    (*_COMMON, "trackingUrl", "archivedAt"),
    has_status=True,
)
OFFERS = Kind("offers", {"url": URL}, ("networkId", "cap"), _COMMON, has_status=True)
SOURCES = Kind("sources", {}, ("postbackUrl", "templateKey"), _COMMON)
NETWORKS = Kind("networks", {}, (), (*_COMMON, "postbackKey", "postbackUrl"))
DOMAINS = Kind(
    "domains",
    {},
    ("fallbackUrl",),
    (*_COMMON, "status", "verification", "lastCheckedAt", "lastError"),
    has_status=True,
)
KINDS = (CAMPAIGNS, OFFERS, SOURCES, NETWORKS, DOMAINS)


async def make(api: Any, kind: Kind, **more: Any) -> dict[str, Any]:
    """A new one of this kind."""
    made: dict[str, Any] = await api.ask("POST", f"/{kind.plural}", kind.body(**more), 201)
    return made


async def refused(api: Any, kind: Kind, **more: Any) -> list[str]:
    """The fields at fault in a request that is refused with 400; none of it is written."""
    error = await api.refused("POST", f"/{kind.plural}", kind.body(**more), 400, "VALIDATION_ERROR")
    assert all(one["reason"] for one in error["details"])
    return [one["field"] for one in error["details"]]
