-- What reports add up. Every change of clicks and conversions writes signed deltas in its own
-- transaction; a roller folds them into rollups later. A report is the sum of rollups and deltas in
-- one snapshot, so it is exact at any moment, whoever wrote the facts.

-- `at` is the start of a quarter of an hour (UTC): offsets of 30 and 45 minutes exist.
-- `kind`: 0 clicks, 1 conversions in the time of their click, 2 conversions in their own time. What
-- a kind does not measure is NULL, which takes no room and no time to add.
-- `currency` is that of the money in the row; of `unpriced` (conversions whose revenue is unknown,
-- because there was no rate) it is the one that could not be converted.
CREATE TABLE ghostflow_deltas (
    team_id         uuid NOT NULL,
    at              timestamptz NOT NULL,
    campaign_id     uuid NOT NULL,
    offer_id        uuid,
    source_id       uuid,
    network_id      uuid,
    domain_id       uuid,
    country         text COLLATE "C",
    device          text COLLATE "C" NOT NULL,
    os              text COLLATE "C",
    browser         text COLLATE "C",
    currency        text COLLATE "C" NOT NULL,
    kind            smallint NOT NULL,
    is_bot          boolean NOT NULL,
    clicks          int,
    uniques         int,
    pending         int,
    approved        int,
    rejected        int,
    reversed        int,
    unpriced        int,
    cost            numeric,  -- micro-units; numeric: no sum of amounts may ever overflow
    revenue         numeric,
    pending_revenue numeric
) WITH (
    -- Rows live for seconds.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000
);

-- Sums of some dimensions, in buckets of a day, an hour or a quarter of an hour. What would have
-- about as many rows as there are clicks is not kept.
DO $$
DECLARE
    name text;
    dimensions text;
BEGIN
    FOR name, dimensions IN VALUES
        ('totals_quarter', 'campaign_id'),
        ('totals_hour', 'campaign_id'),
        ('totals_day', 'campaign_id'),
        ('countries_hour', 'country'),
        ('countries_day', 'country'),
        ('routes_hour', 'campaign_id, offer_id, source_id, network_id, domain_id'),
        ('routes_day', 'campaign_id, offer_id, source_id, network_id, domain_id'),
        ('places_day', 'campaign_id, country, device'),
        ('agents_day', 'campaign_id, os, browser')
    LOOP
        EXECUTE format(
            'CREATE TABLE %1$I WITH (fillfactor = 80) AS '
            'SELECT team_id, at, %2$s, currency, kind, is_bot, clicks, uniques, pending, '
            'approved, rejected, reversed, unpriced, cost, revenue, pending_revenue '
            'FROM ghostflow_deltas', 'ghostflow_' || name, dimensions);
        EXECUTE format(
            'CREATE UNIQUE INDEX %1$I ON %2$I '
            '(team_id, at, %3$s, currency, kind, is_bot) NULLS NOT DISTINCT',
            'ghostflow_' || name || '_key', 'ghostflow_' || name, dimensions);
    END LOOP;
END $$;

-- One function per table and kind of change: the same sums over other rows.
DO $$
DECLARE
    change text;
    rows text;
