-- Different visitors of a report: somebody who comes back is one still, so they are no sum. What is
-- kept are the visitors of every hour and day that is over, as sets of numbers: sets can be united.

-- Writers of clicks lock them and then the deltas. In another order we and they might wait for each
-- other, where another process serves meanwhile.
LOCK TABLE ghostflow_clicks IN SHARE ROW EXCLUSIVE MODE;

-- Every visitor of a team has a small number.
CREATE TABLE ghostflow_visitors (
    team_id    uuid NOT NULL,
    visitor_id uuid NOT NULL,
    number     int NOT NULL,
    PRIMARY KEY (team_id, visitor_id) INCLUDE (number)
);
CREATE TABLE ghostflow_visitor_counts (
    team_id  uuid PRIMARY KEY,
    numbered int NOT NULL
);

-- Hours and days (UTC) that have clicks. One is sealed when its sets are written. The sets hold for
-- as long as it is, and as there are no deltas of clicks in it: whoever changes clicks writes those
-- in the same transaction, and when they are folded the seal is broken, in that transaction too. So
-- a report knows in its snapshot which sets say what the rows say, whoever writes meanwhile.
CREATE TABLE ghostflow_seals (
    team_id   uuid NOT NULL,
    grain     text NOT NULL CHECK (grain IN ('hour', 'day')),
    at        timestamptz NOT NULL,
    is_sealed boolean NOT NULL DEFAULT false,
    open_at   timestamptz NOT NULL DEFAULT quintet_now(),  -- since then little or nothing came
    PRIMARY KEY (team_id, grain, at)
);
CREATE INDEX ghostflow_seals_open ON ghostflow_seals (at) WHERE NOT is_sealed;

-- The sets: for the same dimensions as the rollups of hours and days. `visitors`: the numbers, each
-- four bytes as int4send() writes them. Nothing of that would get much smaller by compression.
DO $$
DECLARE
    name text;
    dimensions text;
BEGIN
    FOR name, dimensions IN VALUES
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
            'CREATE TABLE %1$I AS SELECT team_id, at, %2$s, is_bot, NULL::bytea AS visitors '
            'FROM ghostflow_deltas WITH NO DATA', 'ghostflow_seen_' || name, dimensions);
        EXECUTE format(
            'ALTER TABLE %I ALTER visitors SET STORAGE EXTERNAL', 'ghostflow_seen_' || name);
        EXECUTE format(
            'CREATE INDEX %I ON %I (team_id, at)',
            'ghostflow_seen_' || name || '_at', 'ghostflow_seen_' || name);
    END LOOP;
END $$;

-- A table whose rows live for seconds is mostly empty pages after a busy minute, and every report
-- would go through all of them.
CREATE INDEX ghostflow_deltas_at ON ghostflow_deltas (team_id, at);

-- Deltas go when they are folded.
CREATE FUNCTION ghostflow_break_seals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ghostflow_seals AS kept (team_id, grain, at)
    SELECT DISTINCT team_id, grain, date_trunc(grain, at, 'UTC')
    FROM folded CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain)
    WHERE kind = 0 AND clicks <> 0
    ORDER BY 1, 2, 3
    ON CONFLICT (team_id, grain, at) DO UPDATE SET is_sealed = false, open_at = quintet_now()
        -- Of one that clicks come to all the time not every time.
        WHERE kept.is_sealed OR kept.open_at <= quintet_now() - interval '10 s';
    RETURN NULL;
END $$;
CREATE TRIGGER ghostflow_break_seals AFTER DELETE ON ghostflow_deltas
    REFERENCING OLD TABLE AS folded FOR EACH STATEMENT EXECUTE FUNCTION ghostflow_break_seals();

-- What was counted before there were seals.
INSERT INTO ghostflow_seals (team_id, grain, at)
SELECT DISTINCT team_id, 'hour', at FROM ghostflow_totals_hour WHERE kind = 0
UNION ALL SELECT DISTINCT team_id, 'day', at FROM ghostflow_totals_day WHERE kind = 0;

-- A set that holds would not if somebody else had made the click.
CREATE OR REPLACE TRIGGER ghostflow_click_is_fixed
    BEFORE UPDATE OF id, team_id, campaign_id, offer_id, source_id, network_id, domain_id, at,
        visitor_id, is_bot, country, device, os, browser ON ghostflow_clicks
    FOR EACH ROW EXECUTE FUNCTION ghostflow_click_is_fixed();

-- Deltas first, they break seals.
CREATE OR REPLACE FUNCTION ghostflow_team_goes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['deltas', 'totals_quarter', 'totals_hour', 'totals_day',
                                'countries_hour', 'countries_day', 'routes_hour', 'routes_day',
                                'places_day', 'agents_day', 'seen_totals_hour', 'seen_totals_day',
                                'seen_countries_hour', 'seen_countries_day', 'seen_routes_hour',
                                'seen_routes_day', 'seen_places_day', 'seen_agents_day', 'seals',
                                'visitors', 'visitor_counts'] LOOP
        EXECUTE format('DELETE FROM %I WHERE team_id = $1', 'ghostflow_' || name) USING OLD.id;
    END LOOP;
    RETURN NULL;
END $$;
