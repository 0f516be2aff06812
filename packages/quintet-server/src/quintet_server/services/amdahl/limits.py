"""The rate limit of a business."""

from __future__ import annotations

from quintet_server.http.rate_limit import MovingWindow
from quintet_server.services.amdahl.settings import AmdahlSettings
from quintet_server.store.keys import Principal

__all__ = ["business_limits"]


def business_limits(settings: AmdahlSettings) -> MovingWindow:
    """So many requests in any minute; a project's own `requests_per_minute` wins.

    The vendor counts by client address. Here it is by business: behind a proxy, or on one
    machine, all clients have the same address.
    """

    def limit_of(principal: Principal) -> int:
        return int(principal.settings.get("requests_per_minute", settings.requests_per_minute))

    return MovingWindow(limit_of, window_seconds=60)
