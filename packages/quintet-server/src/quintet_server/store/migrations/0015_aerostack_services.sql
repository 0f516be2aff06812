-- Aerostack: who works on the queue, and which services can be invoked. Both come from definition
-- files; a name is unique within a project.
CREATE TABLE aerostack_consumers (
    project_id text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    name       text COLLATE "C" NOT NULL,
    spec       jsonb NOT NULL,                       -- as applied, with absolute paths
    enabled    boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, name)
);

CREATE TABLE aerostack_services (
    project_id text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    name       text COLLATE "C" NOT NULL,
    spec       jsonb NOT NULL,
    enabled    boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, name)
);

-- Every process that works on queues looks again.
CREATE FUNCTION aerostack_consumers_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('aerostack_consumers', '');
    RETURN NULL;
END $$;
CREATE TRIGGER aerostack_consumers_changed
    AFTER INSERT OR UPDATE OR DELETE ON aerostack_consumers
    FOR EACH STATEMENT EXECUTE FUNCTION aerostack_consumers_changed();

-- What a consumer answered to a job: written before the job ends, kept as long as the job.
CREATE TABLE aerostack_queue_results (
    job_id     text COLLATE "C" PRIMARY KEY,
    result     text NOT NULL,                        -- JSON as text, as payloads are
    written_at timestamptz NOT NULL DEFAULT quintet_now()
);
CREATE INDEX aerostack_queue_results_old ON aerostack_queue_results (written_at);
