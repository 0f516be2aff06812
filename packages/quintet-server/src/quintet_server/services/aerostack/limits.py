"""The rate limit of a project, if the operator sets one: the vendor publishes none."""

from __future__ import annotations

from quintet_server.http.rate_limit import MovingWindow, RateDecision
from quintet_server.services.aerostack.settings import AerostackSettings
from quintet_server.store.keys import Principal

__all__ = ["ProjectLimits"]

_UNLIMITED = RateDecision(True, ())


class ProjectLimits:
    """So many requests in any minute; a project's own `requests_per_minute` wins.

    Without a limit there are no headers about one.
    """

    def __init__(self, settings: AerostackSettings) -> None:
        self._default = settings.requests_per_minute
        self._window = MovingWindow(self._limit_of, window_seconds=60)

    def check(self, principal: Principal, now: float) -> RateDecision:
        """Count one request, if its project has a limit."""
        if self._limit_of(principal) is None:
            return _UNLIMITED
        return self._window.check(principal, now)

    def _limit_of(self, principal: Principal) -> int | None:
        own = principal.settings.get("requests_per_minute", self._default)
        return None if own is None else int(own)
