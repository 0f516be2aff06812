"""The rate limit of a key."""

from __future__ import annotations

from quintet_server.http.rate_limit import TokenBucket
from quintet_server.services.ghostflow.settings import GhostFlowSettings
from quintet_server.store.keys import Principal

__all__ = ["key_limits"]


def key_limits(settings: GhostFlowSettings) -> TokenBucket:
    """A bucket per key, which fills up again within a minute."""

    def limit_of(principal: Principal) -> int:
        return int(principal.settings.get("requests_per_minute", settings.requests_per_minute))

    return TokenBucket(limit_of)
