"""Short ways to write what has several parts: costs, caps, shares of a rotation, parameters."""

from __future__ import annotations

import argparse
import re
from decimal import Decimal
from typing import Any

_COST = re.compile(r"(cpc|cpa|revshare):(\d+(?:\.\d+)?)(?::([A-Za-z]{3}))?")
_CAP = re.compile(r"(\d+)/(day|month|total)(?:/(clicks|conversions))?")
_SHARE = re.compile(r"(.+?)(?::(\d+))?", re.DOTALL)


def read_cost(text: str) -> dict[str, Any]:
    """Read ``cpc:0.20:USD``, ``param`` or ``none``; for argparse."""
    if text in {"param", "none"}:
        return {"model": text}
    found = _COST.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not like cpc:0.20, cpa:3:EUR, revshare:40, param or none"
        )
    cost: dict[str, Any] = {"model": found[1], "amount": Decimal(found[2])}
    if found[3]:
        cost["currency"] = found[3].upper()
    return cost


def read_cap(text: str) -> dict[str, Any]:
    """Read ``100/day`` or ``5000/month/clicks``; for argparse."""
    found = _CAP.fullmatch(text)
    if found is None or int(found[1]) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 100/day or 5000/month/clicks")
    return {"limit": int(found[1]), "period": found[2], "counts": found[3] or "conversions"}


def read_share(text: str) -> tuple[str, int]:
    """Read an offer's name or id and its weight, ``Shoes:3``; for argparse."""
    found = _SHARE.fullmatch(text)
    weight = int(found[2] or 1) if found else 0
    if found is None or not 1 <= weight <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not OFFER or OFFER:WEIGHT with 1 to 1000")
    return found[1], weight


def read_pair(text: str) -> tuple[str, str]:
    """Read ``NAME=VALUE``; for argparse."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value


def write_cost(cost: Any) -> str:
    """Return a cost rule to be read: ``cpc 0.20 USD``, a dash for none."""
    from ghostflow.cli.measures import NOTHING, money

    model = cost.get("model") if isinstance(cost, dict) else None
    if model in {None, "none"}:
        return NOTHING
    if model == "param":
        return "param"
    if model == "revshare":
        return f"revshare {cost.get('amount')} %"
    return f"{model} {money(cost.get('amount'), cost.get('currency'))}"


def write_cap(cap: Any) -> str:
    """Return a cap to be read: ``100 conversions/day``, a dash for none."""
    if not isinstance(cap, dict):
        return "–"
    return f"{cap.get('limit')} {cap.get('counts')}/{cap.get('period')}"
