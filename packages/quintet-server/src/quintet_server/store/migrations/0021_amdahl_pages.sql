-- Amdahl: pages with their history, and what signs the URLs of embedded ones.
CREATE TABLE amdahl_pages (
    project_id       text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    id               uuid NOT NULL,
    name             text NOT NULL,
    description      text,
    tags             text[] NOT NULL,
    spec             json NOT NULL,                  -- canonical; json keeps the order of its keys
    declared_queries json NOT NULL,
    layout           text NOT NULL,                  -- of the spec, for lists
    status           text NOT NULL CHECK (status IN ('draft', 'published', 'archived')),
    version          integer NOT NULL,
    uses_custom      boolean NOT NULL,
    grants           text[] NOT NULL,                -- roles that may see it; none: everyone
    created_by       text,
    updated_by       text,
    created_at       timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at       timestamptz NOT NULL DEFAULT quintet_now(),
    archived_at      timestamptz,
    PRIMARY KEY (project_id, id),
    CHECK ((status = 'archived') = (archived_at IS NOT NULL))
);
CREATE INDEX amdahl_pages_newest ON amdahl_pages (project_id, created_at DESC, id DESC);

-- Every version, the present one as well. Written once.
CREATE TABLE amdahl_page_versions (
    project_id       text COLLATE "C" NOT NULL,
    page_id          uuid NOT NULL,
    version          integer NOT NULL,
    name             text NOT NULL,
    spec             json NOT NULL,
    declared_queries json NOT NULL,
    uses_custom      boolean NOT NULL,
    restored_from    integer,                        -- the version it repeats
    created_by       text,
    created_at       timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, page_id, version),
    FOREIGN KEY (project_id, page_id) REFERENCES amdahl_pages ON DELETE CASCADE
);

-- One secret per workspace signs the tokens of its embedded pages. Another one ends them all.
CREATE TABLE amdahl_embed_secrets (
    project_id text COLLATE "C" PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
    kid        text NOT NULL,
    secret     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT quintet_now()
);
