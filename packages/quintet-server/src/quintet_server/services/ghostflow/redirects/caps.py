"""How many clicks an offer takes in a day, a month or altogether, exactly.

A place under a cap is taken in the transaction that stores its click, behind the lock of the
offer's row: whoever comes next, in whatever process, sees the place taken or the click gone. The
count is kept in that row while the offer and the period stay the same; otherwise it is counted from
the clicks. So a cap that is set in the middle of a day counts what came before. Offers without a
cap have nothing to do with any of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.store.database import Connection

__all__ = ["Cap", "FullOffers", "Period", "Wish", "count_others", "read_cap", "take_places"]

_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
_MOST_REMEMBERED = 10_000

_LOCK = """
INSERT INTO ghostflow_cap_uses AS u (offer_id, version, starts_at, ends_at)
SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS n
ORDER BY 1
ON CONFLICT (offer_id) DO UPDATE SET
    version = EXCLUDED.version, starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at,
    used = CASE WHEN (u.version, u.starts_at, u.ends_at)
        = (EXCLUDED.version, EXCLUDED.starts_at, EXCLUDED.ends_at) THEN u.used END
RETURNING offer_id, used
"""
# A statement of its own: it has to see what was committed while the lock was waited for.
_COUNT_CLICKS = """
SELECT u.offer_id, (
    SELECT count(*) FROM ghostflow_clicks c
    WHERE c.team_id = o.team_id AND c.at >= u.starts_at AND c.at < u.ends_at
        AND c.offer_id = u.offer_id AND NOT c.is_bot)
FROM ghostflow_cap_uses u JOIN ghostflow_offers o ON o.id = u.offer_id
WHERE u.offer_id = ANY(%s)
"""
_COUNT_CONVERSIONS = """
SELECT n.offer_id, (
    SELECT count(*) FROM ghostflow_conversions c
    WHERE c.offer_id = n.offer_id AND c.at >= n.starts_at AND c.at < n.ends_at
        AND c.status IN ('pending', 'approved'))
FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) AS n(offer_id, starts_at, ends_at)
"""
_SET_USED = """
UPDATE ghostflow_cap_uses u SET used = n.used
FROM unnest(%s::uuid[], %s::bigint[]) AS n(offer_id, used) WHERE u.offer_id = n.offer_id
"""
_LOCK_KNOWN = """
SELECT offer_id, starts_at, ends_at FROM ghostflow_cap_uses
WHERE offer_id = ANY(%s) ORDER BY offer_id FOR UPDATE
"""
_ADD_USED = """
UPDATE ghostflow_cap_uses u SET used = u.used + n.more
FROM unnest(%s::uuid[], %s::bigint[]) AS n(offer_id, more) WHERE u.offer_id = n.offer_id
"""


class Period(NamedTuple):
    """From an instant (inclusive) to another (exclusive)."""

    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Cap:
    """How much an offer takes."""

    offer_id: UUID
    version: int
    """Of the offer: changing it counts anew."""
    limit: int
    kind: str
    """`day`, `month` or `total`."""
    counts_conversions: bool
    zone: ZoneInfo
    _current: Period = Period(_EVER[0], _EVER[0])

    def period(self, at: datetime) -> Period:
        """The period that an instant lies in: of the calendar of the cap's zone."""
        found = self._current
        if not found.starts_at <= at < found.ends_at:
            found = self._current = self._period_of(at)
        return found

    def _period_of(self, at: datetime) -> Period:
        if self.kind == "total":
            return Period(*_EVER)
        today = at.astimezone(self.zone).date()
        if self.kind == "day":
            first, after = today, today + timedelta(days=1)
        else:
            first = today.replace(day=1)
            after = (first + timedelta(days=31)).replace(day=1)
        return Period(self._midnight(first), self._midnight(after))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def read_cap(
    offer_id: UUID, version: int, stored: Mapping[str, Any] | None, default_zone: str
) -> Cap | None:
    """The cap of an offer as its column holds it; None if there is none."""
    if not stored:
        return None
    return Cap(
        offer_id,
        version,
        int(stored["limit"]),
        stored["period"],
        stored.get("counts") == "conversions",
        ZoneInfo(stored.get("timezone") or default_zone),
    )