BEGIN
    FOR change, rows IN VALUES
        ('insert', 'SELECT *, 1 AS sign FROM added'),
        ('update', 'SELECT *, 1 AS sign FROM added UNION ALL SELECT *, -1 FROM removed'),
        -- Of a team that is going itself nothing is counted any more.
        ('delete', 'SELECT removed.*, -1 AS sign FROM removed '
                   'JOIN ghostflow_teams team ON team.id = removed.team_id')
    LOOP
        EXECUTE format($create$
            CREATE FUNCTION ghostflow_clicks_%1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
            BEGIN
                INSERT INTO ghostflow_deltas (
                    team_id, at, campaign_id, offer_id, source_id, network_id, domain_id,
                    country, device, os, browser, currency, kind, is_bot, clicks, uniques, cost)
                SELECT team_id, date_bin('15 minutes', at, 'epoch'), campaign_id, offer_id,
                    source_id, network_id, domain_id, country, device, os, browser, cost_currency,
                    0, is_bot, sum(sign), coalesce(sum(sign) FILTER (WHERE is_unique), 0),
                    sum(sign * cost)
                FROM (%2$s) AS change
                GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, is_bot
                HAVING sum(sign) <> 0 OR sum(sign) FILTER (WHERE is_unique) <> 0
                    OR sum(sign * cost) <> 0;
                RETURN NULL;
            END $body$
        $create$, change, rows);
        EXECUTE format($create$
            CREATE FUNCTION ghostflow_conversions_%1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
            BEGIN
                INSERT INTO ghostflow_deltas (
                    team_id, at, campaign_id, offer_id, source_id, network_id, domain_id,
                    country, device, os, browser, currency, kind, is_bot,
                    pending, approved, rejected, reversed, unpriced, cost, revenue, pending_revenue)
                SELECT click.team_id, date_bin('15 minutes', time.at, 'epoch'), click.campaign_id,
                    click.offer_id, click.source_id, click.network_id, click.domain_id,
                    click.country, click.device, click.os, click.browser, money.currency,
                    time.kind, click.is_bot, sum(pending), sum(approved), sum(rejected),
                    sum(reversed), sum(unpriced), sum(money.cost), sum(money.revenue),
                    sum(pending_revenue)
                FROM (%2$s) AS change
                JOIN ghostflow_clicks click ON click.id = change.click_id
                CROSS JOIN LATERAL (VALUES (1, click_at), (2, change.at)) AS time (kind, at)
                CROSS JOIN LATERAL (
                    SELECT CASE WHEN revenue IS NULL THEN payout_currency ELSE change.currency END,
                        sign * (status = 'pending')::int, sign * (status = 'approved')::int,
                        sign * (status = 'rejected')::int, sign * (status = 'reversed')::int,
                        sign * (revenue IS NULL AND payout > 0
                                AND status IN ('pending', 'approved'))::int,
                        0, CASE status WHEN 'approved' THEN sign * coalesce(revenue, 0) ELSE 0 END,
                        CASE status WHEN 'pending' THEN sign * coalesce(revenue, 0) ELSE 0 END
                    UNION ALL
                    SELECT change.cost_currency, 0, 0, 0, 0, 0, sign * change.cost, 0, 0
                    WHERE status = 'approved' AND change.cost <> 0
                ) AS money (currency, pending, approved, rejected, reversed, unpriced,
                            cost, revenue, pending_revenue)
                GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, time.kind, click.is_bot
                HAVING (sum(pending), sum(approved), sum(rejected), sum(reversed), sum(unpriced),
                        sum(money.cost), sum(money.revenue), sum(pending_revenue))
                    <> (0, 0, 0, 0, 0, 0, 0, 0);
                RETURN NULL;
            END $body$
        $create$, change, rows);
    END LOOP;
END $$;

-- Several changes are one statement each, however many rows they have.
CREATE TRIGGER ghostflow_count_insert AFTER INSERT ON ghostflow_clicks
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ghostflow_clicks_insert();
CREATE TRIGGER ghostflow_count_update AFTER UPDATE ON ghostflow_clicks
    REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION ghostflow_clicks_update();
CREATE TRIGGER ghostflow_count_delete AFTER DELETE ON ghostflow_clicks
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION ghostflow_clicks_delete();
CREATE TRIGGER ghostflow_count_insert AFTER INSERT ON ghostflow_conversions
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ghostflow_conversions_insert();
CREATE TRIGGER ghostflow_count_update AFTER UPDATE ON ghostflow_conversions
    REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION ghostflow_conversions_update();
CREATE TRIGGER ghostflow_count_delete AFTER DELETE ON ghostflow_conversions
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION ghostflow_conversions_delete();

-- Conversions are counted with the dimensions of their click, so those must not change ...
CREATE FUNCTION ghostflow_click_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the dimensions of a click are fixed when it is written';
END $$;
CREATE TRIGGER ghostflow_click_is_fixed
    BEFORE UPDATE OF id, team_id, campaign_id, offer_id, source_id, network_id, domain_id, at,
        is_bot, country, device, os, browser ON ghostflow_clicks
    FOR EACH ROW EXECUTE FUNCTION ghostflow_click_is_fixed();

-- ... and it must still be there when its conversions go.
CREATE FUNCTION ghostflow_click_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM ghostflow_conversions WHERE click_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER ghostflow_click_goes BEFORE DELETE ON ghostflow_clicks
    FOR EACH ROW EXECUTE FUNCTION ghostflow_click_goes();

CREATE FUNCTION ghostflow_team_goes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['deltas', 'totals_quarter', 'totals_hour', 'totals_day',
                                'countries_hour', 'countries_day', 'routes_hour', 'routes_day',
                                'places_day', 'agents_day'] LOOP
        EXECUTE format('DELETE FROM %I WHERE team_id = $1', 'ghostflow_' || name) USING OLD.id;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER ghostflow_team_goes AFTER DELETE ON ghostflow_teams
    FOR EACH ROW EXECUTE FUNCTION ghostflow_team_goes();
