-- FlowMaestro: workflows and triggers. Both come from definition files; their ids are the callers'
-- and unique within a project.
CREATE TABLE flowmaestro_workflows (
    project_id  text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    id          text COLLATE "C" NOT NULL,
    name        text NOT NULL,
    description text,
    version     int NOT NULL,
    digest      text NOT NULL,                  -- of the definition of this version
    created_at  timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at  timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id)
);
CREATE INDEX flowmaestro_workflows_newest ON flowmaestro_workflows (project_id, created_at DESC, id DESC);

-- Every version ever applied: an execution keeps the one it was started with.
CREATE TABLE flowmaestro_workflow_versions (
    project_id  text COLLATE "C" NOT NULL,
    workflow_id text COLLATE "C" NOT NULL,
    version     int NOT NULL,
    digest      text NOT NULL,                  -- SHA-256 of the definition as canonical JSON
    definition  json NOT NULL,                  -- as it was given: json keeps the order of the nodes
    created_at  timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, workflow_id, version),
    FOREIGN KEY (project_id, workflow_id) REFERENCES flowmaestro_workflows ON DELETE CASCADE
);

CREATE TABLE flowmaestro_triggers (
    project_id        text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    id                text COLLATE "C" NOT NULL,
    workflow_id       text COLLATE "C" NOT NULL,
    name              text NOT NULL,
    type              text NOT NULL CHECK (type IN ('schedule', 'webhook', 'event', 'manual')),
    config            jsonb NOT NULL,
    enabled           boolean NOT NULL,
    trigger_count     bigint NOT NULL DEFAULT 0,
    last_triggered_at timestamptz,
    created_at        timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at        timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, workflow_id) REFERENCES flowmaestro_workflows ON DELETE CASCADE
);
CREATE INDEX flowmaestro_triggers_newest ON flowmaestro_triggers (project_id, created_at DESC, id DESC);
CREATE INDEX flowmaestro_triggers_workflow ON flowmaestro_triggers (project_id, workflow_id);
-- Empty unless somebody waits for events: what the trigger below looks at first.
CREATE INDEX flowmaestro_triggers_events ON flowmaestro_triggers (project_id, (config->>'eventType'))
    WHERE type = 'event' AND enabled;

-- What each firing came to. firing is the id of whatever fired (a job, a request), so that nothing
-- fires twice; execution_id is null where no execution could be started.
CREATE TABLE flowmaestro_trigger_executions (
    project_id   text COLLATE "C" NOT NULL,
    trigger_id   text COLLATE "C" NOT NULL,
    firing       text COLLATE "C" NOT NULL,
    execution_id text COLLATE "C",
    payload      jsonb NOT NULL,
    error        text,
    created_at   timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, trigger_id, firing),
    FOREIGN KEY (project_id, trigger_id) REFERENCES flowmaestro_triggers ON DELETE CASCADE
);
CREATE INDEX flowmaestro_trigger_executions_created ON flowmaestro_trigger_executions (created_at);

-- Event triggers: an event of the log becomes a job that starts the workflow, in the transaction of
-- the event. An execution that an event trigger started fires no further ones (it says so in its
-- events), or two workflows could keep each other running for ever.
CREATE FUNCTION flowmaestro_events_fire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM flowmaestro_triggers t WHERE t.type = 'event' AND t.enabled) THEN
        RETURN NULL;
    END IF;
    INSERT INTO work_jobs (id, lane, project_id, queue, job_type, payload, state, due_at,
        created_at, max_attempts, timeout_seconds, logged)
    SELECT 'evt_' || e.seq || '_' || t.id, 'flowmaestro.triggers', t.project_id, 'default',
        t.project_id || '/' || t.id,
        jsonb_build_object('trigger_id', t.id, 'event_seq', e.seq)::text,
        'pending', quintet_now(), quintet_now(), 5, 60, false
    FROM appended e JOIN flowmaestro_triggers t
        ON t.project_id = e.project_id AND t.type = 'event' AND t.enabled
        AND t.config->>'eventType' = e.type
    WHERE e.data->>'trigger_type' IS DISTINCT FROM 'event';
    IF FOUND THEN
        PERFORM pg_notify('work', 'flowmaestro.triggers default');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER events_fire_flowmaestro
    AFTER INSERT ON events REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION flowmaestro_events_fire();
