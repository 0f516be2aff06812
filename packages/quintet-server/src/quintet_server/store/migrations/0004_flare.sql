-- What the Flare service keeps beside jobs, schedules and webhooks.

-- Jobs created per project and period (UTC day and UTC month). Gated projects count in the
-- transaction of the create; see services/flare/quotas.py.
CREATE TABLE flare_quota (
    project_id text COLLATE "C" NOT NULL,
    period     text NOT NULL CHECK (period IN ('day', 'month')),
    starts_at  timestamptz NOT NULL,
    used       bigint NOT NULL,
    PRIMARY KEY (project_id, period, starts_at)
);

-- One row per project that ever exported: when the last export began.
CREATE TABLE flare_exports (
    project_id text COLLATE "C" PRIMARY KEY,
    started_at timestamptz NOT NULL
);

-- Workers, as they registered or were first seen polling.
CREATE TABLE flare_workers (
    project_id    text COLLATE "C" NOT NULL,
    worker_id     text COLLATE "C" NOT NULL,
    queues        text[] NOT NULL DEFAULT '{}',
    job_types     text[] NOT NULL DEFAULT '{}',
    hostname      text,
    sdk_version   text,
    registered_at timestamptz,               -- null: it only ever polled
    last_seen_at  timestamptz NOT NULL,
    online        boolean NOT NULL DEFAULT true,
    PRIMARY KEY (project_id, worker_id)
);
CREATE INDEX flare_workers_online ON flare_workers (last_seen_at) WHERE online;

CREATE TABLE flare_alerts (
    id          text COLLATE "C" PRIMARY KEY,
    project_id  text COLLATE "C" NOT NULL,
    alert_type  text NOT NULL CHECK (alert_type IN ('job_failed', 'dead_letter', 'worker_offline')),
    channel     text NOT NULL CHECK (channel = 'email'),
    destination text NOT NULL,
    enabled     boolean NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at  timestamptz NOT NULL DEFAULT quintet_now()
);
CREATE INDEX flare_alerts_project ON flare_alerts (project_id, created_at, id);

-- Alerts that are due, written in the transaction of the event that caused them and taken from
-- here by whichever process is awake. A fired one stays as the record of what was sent.
CREATE TABLE flare_alert_firings (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id   text COLLATE "C" NOT NULL REFERENCES flare_alerts ON DELETE CASCADE,
    event_seq  bigint NOT NULL,
    event_type text NOT NULL,
    data       jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    fired_at   timestamptz
);
CREATE INDEX flare_alert_firings_due ON flare_alert_firings (id) WHERE fired_at IS NULL;
CREATE INDEX flare_alert_firings_alert ON flare_alert_firings (alert_id);

-- Every event passes here: where nobody has an alert, the first line is all it costs.
CREATE FUNCTION flare_alerts_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM flare_alerts WHERE enabled) THEN
        RETURN NULL;
    END IF;
    INSERT INTO flare_alert_firings (alert_id, event_seq, event_type, data, created_at)
    SELECT alert.id, event.seq, event.type, event.data, event.created_at
    FROM appended AS event
    JOIN flare_alerts AS alert
      ON alert.project_id = event.project_id AND alert.enabled
     AND alert.alert_type = CASE event.type WHEN 'job.failed' THEN 'job_failed'
                                            WHEN 'job.dead_letter' THEN 'dead_letter'
                                            WHEN 'worker.offline' THEN 'worker_offline' END
    WHERE event.type IN ('job.failed', 'job.dead_letter', 'worker.offline')
    ORDER BY event.seq;
    IF FOUND THEN
        PERFORM pg_notify('flare_alerts', '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER flare_alerts_due
    AFTER INSERT ON events REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION flare_alerts_due();

-- Which webhook or alert a definition file's name stands for.
CREATE TABLE flare_definitions (
    project_id text COLLATE "C" NOT NULL,
    kind       text NOT NULL,
    name       text NOT NULL,
    target_id  text COLLATE "C" NOT NULL,
    PRIMARY KEY (project_id, kind, name)
);
