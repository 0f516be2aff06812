-- How much of an offer's cap is used up in the period that was counted last. Only offers that have
-- a cap on clicks have a row. Whoever takes a place holds its lock until the click is committed.
CREATE TABLE ghostflow_cap_uses (
    offer_id  uuid PRIMARY KEY REFERENCES ghostflow_offers ON DELETE CASCADE,
    version   bigint NOT NULL,          -- of the offer; another one counts anew
    starts_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    used      bigint                    -- NULL: to be counted
);

CREATE INDEX ghostflow_conversions_offer ON ghostflow_conversions (offer_id, at);

-- Stores clicks and says which are new, and which of these are unique.
--
-- clicks: objects with the columns of ghostflow_clicks; is_unique is decided here.
-- firsts: for each campaign and visitor among those that no robot made, the oldest of the clicks:
--   {team_id, campaign_id, visitor_id, at, id, window_hours, spread}. spread: the visitor's clicks
--   among these lie so far apart that several may be unique.
-- slack: how far apart the clicks of one visitor lie at most where spread is false.
--
-- A click is unique if the visitor has had no unique click on the campaign during the hours before,
-- looked at in the order of (at, id). Clicks come nearly always in that order, and then one row of
-- ghostflow_visits tells. One that comes late may take the place of a click that was counted
-- before; only then are the visitor's clicks gone through. Rows are locked in one order, whoever
-- writes, so that writers wait for each other in a line and never in a circle.
CREATE FUNCTION ghostflow_insert_clicks(
    clicks jsonb, firsts jsonb, slack interval, OUT created uuid[], OUT uniques uuid[]
) LANGUAGE plpgsql AS $$
DECLARE
    doubtful uuid[];
BEGIN
    WITH first AS (
        SELECT * FROM jsonb_to_recordset(firsts) AS f(
            campaign_id uuid, visitor_id uuid, at timestamptz, id uuid, window_hours int,
            spread boolean)
    ), visit AS (
        INSERT INTO ghostflow_visits AS v
            (campaign_id, visitor_id, unique_at, click_id, window_hours)
        SELECT campaign_id, visitor_id, at, id, window_hours FROM first
        ORDER BY campaign_id, visitor_id
        ON CONFLICT (campaign_id, visitor_id) DO UPDATE SET
            unique_at = CASE WHEN v.unique_at
                    <= EXCLUDED.unique_at - make_interval(hours => EXCLUDED.window_hours)
                THEN EXCLUDED.unique_at ELSE v.unique_at END,
            click_id = CASE WHEN v.unique_at
                    <= EXCLUDED.unique_at - make_interval(hours => EXCLUDED.window_hours)
                THEN EXCLUDED.click_id ELSE v.click_id END,
            window_hours = EXCLUDED.window_hours
        WHERE v.unique_at
                <= EXCLUDED.unique_at - make_interval(hours => EXCLUDED.window_hours) + slack
            OR (v.unique_at, v.click_id) > (EXCLUDED.unique_at, EXCLUDED.click_id)
        RETURNING v.campaign_id, v.visitor_id, v.click_id
    ), stored AS (
        INSERT INTO ghostflow_clicks (
            id, team_id, campaign_id, offer_id, source_id, network_id, domain_id, at, visitor_id,
            is_unique, is_bot, bot_reason, country, device, os, browser, referrer_host, language,
            external_id, sub1, sub2, sub3, sub4, sub5, sub6, sub7, sub8, sub9, sub10, utm, cost,
            cost_currency, destination, ip_range, extra)
        SELECT
            id, team_id, campaign_id, offer_id, source_id, network_id, domain_id, at, visitor_id,
            id IN (SELECT click_id FROM visit),
            is_bot, bot_reason, country, device, os, browser, referrer_host, language,
            external_id, sub1, sub2, sub3, sub4, sub5, sub6, sub7, sub8, sub9, sub10,
            utm, cost, cost_currency, destination, ip_range, extra
        FROM jsonb_to_recordset(clicks) AS c(
            id uuid, team_id uuid, campaign_id uuid, offer_id uuid, source_id uuid,
            network_id uuid, domain_id uuid, at timestamptz, visitor_id uuid, is_bot boolean,
            bot_reason text, country text, device text, os text, browser text,
            referrer_host text, language text, external_id text, sub1 text, sub2 text, sub3 text,
            sub4 text, sub5 text, sub6 text, sub7 text, sub8 text, sub9 text, sub10 text,
            utm jsonb, cost bigint, cost_currency text, destination text, ip_range text,
            extra jsonb)
        ON CONFLICT (id) DO NOTHING
        RETURNING id, is_unique
    )
    SELECT array_agg(id), array_agg(id) FILTER (WHERE is_unique), (
        SELECT array_agg(f.id) FROM first f
        LEFT JOIN visit v ON v.campaign_id = f.campaign_id AND v.visitor_id = f.visitor_id
        WHERE f.spread OR v.click_id <> f.id)
    INTO created, uniques, doubtful FROM stored;
    IF doubtful IS NOT NULL THEN
        PERFORM ghostflow_recount_visitors(firsts, doubtful);
        SELECT array_agg(id) INTO uniques FROM ghostflow_clicks
        WHERE id = ANY (created) AND is_unique;
    END IF;
