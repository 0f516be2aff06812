-- Outgoing webhooks. A delivery is written in the transaction of the event that causes it, and is
-- carried out as a job in lane `hooks`.
CREATE TABLE hook_subscriptions (
    id           text COLLATE "C" PRIMARY KEY,
    service      text NOT NULL,
    project_id   text COLLATE "C" NOT NULL,
    url          text NOT NULL,
    events       text[] NOT NULL,              -- as asked for; '*' means all the service announces
    matches      text[] NOT NULL,              -- the same with '*' spelled out
    enabled      boolean NOT NULL,
    secrets      jsonb NOT NULL,               -- [{secret, expires_at|null}], newest first
    headers      jsonb NOT NULL DEFAULT '{}',  -- sent along with each delivery
    max_attempts int NOT NULL,
    retry_policy jsonb NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);
CREATE INDEX hook_subscriptions_project ON hook_subscriptions (project_id, created_at, id);
-- Empty unless somebody listens: what the trigger below looks at first.
CREATE INDEX hook_subscriptions_enabled ON hook_subscriptions (project_id) WHERE enabled;

CREATE TABLE hook_deliveries (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id text COLLATE "C" NOT NULL REFERENCES hook_subscriptions ON DELETE CASCADE,
    event_seq       bigint NOT NULL,
    event_type      text NOT NULL,
    state           text NOT NULL DEFAULT 'pending'
                        CHECK (state IN ('pending', 'delivered', 'failed')),
    is_forced       boolean NOT NULL DEFAULT false,   -- asked for by hand: also when disabled
    error           text,                             -- why it failed without an attempt
    created_at      timestamptz NOT NULL DEFAULT quintet_now(),
    completed_at    timestamptz
);
CREATE INDEX hook_deliveries_subscription ON hook_deliveries (subscription_id, id DESC);
CREATE INDEX hook_deliveries_pending ON hook_deliveries (id) WHERE state = 'pending';
CREATE INDEX hook_deliveries_completed ON hook_deliveries (completed_at)
    WHERE completed_at IS NOT NULL;

CREATE TABLE hook_attempts (
    delivery_id bigint NOT NULL REFERENCES hook_deliveries ON DELETE CASCADE,
    number      int NOT NULL,
    at          timestamptz NOT NULL,
    status      int,              -- null: no answer
    error       text,
    duration_ms int NOT NULL,
    response    text,             -- the beginning of it
    PRIMARY KEY (delivery_id, number)
);

CREATE FUNCTION hook_job_id(p_delivery bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT 'dlv_' || lpad(p_delivery::text, 19, '0') $$;

-- Create the jobs that carry out these deliveries.
CREATE FUNCTION hook_schedule(p_deliveries bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO work_jobs (id, lane, project_id, queue, job_type, payload, state, due_at,
        created_at, max_attempts, timeout_seconds, retry_policy, logged)
    SELECT hook_job_id(d.id), 'hooks', s.project_id, 'default', 'hook.deliver', d.id::text,
        'pending', quintet_now(), quintet_now(), s.max_attempts, 60, s.retry_policy, false
    FROM hook_deliveries d JOIN hook_subscriptions s ON s.id = d.subscription_id
    WHERE d.id = ANY (p_deliveries);
    PERFORM pg_notify('work', 'hooks default');
END $$;

-- Most projects have no webhooks, and the events of a busy queue all pass here: the first line is
-- all they pay for.
CREATE FUNCTION hooks_fan_out() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_deliveries bigint[];
BEGIN
    IF NOT EXISTS (SELECT FROM hook_subscriptions s WHERE s.enabled) THEN
        RETURN NULL;
    END IF;
    WITH announced AS (
        INSERT INTO hook_deliveries (subscription_id, event_seq, event_type)
        SELECT s.id, e.seq, e.type
        FROM appended e JOIN hook_subscriptions s
            ON s.project_id = e.project_id AND s.enabled AND e.type = ANY (s.matches)
        ORDER BY e.seq, s.id
        RETURNING id
    )
    SELECT array_agg(a.id) INTO v_deliveries FROM announced a;
    IF v_deliveries IS NOT NULL THEN
        PERFORM hook_schedule(v_deliveries);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER events_fan_out
    AFTER INSERT ON events REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION hooks_fan_out();
