"""How long to wait before another attempt.

`delay = base × 2^(attempt - 1) + random(0…jitter)`, clamped to a cap; or a list of delays, whose
last one repeats. `attempt` is the attempt that just failed, from 1. The number itself is computed
by the database function `work_backoff`, in the statement that ends the attempt; this module holds
the policy and says what the function must obey.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quintet_server.engines.work.settings import WorkSettings

_LARGEST_EXPONENT = 40


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits in milliseconds. `delays_ms`, when given, replaces the doubling."""

    base_ms: float = 60_000
    cap_ms: float = 21_600_000
    jitter_ms: float = 3_000
    delays_ms: tuple[float, ...] = ()

    @classmethod
    def from_settings(cls, settings: WorkSettings) -> RetryPolicy:
        """The engine's default policy."""
        return cls(settings.retry_base_ms, settings.retry_cap_ms, settings.retry_jitter_ms)

    def as_json(self) -> dict[str, Any]:
        """The form jobs carry it in (`JobSpec.retry_policy`)."""
        if self.delays_ms:
            return {
                "delays_ms": list(self.delays_ms),
                "cap_ms": self.cap_ms,
                "jitter_ms": self.jitter_ms,
            }
        return {"base_ms": self.base_ms, "cap_ms": self.cap_ms, "jitter_ms": self.jitter_ms}

    def bounds_ms(self, attempt: int) -> tuple[float, float]:
        """The shortest and the longest wait after failed attempt number `attempt`."""
        if self.delays_ms:
            least = self.delays_ms[min(attempt, len(self.delays_ms)) - 1]
        else:
            least = self.base_ms * 2.0 ** min(max(attempt, 1) - 1, _LARGEST_EXPONENT)
        return min(self.cap_ms, least), min(self.cap_ms, least + self.jitter_ms)
