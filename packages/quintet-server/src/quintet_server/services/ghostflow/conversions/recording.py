"""Writing conversions: a new one, a repeat, a change, each with all that follows from it.

Which of these a report is, the database decides: a conversion is unique by click, event and
transaction, so of any number of equal reports at once exactly one creates it, and it has versions,
so none is changed that is not as it was read. In the same transaction go the event for webhooks,
the log and the postback to the source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from quintet_server.services.ghostflow.clicks.costing import conversion_cost
from quintet_server.services.ghostflow.context import GhostFlow
from quintet_server.services.ghostflow.conversions import writing
from quintet_server.services.ghostflow.conversions.access import Access, Direct
from quintet_server.services.ghostflow.conversions.changing import (
    Change,
    changed,
    entered,
    judge,
    refusal,
)
from quintet_server.services.ghostflow.conversions.facts import Facts, read_facts
from quintet_server.services.ghostflow.conversions.model import (
    COLUMNS,
    DEFAULT_EVENT,
    Conversion,
    read_conversion,
)
from quintet_server.services.ghostflow.postbacks.log import Row
from quintet_server.services.ghostflow.postbacks.outgoing import Telling, telling
from quintet_server.services.ghostflow.teams import Team
from quintet_server.store.database import Connection
from quintet_server.store.ids import new_uuid7

__all__ = [
    "BadInstant",
    "ForeignOffer",
    "Outcome",
    "Report",
    "UnknownClick",
    "change_conversion",
    "lock_conversion",
    "record",
]

_SKEW = timedelta(minutes=5)

_LOCK_SAME = """
SELECT FROM ghostflow_conversions
WHERE click_id = %s AND event = %s AND tx_id = %s FOR NO KEY UPDATE
"""
_LOCK = f"""
SELECT {COLUMNS} FROM ghostflow_conversions WHERE id = %s AND team_id = %s FOR NO KEY UPDATE
"""


class UnknownClick(Exception):
    """There is no such click, or it is another team's."""


class ForeignOffer(Exception):
    """The click's offer belongs to another network than the one that reports."""


class BadInstant(Exception):
    """A conversion cannot have been then; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What somebody says about a click."""

    click_id: UUID
    status: str
    event: str = DEFAULT_EVENT
    tx_id: str = ""
    original_status: str | None = None
    payout: int | None = None
    """None: what the offer pays."""
    currency: str | None = None
    """Of the payout; None: the network's, else the offer's."""
    at: datetime | None = None
    """None: when it was received."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a report has led to."""

    kind: Literal["created", "updated", "duplicate", "ignored"]
    conversion: Conversion
    reason: str | None = None
    """Why it was ignored."""


Note = Callable[[Outcome], Row]
"""Makes the row of the log for the outcome that is about to be written."""


async def record(
    parts: GhostFlow,
    access: Access,
    team: Team,
    report: Report,
    *,
    network_id: UUID | None = None,
    received_at: datetime | None = None,
    note: Note | None = None,
) -> Outcome:
    """Take a report in, in two round trips. What raises has written nothing.

    What is to be written is decided by what was read, and written only if that still holds; in the
    rare case that it does not, once more behind a lock.

    Args:
        parts: Of the service.
        access: To the database, inside a transaction or not: all is written at once.
        team: Whose click it is about.
        report: What is said.
        network_id: The network that says it; None: the team itself.
        received_at: When, if it was not just now.
        note: For a row in the log of postbacks, written along.

    Raises:
        UnknownClick, ForeignOffer, BadInstant.
    """
    recorder = _Recorder(parts, access, team, note)
    outcome = await recorder.take(report, network_id, received_at)
    if outcome is None:
        async with access.alone() as conn:
            await conn.execute(_LOCK_SAME, (report.click_id, report.event, report.tx_id))
            recorder = _Recorder(parts, Direct(conn), team, note)
            outcome = await recorder.take(report, network_id, received_at)
    if outcome is None:  # its team was deleted at this very moment
        raise UnknownClick(str(report.click_id))
    return outcome


async def lock_conversion(conn: Connection, team: Team, id: UUID) -> Conversion | None:
    """A conversion of the team, locked until the transaction ends; None if there is none."""
    row = await (await conn.execute(_LOCK, (id, team.id))).fetchone()
    return None if row is None else read_conversion(row)


