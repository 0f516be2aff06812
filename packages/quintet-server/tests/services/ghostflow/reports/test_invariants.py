"""Whatever happens in whatever order, reports say what a look at every row would say."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings, strategies as st

from quintet_server.services.ghostflow.reports.rolling import roll
from quintet_server.services.ghostflow.reports.sealing import seal

from .traffic import Asked, Click, Conversion, insert, slowly, utc

if TYPE_CHECKING:
    from ..conftest import Api

# Three days around the change of clocks in New York, 2025-11-02 06:00Z.
FIRST = utc("2025-11-01T00:00")
MINUTES = st.integers(0, 3 * 24 * 60 - 1)
TWO = [uuid.UUID(int=1), uuid.UUID(int=2)]
MAYBE_ID = st.sampled_from([None, *TWO])
MONEY = st.sampled_from([0, 1, 200_000, 333_333, 10**15])
CODES = st.sampled_from(["USD", "USD", "EUR"])
STATUSES = st.sampled_from(["pending", "approved", "rejected", "reversed"])
ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu"])
DIMENSIONS = [
    *("campaign", "offer", "source", "network", "domain", "country", "device", "os", "browser"),
    *("sub1", "day", "hour", "weekday", "event"),
]


@st.composite
def clicks(draw: st.DrawFn) -> Click:
    is_bot = draw(st.booleans())
    return Click(
        campaign_id=draw(st.sampled_from(TWO)),
        at=FIRST + timedelta(minutes=draw(MINUTES)),
        visitor_id=draw(st.sampled_from(TWO)),
        **{f"{name}_id": draw(MAYBE_ID) for name in ("offer", "source", "network", "domain")},
        is_unique=not is_bot and draw(st.booleans()),
        is_bot=is_bot,
        country=draw(st.sampled_from([None, "DE", "US"])),
        device=draw(st.sampled_from(["mobile", "desktop"])),
        os=draw(st.sampled_from([None, "iOS"])),
        browser=draw(st.sampled_from([None, "Safari"])),
        sub1=draw(st.sampled_from([None, "unknown", "a", "=b"])),
        cost=draw(MONEY),
        cost_currency=draw(CODES),
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Click], list[Conversion]]:
    seen = draw(st.lists(clicks(), min_size=1, max_size=7))
    converted = []
    for click in draw(st.lists(st.sampled_from(seen), max_size=5)):
        revenue = draw(st.none() | MONEY)
        converted.append(
            Conversion(
                click=click,
                at=click.at + timedelta(minutes=draw(MINUTES)),
                status=draw(STATUSES),
                event=draw(st.sampled_from(["conversion", "lead"])),
                payout=draw(MONEY),
                payout_currency="GBP" if revenue is None else "USD",
                revenue=revenue,
                currency=draw(CODES),
                cost=draw(MONEY),
                cost_currency=draw(CODES),
            )
        )
    return seen, converted


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    if draw(st.booleans()):
        days = sorted(draw(st.lists(st.integers(1, 4), min_size=2, max_size=2)))
        period = tuple(f"2025-11-{day:02}" for day in days)
    else:
        moments = sorted(draw(st.lists(MINUTES, min_size=2, max_size=2)))
        period = tuple((FIRST + timedelta(minutes=each)).isoformat() for each in moments)
    filters = draw(
        st.sampled_from(
            [
                {},
                {},
                {"country": "DE"},
                {"country": "!unknown", "campaignId": str(TWO[0])},
                {"offerId": "unknown"},
                {"sub1": "!a"},
                {"event": "lead"},
                {"os": "iOS", "device": "!mobile"},
            ]
        )
    )
    return Asked(
        *period,
        timezone=draw(ZONES),
        attribution=draw(st.sampled_from(["click", "conversion"])),
        bots=draw(st.sampled_from(["exclude", "include", "only"])),
        currency=draw(CODES),
        filters=filters,
    )


ASKED = st.lists(
    st.tuples(
        questions(), st.lists(st.sampled_from(DIMENSIONS), min_size=1, max_size=3, unique=True)
    ),
    min_size=2,
    max_size=2,
)


@given(history=histories(), asked=ASKED, data=st.data())
@settings(
    suppress_health_check=[*HealthCheck],
    deadline=None,
    max_examples=settings.default.max_examples // 6,
)
async def test_reports_of_any_history_say_what_the_rows_say(
    api: Api, history: tuple[list[Click], list[Conversion]], asked: list[Any], data: st.DataObject
) -> None:
    team = await api.team_id()
    await api.sql("DELETE FROM ghostflow_clicks WHERE team_id = %s", team)
    seen, converted = history
    # Conversions follow their clicks, and that is all the order there is.
    rows: list[Click | Conversion] = [*data.draw(st.permutations(seen)), *converted]
    split = data.draw(st.integers(0, len(rows)))
    await insert(api, team, rows[:split])
    if data.draw(st.booleans()):
        await roll(api.runtime.db)
    await insert(api, team, rows[split:])
    await seal_some(api, data)
    await change(api, data, seen, converted)
    if data.draw(st.booleans()):
        await roll(api.runtime.db, batch=3)
    await seal_some(api, data)
    for question, by in asked:
        await compare(api, question, by, seen, converted)


async def seal_some(api: Api, data: st.DataObject) -> None:
    """Some of the hours and days are over long enough; which, is chance for who runs beside us."""
    for _ in range(data.draw(st.integers(0, 4))):
        await seal(api.runtime.db, settle=timedelta(0))


def busy(random: Random) -> tuple[list[Click], list[Conversion]]:
    """Three days with something of everything."""
    pick = random.choice
    seen = []
    for _ in range(70):
        is_bot = random.random() < 0.2
        click = Click(
            campaign_id=pick(TWO),
            at=FIRST + timedelta(minutes=random.randrange(3 * 24 * 60)),
            visitor_id=UUID(int=random.randrange(20)),
            **{f"{name}_id": pick([None, *TWO]) for name in ("offer", "source", "network")},
            domain_id=pick(TWO),
            is_unique=not is_bot and random.random() < 0.5,
            is_bot=is_bot,
            country=pick([None, "DE", "US"]),
            device=pick(["mobile", "desktop"]),
            os=pick([None, "iOS"]),
            browser=pick([None, "Safari"]),
            sub1=pick([None, "unknown", "Unknown", "a", "=b"]),
            cost=pick([0, 1, 333_333]),
            cost_currency=pick(["USD", "EUR"]),
        )
        seen.append(click)
    converted = []
    for click in random.sample(seen, 40):
        revenue = pick([None, 0, 7, 12_500_000])
        one = Conversion(
            click=click,
            at=click.at + timedelta(minutes=random.randrange(2 * 24 * 60)),
            status=pick(["pending", "approved", "rejected", "reversed"]),
            event=pick(["conversion", "lead", "unknown"]),
            payout=pick([0, 5]),
            payout_currency="GBP" if revenue is None else "USD",
            revenue=revenue,
            currency=pick(["USD", "EUR"]),
            cost=pick([0, 11]),
            cost_currency=pick(["USD", "EUR"]),
        )
        converted.append(one)
    return seen, converted


BUSY_DAYS = [
    (["campaign", "day"], Asked("2025-11-01", "2025-11-03", timezone="America/New_York")),
    (["offer", "hour"], Asked("2025-11-01", "2025-11-02", timezone="Asia/Kolkata")),
    (["source", "weekday"], Asked("2025-11-02", "2025-11-04", attribution="conversion")),
    (["network", "country"], Asked("2025-11-01", "2025-11-05", "Asia/Kathmandu", bots="include")),
    (["os", "campaign"], Asked("2025-11-01T10:20+00:00", "2025-11-03T07:50+00:00", bots="only")),
    (["device", "country"], Asked("2025-11-01", "2025-11-03", filters={"domainId": str(TWO[0])})),
    (["sub1"], Asked("2025-11-01", "2025-11-03", filters={"sub1": "unknown,a"}, currency="EUR")),
    (["sub1", "event"], Asked("2025-11-01", "2025-11-04", filters={"sub1": "!Unknown"})),
    (["country"], Asked("2025-11-01", "2025-11-03", filters={"event": "unknown"})),
]


async def test_reports_of_busy_days_say_what_the_rows_say(api: Api) -> None:
    team = await api.team_id()
    seen, converted = busy(Random(11))
    early = [one for one in converted if one.click in seen[:50]]
    early[0].status, early[0].revenue, early[0].currency = "pending", 12_500_000, "USD"
    await insert(api, team, [*seen[:50], *early])
    for one in early[::2]:
        one.status, one.cost = "approved" if one.status != "approved" else "pending", 3
        statement = "UPDATE ghostflow_conversions SET status = %s, cost = %s WHERE id = %s"
        await api.sql(statement, one.status, one.cost, one.id)
    left = "SELECT EXISTS (SELECT FROM ghostflow_seals WHERE team_id = %s AND NOT is_sealed)"
    while await roll(api.runtime.db) or (await api.sql(left, team))[0][0]:
        await seal(api.runtime.db, settle=timedelta(0))
    await insert(api, team, [*seen[50:], *(one for one in converted if one not in early)])
    for by, asked in BUSY_DAYS:
        await compare(api, asked, by, seen, converted)


async def change(
    api: Api, data: st.DataObject, seen: list[Click], converted: list[Conversion]
) -> None:
    """What may happen to facts later on."""
    for click in data.draw(st.lists(st.sampled_from(seen), max_size=2)):
        click.cost, click.cost_currency = data.draw(MONEY), data.draw(CODES)
        await api.sql(
            "UPDATE ghostflow_clicks SET cost = %s, cost_currency = %s WHERE id = %s",
            *(click.cost, click.cost_currency, click.id),
        )
    for one in converted[:2]:
        one.status, one.revenue = data.draw(STATUSES), data.draw(MONEY)
        await api.sql(
            "UPDATE ghostflow_conversions SET status = %s, revenue = %s WHERE id = %s",
            *(one.status, one.revenue, one.id),
        )
    if data.draw(st.booleans()):
        gone = seen.pop()
        converted[:] = [one for one in converted if one.click is not gone]
        await api.sql("DELETE FROM ghostflow_clicks WHERE id = %s", gone.id)


async def ask(api: Api, path: str, **params: Any) -> dict[str, Any]:
    answer = await api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.text, parse_float=Decimal)
    return found


async def compare(
    api: Api, asked: Asked, by: list[str], seen: list[Click], converted: list[Conversion]
) -> None:
    """The three reports, to what the rows say."""
    rows, totals, unconverted = slowly(asked, by, seen, converted)
    sort = "uniqueVisitors" if asked.attribution == "click" else "revenue"
    params = asked.params(groupBy=",".join(by), sort=f"-{sort}")
    report = await ask(api, "/reports/breakdown", **params)
    sorted_by = [row[sort] for row in report["rows"] if row[sort]]
    assert sorted_by == sorted(sorted_by, reverse=True)
    assert report["totals"] == totals
    assert report["unconverted"] == unconverted
    found = {}
    for row in report["rows"]:
        keys = row.pop("keys")
        key = [
            keys[name]["id"] or "unknown" if isinstance(keys[name], dict) else keys[name]
            for name in by
        ]
        found[tuple(key)] = row
    # A fact may say nothing: one that costs and brings nothing, by conversions without any.
    assert found == {key: row for key, row in rows.items() if says_something(row) or key in found}
    rows, totals, unconverted = slowly(asked, ["bucket"], seen, converted)
    series = await ask(api, "/reports/timeseries", **asked.params(interval="hour"))
    assert series["totals"] == totals
    names = [point["bucket"] for point in series["points"]]
    assert names == list(dict.fromkeys(names))
    occurring = {point.pop("bucket"): point for point in series["points"]}
    for (bucket,), row in rows.items():
        assert occurring.pop(bucket) == row
    assert not any(map(says_something, occurring.values()))
    dashboard = await ask(api, "/reports/dashboard", **asked.params())
    assert dashboard["totals"] == totals
    assert dashboard["unconverted"] == unconverted
    if dashboard["series"]:
        interval = "hour" if "T" in dashboard["series"][0]["bucket"] else "day"
        series = await ask(api, "/reports/timeseries", **asked.params(interval=interval))
        assert dashboard["series"] == series["points"]
        for name in ("clicks", "botClicks", "uniqueClicks", "revenue", "cost", "conversions"):
            if totals[name] is not None:
                assert sum(point[name] for point in series["points"]) == totals[name]
    for name, dimension in (("offers", "offer"), ("countries", "country")):
        whole = await ask(api, "/reports/breakdown", **asked.params(groupBy=dimension))
        assert all(row in whole["rows"] for row in dashboard["top"][name])
        assert len(dashboard["top"][name]) == min(5, len(whole["rows"]))


def says_something(row: dict[str, Any]) -> bool:
    return any(row.values())
