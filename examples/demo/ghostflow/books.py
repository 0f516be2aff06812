"""The demo's own books, to hold against what the server counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from examples.demo.ghostflow.sales import Sale
from examples.demo.ghostflow.visits import UNIQUE_HOURS, Visit

__all__ = ["CLICK_COST", "OFFERS", "RATES", "Books", "payout_of"]

CLICK_COST = Decimal("0.05")
RATES = {"USD": Decimal(1), "EUR": Decimal("1.08")}
"""As the server is told in its settings."""
OFFERS = {"/green": (Decimal("12.50"), "USD"), "/black": (Decimal("18.00"), "EUR")}
"""By the path of its page, what each pays."""
_STEP = Decimal("0.0001")


def payout_of(sale: Sale) -> Decimal:
    """What a sale pays, in the currency of its offer."""
    return OFFERS[sale.visit.offer][0] if sale.payout is None else sale.payout


def _revenue(sale: Sale) -> Decimal:
    return payout_of(sale) * RATES[OFFERS[sale.visit.offer][1]]


@dataclass
class Books:
    """Every click that the server has, as a visit of ours, and every sale.

    Attributes:
        clicks: A visit whose connection broke stands here twice if it was stored before that.
    """

    clicks: Sequence[Visit]
    sales: Sequence[Sale] = field(default_factory=list)

    def totals(self) -> dict[str, Decimal | None]:
        """What the dashboard should say."""
        people = [visit for visit in self.clicks if not visit.visitor.is_robot]
        by_status = Counter(sale.status for sale in self.sales)
        cost = CLICK_COST * len(people)
        revenue = _sum(_revenue(sale) for sale in self.sales if sale.status == "approved")
        conversions = by_status["approved"] + by_status["pending"]
        return {
            "clicks": Decimal(len(people)),
            "uniqueClicks": Decimal(_unique_clicks(people)),
            "uniqueVisitors": Decimal(len({visit.visitor.number for visit in people})),
            "botClicks": Decimal(len(self.clicks) - len(people)),
            "conversions": Decimal(conversions),
            **{
                status: Decimal(by_status[status])
                for status in ("approved", "pending", "rejected", "reversed")
            },
            "revenue": revenue,
            "pendingRevenue": _sum(
                _revenue(sale) for sale in self.sales if sale.status == "pending"
            ),
            "cost": cost,
            "profit": revenue - cost,
            "roi": _ratio((revenue - cost) * 100, cost),
            "cr": _ratio(Decimal(conversions * 100), Decimal(len(people))),
            "epc": _ratio(revenue, Decimal(len(people))),
        }

    def of(self, country: str | None = None, offer: str | None = None) -> Books:
        """The part of a country, or of an offer."""

        def has(visit: Visit) -> bool:
            return country in (None, visit.visitor.country) and offer in (None, visit.offer)

        return Books(
            [visit for visit in self.clicks if has(visit)],
            [sale for sale in self.sales if has(sale.visit)],
        )

    def differences(self, told: Mapping[str, Any]) -> list[str]:
        """Where a report says something else."""
        return [
            f"{name}: {told[name]}, not {ours}"
            for name, ours in self.totals().items()
            if (None if told[name] is None else Decimal(str(told[name]))) != ours
        ]


def _unique_clicks(people: Iterable[Visit]) -> int:
    """Of each visitor the first, and the first after each window."""
    waves: defaultdict[int, set[int]] = defaultdict(set)
    for visit in people:
        waves[visit.visitor.number].add(visit.wave)
    count = 0
    for each in waves.values():
        last = -UNIQUE_HOURS
        for wave in sorted(each):
            if wave - last >= UNIQUE_HOURS:
                count, last = count + 1, wave
    return count


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _ratio(above: Decimal, below: Decimal) -> Decimal | None:
    return (above / below).quantize(_STEP, ROUND_HALF_EVEN) if below else None
