"""What is asked of a report, and how it is told above the answer."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ghostflow import GhostFlowClient
from ghostflow.cli import screen
from ghostflow.cli.charts import span
from ghostflow.cli.connecting import period
from ghostflow.cli.filters import filters_of, in_words
from ghostflow.cli.naming import find_id

_BOTS = {"exclude": "without bots", "include": "bots included", "only": "only bots"}


@dataclass(frozen=True, slots=True)
class Question:
    """A report's period, filters and way of reckoning.

    Attributes:
        arguments: For the methods of ``client.reports``.
        filtered: The filters in words, ``""`` for none.
    """

    arguments: Mapping[str, Any]
    filtered: str

    def caption(self, report: Mapping[str, Any]) -> str:
        """Return the line above a report: period, zone, currency, and what was left out."""
        asked = self.arguments
        parts = [
            span(
                report.get("from") or _text(asked.get("from_")),
                report.get("to") or _text(asked.get("to")),
                str(report.get("timezone") or asked.get("timezone") or ""),
            ),
            self.currency(report),
            _BOTS[str(asked.get("bots") or "exclude")],
        ]
        if (report.get("attribution") or asked.get("attribution")) == "conversion":
            parts.append("by time of conversion")
        return " · ".join(part for part in [*parts, self.filtered] if part)

    def currency(self, report: Mapping[str, Any]) -> str:
        """Return the currency of a report, ``""`` if nobody says."""
        return str(report.get("currency") or self.arguments.get("currency") or "")

    def print_caption(self, report: Mapping[str, Any]) -> None:
        """Print the caption above a table."""
        print(screen.on_one_line(self.caption(report)))
        print()

    def print_warnings(self, report: Mapping[str, Any]) -> None:
        """Tell which amounts are missing because their currency has no rate."""
        for each in report.get("unconverted") or ():
            facts = each if isinstance(each, Mapping) else {"currency": each}
            amounts = ", ".join(
                f"{name} {value}" for name, value in facts.items() if name != "currency" and value
            )
            what = f"{facts.get('currency')} ({amounts})" if amounts else facts.get("currency")
            screen.tell(
                f"not counted, for there is no rate: {what}; a server of your own takes rates "
                "from QUINTET_GHOSTFLOW_RATES"
            )


def ask(client: GhostFlowClient, options: argparse.Namespace) -> Question:
    """Return what the options ask for; names in ``--where`` become ids."""
    arguments: dict[str, Any] = filters_of(
        options.where, lambda noun, word: find_id(client, noun, word)
    )
    asked = period(client, options)
    if asked.start is not None:
        arguments |= {"from_": asked.start, "to": asked.end}
    for name in ("timezone", "bots", "attribution"):
        if getattr(options, name):
            arguments[name] = getattr(options, name)
    if options.currency:
        arguments["currency"] = options.currency.upper()
    return Question(arguments, in_words(options.where))


def _text(moment: date | datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
