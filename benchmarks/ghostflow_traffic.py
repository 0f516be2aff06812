"""Traffic of a GhostFlow team, written by SQL: what the benchmarks of reports read.

Thirty days of clicks in the order of time on twenty campaigns of very different size; five of
forty offers a campaign, thirty countries, one click in twenty by a robot, one in fifty converts.
Six visitors of ten come once. The same `setseed` gives the same traffic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from quintet_server.store.database import Connection

__all__ = ["seed_traffic"]

_RESOURCES = """
WITH campaigns AS (
    INSERT INTO ghostflow_campaigns (id, team_id, name, url, slug)
    SELECT gen_random_uuid(), %(team)s, 'Campaign ' || i, 'https://example.com/' || i,
        left(replace(gen_random_uuid()::text, '-', ''), 20) FROM generate_series(1, 20) i),
offers AS (
    INSERT INTO ghostflow_offers (id, team_id, name, url)
    SELECT gen_random_uuid(), %(team)s, 'Offer ' || i, 'https://example.com/offer/' || i
    FROM generate_series(1, 40) i)
INSERT INTO ghostflow_sources (id, team_id, name)
SELECT gen_random_uuid(), %(team)s, 'Source ' || i FROM generate_series(1, 8) i
"""

_CLICKS = """
WITH have AS MATERIALIZED (
    SELECT array(SELECT id FROM ghostflow_campaigns WHERE team_id = %(team)s ORDER BY name) AS c,
        array(SELECT id FROM ghostflow_offers WHERE team_id = %(team)s ORDER BY name) AS o,
        array(SELECT id FROM ghostflow_sources WHERE team_id = %(team)s ORDER BY name) AS s
), dice AS MATERIALIZED (
    SELECT i, random() AS r1, random() AS r2, random() AS r3, random() AS r4, random() AS r5,
        random() AS r6, random() AS r7,
        %(to)s::timestamptz - %(days)s * interval '1 day' * (1 - (i - 0.5) / %(total)s) AS at
    FROM generate_series(%(first)s::int, %(last)s::int) AS i
), drawn AS (
    SELECT *, 1 + floor(20 * r1 * r1)::int AS campaign, 1 + floor(5 * r2)::int AS offer,
        CASE WHEN r3 < 0.6 THEN i ELSE floor(%(total)s * 0.2 * r4 * r4)::int END AS visitor,
        r5 < 0.05 AS bot
    FROM dice
)
INSERT INTO ghostflow_clicks (
    id, team_id, campaign_id, offer_id, source_id, network_id, domain_id, at, visitor_id,
    is_unique, is_bot, bot_reason, country, device, os, browser, referrer_host, language,
    external_id, sub1, sub2, cost, cost_currency, destination)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(%(team)s::text || i), 1, 3) || '8'
        || substr(md5(%(team)s::text || i), 4, 15))::uuid,
    %(team)s, c[campaign], CASE WHEN r6 < 0.97 THEN o[1 + (2 * campaign + offer) %% 40] END,
    s[1 + (campaign + floor(2 * r7)::int) %% 8],
    md5('network' || (2 * campaign + offer) %% 4)::uuid, md5('domain' || campaign %% 2)::uuid, at,
    md5(%(team)s::text || 'visitor' || visitor)::uuid, r3 < 0.6 AND NOT bot, bot,
    CASE WHEN bot THEN 'ua_crawler' END,
    CASE WHEN r4 < 0.98 THEN chr(65 + floor(30 * r4 * r4)::int %% 26)
        || chr(65 + floor(30 * r4 * r4)::int / 3) END,
    (ARRAY['mobile', 'mobile', 'desktop', 'tablet', 'other'])[1 + floor(5 * r7)::int],
    (ARRAY['Android', 'iOS', 'Windows', 'macOS', 'Linux'])[1 + floor(5 * r6)::int],
    (ARRAY['Chrome', 'Chrome', 'Safari', 'Firefox', 'Edge'])[1 + floor(5 * r2)::int],
    'site' || floor(200 * r5 * r5)::int || '.example', 'en', 'x' || i,
    'placement' || floor(50 * r6)::int, 'creative' || floor(1000 * r7)::int,
    CASE WHEN bot THEN 0 ELSE 200000 END, 'USD', 'https://example.com/offer'
FROM drawn, have
"""

_CONVERSIONS = """
INSERT INTO ghostflow_conversions (
    id, team_id, click_id, campaign_id, offer_id, source_id, network_id, status, payout,
    payout_currency, revenue, currency, cost_currency, at, click_at, received_at)
SELECT gen_random_uuid(), team_id, id, campaign_id, offer_id, source_id, network_id,
    (ARRAY['approved', 'approved', 'pending', 'rejected'])[1 + floor(4 * random())::int],
    12500000, 'USD', 12500000, 'USD', 'USD', at + random() * interval '3 days', at, at
FROM ghostflow_clicks
WHERE team_id = %(team)s AND substr(id::text, 35, 2) < '05' AND NOT is_bot
"""

_BATCH = 50_000


async def seed_traffic(
    conn: Connection,
    team: UUID,
    *,
    clicks: int,
    to: Any,
    days: int = 30,
    done: Callable[[int], None] = lambda _count: None,
) -> None:
    """Write `clicks` clicks of the `days` before `to`, with their conversions.

    One statement for every 50,000 clicks, so that the triggers' work is part of what it takes;
    `done` is told how many there are after each.
    """
    params = {"team": team, "to": to, "days": days, "total": clicks}
    await conn.execute("SELECT setseed(0.5)")
    await conn.execute(_RESOURCES, params)
    for first in range(1, clicks + 1, _BATCH):
        last = min(first + _BATCH - 1, clicks)
        await conn.execute(_CLICKS, {**params, "first": first, "last": last})
        done(last)
    await conn.execute(_CONVERSIONS, params)
