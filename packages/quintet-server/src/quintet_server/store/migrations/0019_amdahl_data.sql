-- Amdahl's data: what tenants may query, and the knowledge documents beside it. Millions of rows come
-- in one import, so there is no foreign key to check for each: rows go with their project by a trigger.

-- One row per interaction: an utterance, a mail, a meeting, what the CRM says of a deal.
CREATE TABLE amdahl_interactions (
    project_id        text COLLATE "C" NOT NULL,
    id                text COLLATE "C" NOT NULL,
    "timestamp"       timestamptz NOT NULL,
    channel           text,
    interaction_type  text,
    company_id        text,
    company_name      text,
    contact_name      text,
    contact_email     text,
    speaker_type      text,
    speaker_name      text,
    content           text,
    sentiment         double precision,
    deal_id           text,
    deal_name         text,
    stage             text,
    deal_stage        text,
    deal_stage_status text,
    amount            double precision,
    deal_amount       double precision,
    owner             text,
    closed_at         timestamptz,
    last_touch_at     timestamptz,
    source_system     text,
    metadata          jsonb,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX amdahl_interactions_timestamp ON amdahl_interactions (project_id, "timestamp");
CREATE INDEX amdahl_interactions_words ON amdahl_interactions
    USING gin (to_tsvector('english', content)) WHERE content IS NOT NULL;

CREATE TABLE amdahl_deals (
    project_id        text COLLATE "C" NOT NULL,
    deal_id           text COLLATE "C" NOT NULL,
    deal_name         text,
    deal_amount       double precision,
    deal_stage        text,              -- as the CRM calls it
    deal_stage_label  text,
    deal_stage_status text,
    deal_stage_is_won boolean,
    company_id        text,
    PRIMARY KEY (project_id, deal_id)
);

-- One row per company.
CREATE TABLE amdahl_deal_qualification (
    project_id    text COLLATE "C" NOT NULL,
    company_id    text COLLATE "C" NOT NULL,
    outcome_score double precision,
    outcome_band  text,
    PRIMARY KEY (project_id, company_id)
);

-- Knowledge documents, and the pieces that a search finds.
CREATE TABLE amdahl_documents (
    project_id   text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL,     -- of the definition
    title        text NOT NULL,
    source       text,                          -- the file it was read from
    content_type text NOT NULL,
    digest       text NOT NULL,                 -- SHA-256 of what it was read from
    metadata     jsonb NOT NULL,
    piece_count  int NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at   timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, name)
);

CREATE TABLE amdahl_document_pieces (
    project_id  text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    document_id text COLLATE "C" NOT NULL,
    position    int NOT NULL,                   -- within the document, from 0
    heading     text NOT NULL,                  -- the title and the headings it stands under
    content     text NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, document_id) REFERENCES amdahl_documents ON DELETE CASCADE
);
CREATE INDEX amdahl_document_pieces_document
    ON amdahl_document_pieces (project_id, document_id, position);
CREATE INDEX amdahl_document_pieces_words ON amdahl_document_pieces
    USING gin (to_tsvector('english', heading || ' ' || content));

-- What has no vector yet. A text that changes while its vector is being made gets a new version, so
-- the vector of the old text does not count for it.
CREATE SEQUENCE amdahl_unembedded_versions;
CREATE TABLE amdahl_unembedded (
    project_id text COLLATE "C" NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('interaction', 'piece')),
    id         text COLLATE "C" NOT NULL,
    version    bigint NOT NULL DEFAULT nextval('amdahl_unembedded_versions'),
    PRIMARY KEY (project_id, kind, id)
);

CREATE FUNCTION amdahl_data_goes_with_its_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM amdahl_interactions WHERE project_id = OLD.id;
    DELETE FROM amdahl_deals WHERE project_id = OLD.id;
    DELETE FROM amdahl_deal_qualification WHERE project_id = OLD.id;
    DELETE FROM amdahl_documents WHERE project_id = OLD.id;
    DELETE FROM amdahl_unembedded WHERE project_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER amdahl_data_goes_with_its_project
    AFTER DELETE ON projects
    FOR EACH ROW WHEN (OLD.service = 'amdahl')
    EXECUTE FUNCTION amdahl_data_goes_with_its_project();
