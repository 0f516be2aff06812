"""The retry budget: keeps a client from making an outage worse.

A token bucket per client.  Every retry takes tokens, every success gives a little back.  While a
service is healthy the bucket is full and nobody notices; when it is down the bucket empties and
calls fail after their first attempt, so the service sees about the offered load and not a multiple
of it.

Tokens are elements of a deque: adding and taking one are atomic, so no lock is needed and none can
be left behind by a fork.
"""

from __future__ import annotations

from collections import deque

from quintet.errors import ConfigurationError

__all__ = ["RetryBudget"]


class RetryBudget:
    """A thread-safe bucket of whole retry tokens.

    Args:
        capacity: Tokens of a full bucket, which it is at first.  500 pays for 100 retries.
        cost: Price of a retry.
        timeout_cost: Price of a retry after a timeout: the server may still be busy with it.
        refund: Given back by a successful call.

    Raises:
        ConfigurationError: A number is negative, or the capacity is 0.
    """

    __slots__ = ("_refunded", "_tokens", "cost", "refund", "timeout_cost")

    def __init__(
        self, capacity: int = 500, cost: int = 5, timeout_cost: int = 10, refund: int = 1
    ) -> None:
        if capacity < 1 or min(cost, timeout_cost, refund) < 0:
            raise ConfigurationError("a retry budget needs a capacity and no negative prices")
        self.cost = cost
        self.timeout_cost = timeout_cost
        self.refund = refund
        self._tokens = deque([None] * capacity, maxlen=capacity)
        self._refunded = (None,) * refund

    @property
    def tokens(self) -> int:
        """Tokens left now."""
        return len(self._tokens)

    def try_spend(self, cost: int | None = None) -> bool:
        """Take the price of a retry (``cost`` by default), or nothing and return False."""
        price = self.cost if cost is None else cost
        tokens = self._tokens
        for taken in range(price):
            try:
                tokens.pop()
            except IndexError:
                tokens.extend([None] * taken)
                return False
        return True

    def succeed(self) -> None:
        """Give back the refund of a successful call; a full bucket stays as it is."""
        self._tokens.extend(self._refunded)