END $$;

-- Goes through the clicks of visitors from the given ones on, oldest first, and corrects which are
-- unique. Their rows of ghostflow_visits are locked already.
CREATE FUNCTION ghostflow_recount_visitors(firsts jsonb, doubtful uuid[]) RETURNS void
LANGUAGE plpgsql
-- One look at the period, not one for each visitor: no index leads to a visitor's clicks.
SET enable_nestloop = off AS $$
DECLARE
    click record;
    campaign uuid;
    visitor uuid;
    last_at timestamptz;
    hours interval;
    found_unique boolean;
    wrong uuid[] := '{}';
    right_ones boolean[] := '{}';
    visits jsonb[] := '{}';
BEGIN
    FOR click IN
        WITH f AS MATERIALIZED (
            SELECT *, at - make_interval(hours => window_hours) AS before
            FROM jsonb_to_recordset(firsts) AS f(
                team_id uuid, campaign_id uuid, visitor_id uuid, at timestamptz, id uuid,
                window_hours int)
            WHERE id = ANY (doubtful)
        )
        SELECT c.id, c.at, c.is_unique, c.campaign_id, c.visitor_id, f.window_hours,
            (c.at, c.id) >= (f.at, f.id) AS is_open
        FROM ghostflow_clicks c JOIN f
            ON c.campaign_id = f.campaign_id AND c.visitor_id = f.visitor_id AND c.at > f.before
        WHERE c.team_id = ANY (SELECT team_id FROM f) AND NOT c.is_bot
            AND c.at > (SELECT min(before) FROM f)
        ORDER BY c.campaign_id, c.visitor_id, c.at, c.id
    LOOP
        IF (click.campaign_id, click.visitor_id) IS DISTINCT FROM (campaign, visitor) THEN
            campaign := click.campaign_id;
            visitor := click.visitor_id;
            last_at := NULL;
            hours := make_interval(hours => click.window_hours);
        END IF;
        found_unique := CASE WHEN click.is_open
            THEN last_at IS NULL OR last_at <= click.at - hours ELSE click.is_unique END;
        IF found_unique THEN
            last_at := click.at;
            visits := array_append(visits, jsonb_build_object(
                'campaign_id', campaign, 'visitor_id', visitor, 'at', click.at, 'id', click.id));
        END IF;
        IF found_unique <> click.is_unique THEN
            wrong := wrong || click.id;
            right_ones := right_ones || found_unique;
        END IF;
    END LOOP;
    -- What is wrong is found by its key.
    SET LOCAL enable_nestloop = on;
    -- In the order in which a booking of costs locks them.
    PERFORM FROM ghostflow_clicks WHERE id = ANY (wrong) ORDER BY id FOR NO KEY UPDATE;
    UPDATE ghostflow_clicks c SET is_unique = w.is_unique
    FROM unnest(wrong, right_ones) AS w(id, is_unique) WHERE c.id = w.id;
    UPDATE ghostflow_visits v
    SET unique_at = l.at, click_id = l.id
    FROM (
        SELECT DISTINCT ON (campaign_id, visitor_id) * FROM jsonb_to_recordset(to_jsonb(visits))
            AS l(campaign_id uuid, visitor_id uuid, at timestamptz, id uuid)
        ORDER BY campaign_id, visitor_id, at DESC, id DESC
    ) AS l
    WHERE v.campaign_id = l.campaign_id AND v.visitor_id = l.visitor_id
        AND (v.unique_at, v.click_id) IS DISTINCT FROM (l.at, l.id);
END $$;

CREATE FUNCTION ghostflow_campaign_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM ghostflow_visits WHERE campaign_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER ghostflow_campaign_goes AFTER DELETE ON ghostflow_campaigns
    FOR EACH ROW EXECUTE FUNCTION ghostflow_campaign_goes();