class FullOffers:
    """The offers that this process has seen full: nobody needs to be asked about them again.

    Only caps on clicks: a conversion may still be rejected, and then its place is free again.
    """

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[int, Period]] = {}

    def note(self, cap: Cap, at: datetime) -> None:
        """Remember that an offer takes nothing more in the period of `at`."""
        if cap.counts_conversions:
            return
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[cap.offer_id] = cap.version, cap.period(at)

    def is_full(self, cap: Cap, at: datetime) -> bool:
        """Whether it is known to take nothing more."""
        found = self._known.get(cap.offer_id)
        return found is not None and found == (cap.version, cap.period(at))


class Wish(NamedTuple):
    """A click that would like to go to an offer with a cap."""

    cap: Cap
    at: datetime
    is_bot: bool
    """Looks whether there is a place, and takes none."""


async def take_places(conn: Connection, wishes: Sequence[Wish]) -> list[bool]:
    """Give out places in the order of the wishes; whether each was fulfilled.

    In the transaction of `conn`, which then has to store the clicks: if it is rolled back, the
    places are free again. Offers are locked in the order of their ids until it ends.
    """
    granted = [False] * len(wishes)
    left = list(enumerate(wishes))
    while left:
        group, now, left = _first_group(left)
        before = await _used(conn, list(group.values()))
        used = dict(before)
        for index, (cap, _, is_bot) in now:
            granted[index] = used[cap.offer_id] < cap.limit
            if granted[index] and not is_bot and not cap.counts_conversions:
                used[cap.offer_id] += 1
        taken = {offer_id: count for offer_id, count in used.items() if count != before[offer_id]}
        if taken:
            await conn.execute(_SET_USED, (list(taken), list(taken.values())))
    return granted


Group = dict[UUID, tuple[Cap, Period]]
Numbered = list[tuple[int, Wish]]


def _first_group(wishes: Numbered) -> tuple[Group, Numbered, Numbered]:
    """Wishes that can be looked at together: of one offer, of one version and one period of it.

    The others come later; nearly always there are none.
    """
    group: Group = {}
    now: Numbered = []
    later: Numbered = []
    for index, wish in wishes:
        period = wish.cap.period(wish.at)
        cap, first = group.setdefault(wish.cap.offer_id, (wish.cap, period))
        is_same = cap.version == wish.cap.version and first == period
        (now if is_same else later).append((index, wish))
    return group, now, later


async def _used(conn: Connection, group: Sequence[tuple[Cap, Period]]) -> dict[UUID, int]:
    used: dict[UUID, int] = {}
    by_clicks = [(cap, period) for cap, period in group if not cap.counts_conversions]
    if by_clicks:
        rows = await conn.execute(
            _LOCK,
            (
                [cap.offer_id for cap, _ in by_clicks],
                [cap.version for cap, _ in by_clicks],
                [period.starts_at for _, period in by_clicks],
                [period.ends_at for _, period in by_clicks],
            ),
        )
        used = dict(await rows.fetchall())
        unknown = [offer_id for offer_id, count in used.items() if count is None]
        if unknown:
            rows = await conn.execute(_COUNT_CLICKS, (unknown,))
            counted: dict[UUID, int] = dict(await rows.fetchall())
            used.update(counted)
            await conn.execute(_SET_USED, (list(counted), list(counted.values())))
    by_conversions = [(cap.offer_id, *period) for cap, period in group if cap.counts_conversions]
    if by_conversions:
        columns = [list(column) for column in zip(*by_conversions, strict=True)]
        used.update(await (await conn.execute(_COUNT_CONVERSIONS, columns)).fetchall())
    return used


async def count_others(conn: Connection, clicks: Iterable[Click]) -> _Counted:
    """Lock what clicks from elsewhere use up: they are stored whether or not there is a place."""
    people = [click for click in clicks if click.offer_id is not None and not click.is_bot]
    offers = list({click.offer_id for click in people})
    locked = []
    if offers:
        locked = await (await conn.execute(_LOCK_KNOWN, (offers,))).fetchall()
    return _Counted(locked)


class _Counted:
    """Offers with a cap, locked, while clicks are stored."""

    def __init__(self, locked: Sequence[tuple[Any, ...]]) -> None:
        self._periods = {offer_id: Period(*period) for offer_id, *period in locked}

    async def add(self, conn: Connection, stored: Iterable[Click]) -> None:
        """Count those that have been stored."""
        more: dict[UUID, int] = {}
        for click in stored:
            period = None if click.offer_id is None else self._periods.get(click.offer_id)
            if period is None or click.is_bot:
                continue
            if period.starts_at <= click.at < period.ends_at:
                assert click.offer_id is not None  # it has a period
                more[click.offer_id] = more.get(click.offer_id, 0) + 1
        if more:
            await conn.execute(_ADD_USED, (list(more), list(more.values())))
