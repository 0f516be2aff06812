-- Agent sessions of Amdahl: a run of kind amdahl.agent each, and what is known of it beside the run.
-- `event_count` numbers a session's events from 1 without gaps: the log's own numbers are global, and
-- the oldest events go by retention while a session may be paused for longer than that.
CREATE TABLE amdahl_agent_sessions (
    id          text COLLATE "C" PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    project_id  text COLLATE "C" NOT NULL,
    event_count int NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT quintet_now()
) WITH (fillfactor = 60);

-- Writers of a session's stream hold the run's row, so that numbers and order in the log agree,
-- whoever writes: the program, a cancellation, an answer, or the engine that gives a run up.
CREATE FUNCTION amdahl_number_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_number int;
BEGIN
    UPDATE amdahl_agent_sessions s
    SET event_count = s.event_count + 1, updated_at = quintet_now()
    WHERE s.id = NEW.stream RETURNING s.event_count INTO v_number;
    IF FOUND THEN
        NEW.data := NEW.data || jsonb_build_object('seq', v_number);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER amdahl_number_event BEFORE INSERT ON events
    FOR EACH ROW WHEN (NEW.stream LIKE 'as\_%') EXECUTE FUNCTION amdahl_number_event();

-- Profiles that a project has defined; the built-in ones are in the program.
CREATE TABLE amdahl_agent_profiles (
    project_id text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    spec       json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id)
);

-- What agents and people leave behind. `made_by` is the place in its session at which it was made:
-- a session that is played again finds it instead of making another.
CREATE TABLE amdahl_artifacts (
    project_id      text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    artifact_type   text COLLATE "C" NOT NULL,
    title           text NOT NULL,
    status          text COLLATE "C" NOT NULL CHECK (status IN ('draft', 'saved', 'archived')),
    current_version int NOT NULL DEFAULT 1,
    session_id      text COLLATE "C",
    made_by         text COLLATE "C",
    created_by      text COLLATE "C",
    created_at      timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at      timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, session_id, made_by)
);
CREATE INDEX amdahl_artifacts_list ON amdahl_artifacts (project_id, created_at DESC, id DESC);

CREATE TABLE amdahl_artifact_versions (
    project_id     text COLLATE "C" NOT NULL,
    artifact_id    text COLLATE "C" NOT NULL,
    version        int NOT NULL,
    title          text NOT NULL,
    content        json NOT NULL,
    change_summary text,
    created_by     text COLLATE "C",
    created_at     timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, artifact_id, version),
    FOREIGN KEY (project_id, artifact_id) REFERENCES amdahl_artifacts ON DELETE CASCADE
);

-- Data workspaces of the platform; not agent sessions.
CREATE TABLE amdahl_platform_sessions (
    project_id text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    user_id    text COLLATE "C",
    title      text,
    metadata   json NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id)
);
CREATE INDEX amdahl_platform_sessions_list
    ON amdahl_platform_sessions (project_id, created_at DESC, id DESC);

-- Prompts that agents are given again and again; the ticks are those of work_schedules.
CREATE TABLE amdahl_routines (
    project_id      text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    name            text NOT NULL,
    prompt          text NOT NULL,
    cron            text NOT NULL,
    timezone        text NOT NULL,
    agent           text COLLATE "C" NOT NULL,
    config          json NOT NULL,
    enabled         boolean NOT NULL,
    last_session_id text COLLATE "C",
    last_run_at     timestamptz,
    last_error      text,
    created_by      text COLLATE "C",
    created_at      timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at      timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id)
);
CREATE INDEX amdahl_routines_list ON amdahl_routines (project_id, created_at DESC, id DESC);
