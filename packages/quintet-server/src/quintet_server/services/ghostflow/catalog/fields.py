"""Kinds of fields that more than one resource has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from quintet_server.engines.work.cron_zones import zone
from quintet_server.services.ghostflow.catalog.resource import Part
from quintet_server.services.ghostflow.clicks.macros import check_template
from quintet_server.services.ghostflow.conversions.statuses import Status as ConversionStatus
from quintet_server.services.ghostflow.wire import MICROS, Amount, CurrencyCode, decimal_number

__all__ = [
    "LIFE",
    "ConversionStatus",
    "CostModel",
    "CostRule",
    "Key",
    "ParameterName",
    "Status",
    "TeamCurrency",
    "TemplateUrl",
    "Timezone",
    "Word",
    "amount_text",
    "each_once",
    "show_cost",
]

Value = TypeVar("Value")

LIFE = ("active", "paused", "archived")
Status = Literal["active", "paused", "archived"]
CostModel = Literal["none", "cpc", "cpa", "revshare", "param"]

_PRICED = ("cpc", "cpa", "revshare")
_MOST_PERCENT = 100


def _template(given: str) -> str:
    check_template(given)
    return given


def _timezone(given: str) -> str:
    zone(given)
    return given


def _not_null(given: str | None) -> str:
    if given is None:
        raise ValueError("must be an ISO 4217 code in capitals, such as USD")
    return given


def _printable(given: str) -> str:
    word = given.strip()
    if not word or any(unicodedata.category(char) in ("Cc", "Cs") for char in word):
        raise ValueError("must have 1 to 100 characters, and no control characters")
    return word


def _bare(given: str) -> str:
    if given != _printable(given):
        raise ValueError("must have no spaces around")
    return given


def each_once(given: Iterable[Value]) -> list[Value]:
    """The values without repetitions, in their order."""
    return list(dict.fromkeys(given))


TemplateUrl = Annotated[str, AfterValidator(_template)]
"""An absolute http or https URL in which macros may stand."""
Timezone = Annotated[str, StringConstraints(max_length=100), AfterValidator(_timezone)]
"""The IANA name of a time zone."""
Word = Annotated[str, StringConstraints(max_length=100), AfterValidator(_printable)]
"""1 to 100 characters, without spaces around."""
TeamCurrency = Annotated[CurrencyCode | None, AfterValidator(_not_null)]
"""A currency that is the team's, whichever that is, as long as none has been given."""
Key = Annotated[str, StringConstraints(max_length=100), AfterValidator(_bare)]
"""The same in a mapping, where trimming could make one of two: it must have no spaces around."""
ParameterName = Key
"""Of a query."""


class CostRule(Part):
    """How traffic is paid for."""

    model: CostModel
    amount: Annotated[Amount | None, Field(validate_default=True)] = None
    """Of `currency`; with `revshare` percent."""
    currency: CurrencyCode | None = None

    @field_validator("amount")
    @classmethod
    def _fits_model(cls, amount: int | None, info: ValidationInfo) -> int | None:
        model = info.data.get("model")
        if amount is None and model in _PRICED:
            raise ValueError(f"is required with the model {model}")
        if amount is not None and model == "revshare" and amount > _MOST_PERCENT * MICROS:
            raise ValueError(f"must be a number from 0 to {_MOST_PERCENT}: it is in percent")
        return amount

    def stored(self) -> dict[str, Any]:
        """Amounts as decimal text: binary floats never come near them."""
        rule: dict[str, Any] = {"model": self.model}
        if self.amount is not None:
            rule["amount"] = amount_text(self.amount)
        if self.currency is not None:
            rule["currency"] = self.currency
        return rule


def amount_text(micros: int) -> str:
    """An amount as the shortest decimal text of units."""
    text = f"{Decimal(micros).scaleb(-6):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_cost(rule: Mapping[str, str], currency: str | None) -> dict[str, Any]:
    """A rule as callers see it; `currency` is what holds where it names none."""
    shown: dict[str, Any] = {"model": rule["model"]}
    if "amount" in rule:
        shown["amount"] = decimal_number(Decimal(rule["amount"]))
    if rule["model"] in ("cpc", "cpa", "param") or "currency" in rule:
        shown["currency"] = rule.get("currency", currency)
    return shown
