"""The rollups: which sums (and sets of visitors) are kept, of what, and how fine.

A report reads the smallest subject that has every dimension it groups or filters by, in the
coarsest buckets that fit; what no rollup has is added up from the rows themselves. Finer buckets of
more dimensions would have about as many rows as there are clicks: they cost more than they save.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COUNTS", "GRAINS", "MONEY", "SEALED", "SUBJECTS", "Subject"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A set of dimensions that sums are kept of."""

    name: str
    columns: tuple[str, ...]
    grains: tuple[str, ...]
    """Finest first."""

    def table(self, grain: str) -> str:
        """Its table at a grain."""
        return f"ghostflow_{self.name}_{grain}"

    def seen(self, grain: str) -> str:
        """The table of who was seen, at a grain that is sealed."""
        return f"ghostflow_seen_{self.name}_{grain}"


GRAINS: dict[str, int] = {"quarter": 900, "hour": 3_600, "day": 86_400}
"""Seconds. Everything is counted in UTC: the zones are the reports' business."""
SEALED = ("hour", "day")
"""The grains at which sets of visitors are kept as well, once they are over."""

# Smallest first.
SUBJECTS: tuple[Subject, ...] = (
    Subject("totals", ("campaign_id",), ("quarter", "hour", "day")),
    Subject("countries", ("country",), ("hour", "day")),
    Subject("agents", ("campaign_id", "os", "browser"), ("day",)),
    Subject("places", ("campaign_id", "country", "device"), ("day",)),
    Subject(
        "routes",
        ("campaign_id", "offer_id", "source_id", "network_id", "domain_id"),
        ("hour", "day"),
    ),
)

COUNTS = ("clicks", "uniques", "pending", "approved", "rejected", "reversed", "unpriced")
MONEY = ("cost", "revenue", "pending_revenue")
