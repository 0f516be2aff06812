"""What a click fills into templates, and what a query fills into a click."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from quintet_server.services.ghostflow.clicks.costing import CostRule, click_cost
from quintet_server.services.ghostflow.clicks.incoming import Incoming
from quintet_server.services.ghostflow.clicks.record import SUBS, Click

__all__ = ["amount_text", "click_values", "fill_in"]


def fill_in(click: Click, incoming: Incoming, rule: CostRule, currency: str) -> None:
    """Set what the parameters say, and what the click costs; `is_bot` must be decided by then.

    Args:
        click: The click.
        incoming: Its parameters.
        rule: How its traffic is paid for.
        currency: The campaign's.
    """
    click.external_id = incoming.external_id
    for number, value in incoming.subs.items():
        setattr(click, SUBS[number - 1], value)
    click.utm = incoming.utm or None
    cost = click_cost(rule, click.is_bot, incoming.cost, incoming.currency, currency)
    click.cost, click.cost_currency = cost.micros, cost.currency
    extra = incoming.extra
    if cost.rejected is not None:
        extra = {**extra, "costRejected": cost.rejected}
    click.extra = extra or None


def click_values(click: Click, names: Iterable[str]) -> dict[str, str]:
    """The values of those of these macros that a click alone can fill; empty ones are left out.

    Not among them are `payout`, `status`, `event` and `tx_id`. `timestamp` is the moment of the
    click in whole Unix seconds, `currency` that of its cost.
    """
    found = {}
    for name in names:
        getter = _GETTERS.get(name)
        value = None if getter is None else getter(click)
        if value:
            found[name] = value
    return found


def amount_text(micros: int) -> str:
    """An amount as the shortest decimal: 12_500_000 is `12.5`."""
    text = f"{Decimal(micros).scaleb(-6):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(name: str) -> Callable[[Click], str | None]:
    def value(click: Click) -> str | None:
        found = getattr(click, name)
        return None if found is None else str(found)

    return value


_GETTERS: dict[str, Callable[[Click], str | None]] = {
    "click_id": lambda click: str(click.id),
    "cost": lambda click: amount_text(click.cost),
    "currency": _plain("cost_currency"),
    "timestamp": lambda click: str(int(click.at.timestamp())),
    **{
        name: _plain(name)
        for name in (
            "external_id",
            "campaign_id",
            "offer_id",
            "source_id",
            "network_id",
            "country",
            "device",
            "os",
            "browser",
            *SUBS,
        )
    },
}
