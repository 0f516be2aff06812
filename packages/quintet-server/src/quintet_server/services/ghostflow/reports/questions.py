"""What a report is asked: whose traffic, of which time, counted how."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from quintet_server.services.ghostflow.context import Call
from quintet_server.services.ghostflow.errors import invalid
from quintet_server.services.ghostflow.filters import Filters, read_filters
from quintet_server.services.ghostflow.reports.dimensions import COLUMN_OF_FILTER
from quintet_server.services.ghostflow.reports.periods import Period, asked_zone, read_period

__all__ = ["ATTRIBUTIONS", "BOTS", "Question", "choice", "heading", "read_question"]

ATTRIBUTIONS = ("click", "conversion")
BOTS = ("exclude", "include", "only")


@dataclass(frozen=True, slots=True)
class Question:
    """What all reports are asked for."""

    team: UUID
    period: Period
    timezone: str
    attribution: str
    """Whether a conversion counts in the time of its `click`, or of the `conversion` itself."""
    bots: str
    currency: str
    filters: Filters

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the filters look at."""
        return frozenset(COLUMN_OF_FILTER[name] for name in self.filters.dimensions)

    def before(self) -> Question:
        """The same about the period before."""
        return replace(self, period=self.period.before())

    def fingerprint(self, *more: object) -> str:
        """The same text for the same question: what cursors are bound to."""
        period = self.period
        told = [
            *(str(self.team), period.start.isoformat(), period.end.isoformat(), self.timezone),
            *(self.attribution, self.bots, self.currency, self.filters.fingerprint(), *more),
        ]
        return hashlib.sha256(orjson.dumps(told)).hexdigest()[:16]


def read_question(call: Call) -> Question:
    """Read the query that all reports have in common. Raises 400."""
    zone = asked_zone(call)
    period = read_period(call.query("from"), call.query("to"), zone, call.parts.clock.now())
    return Question(
        team=call.team.id,
        period=period,
        timezone=zone.key,
        attribution=choice(call, "attribution", ATTRIBUTIONS),
        bots=choice(call, "bots", BOTS),
        currency=_currency(call),
        filters=read_filters(call),
    )


def heading(question: Question) -> dict[str, Any]:
    """What was asked, as every report repeats it."""
    return {
        "from": question.period.from_text,
        "to": question.period.to_text,
        "timezone": question.timezone,
        "currency": question.currency,
        "attribution": question.attribution,
    }


def choice(call: Call, name: str, choices: Sequence[str], default: str | None = None) -> str:
    """A parameter with few values; the first of them, or the default, if absent. Raises 400."""
    given = call.query(name)
    if given is None:
        return default or choices[0]
    if given not in choices:
        raise invalid(f"{name}: must be one of {', '.join(choices)}", name)
    return given


def _currency(call: Call) -> str:
    given = call.query("currency")
    if given is None:
        return call.team.currency
    if not (len(given) == 3 and given.isascii() and given.isalpha() and given.isupper()):
        raise invalid("currency: must be an ISO 4217 code in capitals, such as USD", "currency")
    return given
