"""What an amount is worth in another currency, by the table that the operator has configured.

There is no source of rates on board: amounts of different currencies are never added together, and
without a rate there is no converted amount at all.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from quintet_server.services.ghostflow.settings import GhostFlowSettings

__all__ = ["Currencies"]

# What the database can hold, with room to add up a few of them.
_MICROS_MAX = 10**18


class Currencies:
    """The table of rates. It changes with the settings, that is with a restart."""

    def __init__(self, settings: GhostFlowSettings) -> None:
        self._worth = {settings.rates_currency: Decimal(1), **settings.rates}

    @property
    def known(self) -> frozenset[str]:
        """The currencies that have a rate."""
        return frozenset(self._worth)

    def rate(self, from_: str, to: str) -> Decimal | None:
        """How many units of `to` one unit of `from_` is worth, to 28 digits; None if unknown."""
        exact = self._exact(from_, to)
        return None if exact is None else Decimal(exact.numerator) / Decimal(exact.denominator)

    def convert(self, micros: int, from_: str, to: str) -> int | None:
        """An amount in another currency, rounded half to even.

        None when a rate is missing, and when the result is too large to be written down. An amount
        in its own currency needs no rate.
        """
        exact = self._exact(from_, to)
        if exact is None:
            return None
        converted = round(micros * exact)  # of a fraction, this rounds half to even
        return converted if abs(converted) <= _MICROS_MAX else None

    def _exact(self, from_: str, to: str) -> Fraction | None:
        if from_ == to:
            return Fraction(1)
        worth, unit = self._worth.get(from_), self._worth.get(to)
        return None if worth is None or unit is None else Fraction(worth) / Fraction(unit)
