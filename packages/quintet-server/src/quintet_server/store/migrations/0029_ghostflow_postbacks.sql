-- Every cost rule that a campaign or a source has had, and since when: a conversion costs what the
-- rule says that was valid at the time of its click, whatever it was changed to later.
CREATE TABLE ghostflow_cost_rules (
    owner_id uuid NOT NULL,          -- of a campaign or a source
    at       timestamptz NOT NULL,   -- -infinity: from the beginning
    cost     jsonb NOT NULL,         -- {model, amount, currency}
    PRIMARY KEY (owner_id, at)
);
INSERT INTO ghostflow_cost_rules (owner_id, at, cost)
    SELECT id, '-infinity'::timestamptz, cost FROM ghostflow_campaigns
    UNION ALL SELECT id, '-infinity'::timestamptz, cost FROM ghostflow_sources;

CREATE FUNCTION ghostflow_keep_cost_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM ghostflow_cost_rules WHERE owner_id = OLD.id;
    ELSE
        INSERT INTO ghostflow_cost_rules (owner_id, at, cost)
        VALUES (NEW.id, CASE TG_OP WHEN 'INSERT' THEN '-infinity'::timestamptz ELSE quintet_now() END, NEW.cost)
        ON CONFLICT (owner_id, at) DO UPDATE SET cost = excluded.cost;
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ghostflow_campaigns', 'ghostflow_sources'] LOOP
        EXECUTE format('CREATE TRIGGER ghostflow_first_cost_rule AFTER INSERT OR DELETE ON %I '
            'FOR EACH ROW EXECUTE FUNCTION ghostflow_keep_cost_rule()', name);
        EXECUTE format('CREATE TRIGGER ghostflow_next_cost_rule AFTER UPDATE OF cost ON %I '
            'FOR EACH ROW WHEN (OLD.cost IS DISTINCT FROM NEW.cost) '
            'EXECUTE FUNCTION ghostflow_keep_cost_rule()', name);
    END LOOP;
END $$;

-- The log of postbacks: what networks have sent, and what sources were sent. No secrets: the key of
-- the network is not in it, nor are values whose names say that they are secret.
CREATE TABLE ghostflow_postbacks (
    id            uuid PRIMARY KEY,
    team_id       uuid NOT NULL REFERENCES ghostflow_teams ON DELETE CASCADE,
    direction     text NOT NULL CHECK (direction IN ('in', 'out')),
    at            timestamptz NOT NULL DEFAULT quintet_now(),
    outcome       text NOT NULL CHECK (CASE direction
        WHEN 'in' THEN outcome IN ('created', 'updated', 'duplicate', 'ignored', 'click_not_found',
                                   'forbidden', 'invalid')
        ELSE outcome IN ('pending', 'delivered', 'failed') END),
    reason        text,
    http_status   int,            -- in: what was answered; out: the last answer
    method        text NOT NULL,
    campaign_id   uuid,
    offer_id      uuid,
    source_id     uuid,
    network_id    uuid,
    click_id      text,           -- as it was sent
    conversion_id uuid,
    event         text,
    tx_id         text,
    status        text,           -- of the conversion
    params        jsonb,          -- in: what was sent
    url           text,           -- out: where to, without secrets
    attempts      jsonb,          -- out: [{number, at, status, error, durationMs}]
    waiting_until timestamptz,    -- in: while its click is waited for
    target        text,           -- out: the URL in full, until it has been delivered or given up
    completed_at  timestamptz
);
CREATE INDEX ghostflow_postbacks_list ON ghostflow_postbacks (team_id, at, id);
CREATE INDEX ghostflow_postbacks_at ON ghostflow_postbacks (at);
-- Whatever happens, a source hears of a status once.
CREATE UNIQUE INDEX ghostflow_postbacks_once ON ghostflow_postbacks (conversion_id, status)
    WHERE direction = 'out';
CREATE INDEX ghostflow_postbacks_pending ON ghostflow_postbacks (id) WHERE outcome = 'pending';