async def change_conversion(
    parts: GhostFlow, conn: Connection, team: Team, old: Conversion, change: Change
) -> Outcome:
    """Change a conversion that is locked; `duplicate` says that nothing was to change.

    Raises:
        UnknownClick: its click is gone.
    """
    verdict = judge(old, change)
    if verdict == "duplicate":
        return Outcome("duplicate", old)
    if verdict == "ignored":
        return Outcome("ignored", old, refusal(old, change))
    access = Direct(conn)
    facts = await read_facts(access, team, old.click_id, old.event, old.tx_id)
    if facts is None:
        raise UnknownClick(str(old.click_id))
    outcome = await _Recorder(parts, access, team).change(facts, old, change)
    assert outcome is not None  # it is locked, so it is as it was
    return outcome


class _Recorder:
    """Writes what follows from facts; None where they do not hold any more."""

    def __init__(
        self, parts: GhostFlow, access: Access, team: Team, note: Note | None = None
    ) -> None:
        self._parts = parts
        self._access = access
        self._team = team
        self._note = note

    async def take(
        self, report: Report, network_id: UUID | None, received_at: datetime | None
    ) -> Outcome | None:
        """A new conversion, or what becomes of the one that there is."""
        facts = await read_facts(
            self._access, self._team, report.click_id, report.event, report.tx_id, network_id
        )
        if facts is None:
            raise UnknownClick(str(report.click_id))
        if network_id is not None and facts.network_ids and network_id not in facts.network_ids:
            raise ForeignOffer("The offer of this click belongs to another network.")
        _check_instant(report, facts)
        if facts.conversion is None:
            new = _conversion(self._parts, report, facts, network_id, received_at or facts.now)
            return await self._create(facts, new)
        change = Change(
            report.status,
            report.original_status,
            report.payout,
            report.currency or facts.reported_currency,
        )
        return await self.change(facts, facts.conversion, change)

    async def change(self, facts: Facts, old: Conversion, change: Change) -> Outcome | None:
        """What becomes of a conversion that something is reported of again."""
        verdict = judge(old, change)
        if verdict == "updated":
            new = changed(old, change, facts, self._parts.currencies, facts.now)
            return await self._update(facts, old, new)
        if verdict == "ignored":
            ignored = Outcome("ignored", old, refusal(old, change))
            kept = await writing.note_ignored(self._access, old, self._row(ignored))
            return ignored if kept else None
        repeated = Outcome("duplicate", old)
        count = await writing.count_repeat(self._access, old, self._row(repeated))
        return None if count is None else Outcome("duplicate", replace(old, duplicate_count=count))

    async def _create(self, facts: Facts, new: Conversion) -> Outcome | None:
        outcome = Outcome("created", new)
        following = self._following(outcome, telling(self._team, facts, new))
        return outcome if await writing.insert(self._access, new, following) else None

    async def _update(self, facts: Facts, old: Conversion, new: Conversion) -> Outcome | None:
        outcome = Outcome("updated", new)
        told = telling(self._team, facts, new) if new.status != old.status else None
        following = self._following(outcome, told)
        return outcome if await writing.update(self._access, old, new, following) else None

    def _following(self, outcome: Outcome, told: Telling | None) -> writing.Following:
        return writing.Following(self._team, self._row(outcome), told)

    def _row(self, outcome: Outcome) -> Row | None:
        return None if self._note is None else self._note(outcome)


def _check_instant(report: Report, facts: Facts) -> None:
    """Clocks of different machines may differ a little; more than that is a mistake."""
    if report.at is None:
        return
    if report.at > facts.now + _SKEW:
        raise BadInstant("must not lie more than 5 minutes in the future")
    if report.at < facts.click.at - _SKEW:
        raise BadInstant("must not lie before the click")


def _conversion(
    parts: GhostFlow,
    report: Report,
    facts: Facts,
    network_id: UUID | None,
    received_at: datetime,
) -> Conversion:
    click = facts.click
    if report.payout is None:
        payout, payout_currency = facts.offer_payout, facts.offer_currency
    else:
        payout, payout_currency = report.payout, report.currency or facts.reported_currency
    revenue = facts.revenue(parts.currencies, payout, payout_currency)
    cost = conversion_cost(facts.rule, revenue, facts.currency)
    return Conversion(
        id=new_uuid7(),
        team_id=click.team_id,
        click_id=click.id,
        campaign_id=click.campaign_id,
        offer_id=click.offer_id,
        source_id=click.source_id,
        network_id=click.network_id or network_id,
        event=report.event,
        tx_id=report.tx_id,
        status=report.status,
        original_status=report.original_status,
        payout=payout,
        payout_currency=payout_currency,
        revenue=revenue,
        currency=facts.currency,
        cost=cost.micros,
        cost_currency=cost.currency,
        at=report.at or received_at,
        click_at=click.at,
        received_at=received_at,
        updated_at=facts.now,
        duplicate_count=0,
        history=[entered(report.status, facts.now)],
        version=1,
    )
