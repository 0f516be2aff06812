"""Which clicks are flagged as made by machines, and why. Flagged, never hidden or turned away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from quintet_server.services.ghostflow.clicks.addresses import Networks
from quintet_server.services.ghostflow.clicks.agents import Agent

if TYPE_CHECKING:
    from quintet_server.services.ghostflow.settings import GhostFlowSettings

__all__ = ["MOST_PER_MINUTE", "BotRules", "ClickRates"]

MOST_PER_MINUTE = 30
_WINDOW = 60.0
_MOST_REMEMBERED = 100_000

_PREFETCH_HEADERS = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_PREFETCH_WORDS = (b"prefetch", b"prerender", b"preview")


class BotRules:
    """Reasons that can be read off a request. The order is that of the contract's list."""

    def __init__(self, settings: GhostFlowSettings) -> None:
        self._listed = Networks(settings.bot_networks)

    def reason(
        self, agent: Agent, user_agent: str, headers: Mapping[bytes, bytes], ip: str
    ) -> str | None:
        """`ua_empty`, `ua_crawler`, `prefetch`, `ip_list`, or None.

        Args:
            agent: What `user_agent` says.
            user_agent: As it came.
            headers: Of the request; names in lower case.
            ip: Whose request it is.
        """
        if not user_agent or user_agent.isspace():
            return "ua_empty"
        if agent.is_crawler:
            return "ua_crawler"
        for name in _PREFETCH_HEADERS:
            value = headers.get(name)
            if value is not None and _announces_prefetch(value):
                return "prefetch"
        return "ip_list" if ip in self._listed else None


def _announces_prefetch(value: bytes) -> bool:
    lowered = value.lower()
    return any(word in lowered for word in _PREFETCH_WORDS)


class ClickRates:
    """How fast visitors click, in this process's memory.

    Two generations of a minute each: what neither has seen has not clicked for a minute, so nothing
    needs to be swept. A flood of visitors changes the generation early; then a fast one may be
    taken for slow, and memory stays bounded.
    """

    def __init__(self) -> None:
        self._recent: dict[tuple[UUID, UUID], list[float]] = {}
        self._older: dict[tuple[UUID, UUID], list[float]] = {}
        self._since = float("-inf")

    def is_too_fast(self, campaign_id: UUID, visitor_id: UUID, now: float) -> bool:
        """Count a click; whether it is the 31st or a later one of the minute that ends with it.

        Args:
            campaign_id: Each campaign counts for itself.
            visitor_id: Who clicked.
            now: Seconds, in ascending order but for fractions.
        """
        if now - self._since >= _WINDOW or len(self._recent) >= _MOST_REMEMBERED:
            is_over = now - self._since >= 2 * _WINDOW
            self._older = {} if is_over else self._recent
            self._recent, self._since = {}, now
        key = campaign_id, visitor_id
        times = self._recent.get(key)
        if times is None:
            times = self._recent[key] = self._older.pop(key, [])
        is_too_fast = len(times) == MOST_PER_MINUTE and now - times[0] < _WINDOW
        times.append(now)
        if len(times) > MOST_PER_MINUTE:
            del times[0]
        return is_too_fast
