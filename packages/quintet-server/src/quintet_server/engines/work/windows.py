"""How long a claim is held without news from its worker.

| | lease ends |
|---|---|
| claimed, no heartbeat yet | claim + max(floor, min(timeout, first cap)) |
| after a heartbeat | heartbeat + max(floor, timeout) |
| always | at the latest start + timeout + grace |

All on the database's clock. The instants are computed in `work_claim` and `work_beat`; here are
the lengths, for those who must pace themselves by them.
"""

from __future__ import annotations

from dataclasses import dataclass

from quintet_server.engines.work.settings import WorkSettings


@dataclass(frozen=True, slots=True)
class LeaseWindows:
    """The three numbers behind every lease, in seconds."""

    floor: float
    first_cap: float
    grace: float

    @classmethod
    def from_settings(cls, settings: WorkSettings) -> LeaseWindows:
        """The windows an operator configured."""
        return cls(
            settings.lease_floor_seconds,
            settings.lease_first_cap_seconds,
            settings.lease_grace_seconds,
        )

    def first(self, timeout: float) -> float:
        """Seconds from the claim to the end of the lease."""
        return min(timeout + self.grace, max(self.floor, min(timeout, self.first_cap)))

    def renewed(self, timeout: float) -> float:
        """Seconds from a heartbeat to the end of the lease, hard bound aside."""
        return max(self.floor, timeout)

    def hard(self, timeout: float) -> float:
        """Seconds from the start of an attempt after which it is given up in any case."""
        return timeout + self.grace
