"""What becomes of a conversion that something is reported of again, and what stays as it is.

Decided on the locked row, so that of two reports that race the second is judged by what the first
has made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from quintet_server.services.ghostflow.clicks.costing import conversion_cost
from quintet_server.services.ghostflow.conversions.facts import Facts
from quintet_server.services.ghostflow.conversions.model import Conversion
from quintet_server.services.ghostflow.conversions.statuses import may_become
from quintet_server.services.ghostflow.currencies import Currencies
from quintet_server.services.ghostflow.wire import instant

__all__ = ["Change", "Verdict", "changed", "entered", "judge", "refusal"]

Verdict = Literal["duplicate", "updated", "ignored"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is reported of a conversion that exists; None leaves it as it is."""

    status: str | None = None
    original_status: str | None = None
    payout: int | None = None
    payout_currency: str | None = None
    """Counts only with a payout; None: the currency that it has."""


def judge(old: Conversion, change: Change) -> Verdict:
    """Whether this says something new, and something that can be.

    `ignored`: the status may not follow the present one; then a new payout is not taken either.
    """
    status = change.status or old.status
    if not may_become(old.status, status):
        return "ignored"
    is_same = status == old.status and _payout(old, change) == (old.payout, old.payout_currency)
    return "duplicate" if is_same else "updated"


def changed(
    old: Conversion, change: Change, facts: Facts, currencies: Currencies, now: datetime
) -> Conversion:
    """The conversion after a change that was judged `updated`.

    With another payout the revenue is converted anew, at today's rates, and the cost follows.
    """
    payout, payout_currency = _payout(old, change)
    new = replace(
        old,
        original_status=change.original_status or old.original_status,
        updated_at=now,
        version=old.version + 1,
    )
    if (payout, payout_currency) != (old.payout, old.payout_currency):
        revenue = currencies.convert(payout, payout_currency, old.currency)
        cost = conversion_cost(facts.rule, revenue, old.currency)
        new = replace(
            new,
            payout=payout,
            payout_currency=payout_currency,
            revenue=revenue,
            cost=cost.micros,
            cost_currency=cost.currency,
        )
    if change.status is not None and change.status != old.status:
        new = replace(
            new, status=change.status, history=[*old.history, entered(change.status, now)]
        )
    return new


def entered(status: str, now: datetime) -> dict[str, str]:
    """A line of the history."""
    return {"status": status, "at": instant(now) or ""}


def refusal(old: Conversion, change: Change) -> str:
    """Why a change was judged `ignored`."""
    return f"A conversion that is {old.status} cannot become {change.status}."


def _payout(old: Conversion, change: Change) -> tuple[int, str]:
    if change.payout is None:
        return old.payout, old.payout_currency
    return change.payout, change.payout_currency or old.payout_currency
