-- Knowledge bases and their documents. The pieces, with their vectors, are in `vectors`: collection =
-- the id of the knowledge base, document = the id of the document.
CREATE TABLE flowmaestro_knowledge_bases (
    project_id      text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    name            text NOT NULL,
    description     text,
    embedding_model text NOT NULL,
    chunk_size      int NOT NULL,              -- in characters, as is the overlap
    chunk_overlap   int NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at      timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id)
);

CREATE TABLE flowmaestro_documents (
    id           text COLLATE "C" PRIMARY KEY,
    project_id   text COLLATE "C" NOT NULL,
    kb_id        text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL,
    content_type text NOT NULL,
    content      bytea NOT NULL,               -- as it was given: whoever indexes has no files
    digest       text NOT NULL,                -- SHA-256 of it
    metadata     jsonb NOT NULL,
    revision     int NOT NULL DEFAULT 1,       -- counts what makes indexing necessary again
    state        text NOT NULL DEFAULT 'pending'
                     CHECK (state IN ('pending', 'ready', 'failed', 'given_up')),
                 -- failed: its own fault; given_up: trying again may help
    error        text,
    chunk_count  int NOT NULL DEFAULT 0,
    job_id       text COLLATE "C" NOT NULL,    -- the latest
    created_at   timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at   timestamptz NOT NULL DEFAULT quintet_now(),
    indexed_at   timestamptz,
    UNIQUE (project_id, kb_id, name),
    FOREIGN KEY (project_id, kb_id) REFERENCES flowmaestro_knowledge_bases ON DELETE CASCADE
);

-- A job whose process died too often has nobody left to say so in the document.
CREATE VIEW flowmaestro_document_states AS
SELECT d.id, d.project_id, d.kb_id, d.name, d.content_type, d.digest, d.metadata, d.chunk_count,
    CASE WHEN d.state = 'pending' AND (j.id IS NULL OR j.state IN ('failed', 'dead_letter',
        'cancelled')) THEN 'given_up' ELSE d.state END AS state,
    coalesce(d.error, j.error ->> 'message') AS error
FROM flowmaestro_documents d LEFT JOIN work_jobs j ON j.id = d.job_id;
