"""What came with an answer besides its body: ids, limits, quota, replay."""

from __future__ import annotations

from quintet.core.record import Record
from quintet.response_info import ResponseInfo as _ResponseInfo

__all__ = ["Quota", "ResponseInfo"]


class Quota(Record):
    """The allowance of new jobs, from the answer to a creation. ``None`` where nothing was said."""

    __slots__ = _fields = (
        "limit",
        "used",
        "reset_at",
        "overage",
        "overage_cost_cents",
        "spend_cap_cents",
    )
    limit: int | None
    used: int | None
    reset_at: int | None
    """Epoch seconds."""
    overage: int | None
    """Jobs beyond the allowance."""
    overage_cost_cents: int | None
    spend_cap_cents: int | None

    def __init__(
        self,
        limit: int | None,
        used: int | None,
        reset_at: int | None,
        overage: int | None = None,
        overage_cost_cents: int | None = None,
        spend_cap_cents: int | None = None,
    ) -> None:
        self._fill(limit, used, reset_at, overage, overage_cost_cents, spend_cap_cents)


class ResponseInfo(_ResponseInfo):
    """The circumstances of one answer."""

    __slots__ = ()

    @property
    def idempotent_replay(self) -> bool:
        """Whether this is the stored answer to an earlier request with the same key."""
        return (self._response.headers.get("idempotent-replay") or "").strip().lower() == "true"

    @property
    def quota(self) -> Quota | None:
        """The allowance of new jobs; ``None`` on answers that do not speak of it."""
        limit, used, reset = (self._count(f"x-quota-{name}") for name in ("limit", "used", "reset"))
        if limit is None and used is None and reset is None:
            return None
        return Quota(
            limit,
            used,
            reset,
            self._count("x-quota-overage"),
            self._count("x-quota-overage-cost"),
            self._count("x-quota-spend-cap"),
        )

    @property
    def location(self) -> str | None:
        """Where the created resource is."""
        return self._response.headers.get("location")
