-- Vectors, compared by cosine. They need the extension pgvector; a database without it has only the
-- two tables and functions below, and gets the rest from `vectors_prepare()` once it has one.
CREATE TABLE vector_collections (
    project_id text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    model      text NOT NULL,          -- of every vector in it: others cannot be compared with them
    dims       int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, name)
);

-- Make the table if that is possible; tells whether it is there.
CREATE FUNCTION vectors_prepare() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('vectors') IS NOT NULL THEN
        RETURN true;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('vectors_prepare'));
    IF to_regtype('vector') IS NULL THEN
        IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
            RETURN false;
        END IF;
        BEGIN
            CREATE EXTENSION IF NOT EXISTS vector;
        EXCEPTION WHEN insufficient_privilege THEN
            RETURN false;
        END;
    END IF;
    CREATE TABLE IF NOT EXISTS vectors (
        project_id  text COLLATE "C" NOT NULL,
        collection  text COLLATE "C" NOT NULL,
        id          text COLLATE "C" NOT NULL,
        document_id text COLLATE "C" NOT NULL,
        position    int NOT NULL,
        content     text NOT NULL,
        metadata    jsonb NOT NULL,
        embedding   vector NOT NULL,
        PRIMARY KEY (project_id, collection, id),
        FOREIGN KEY (project_id, collection) REFERENCES vector_collections ON DELETE CASCADE
    );
    CREATE INDEX IF NOT EXISTS vectors_document ON vectors (project_id, collection, document_id);
    -- A search reads every vector of its collection and the texts of a few: long texts move out of
    -- the row, vectors stay in it.
    ALTER TABLE vectors ALTER COLUMN embedding SET STORAGE MAIN;
    RETURN true;
END $$;

-- Delete some documents' vectors, or some by id, or the collection; fine without pgvector, too.
CREATE FUNCTION vectors_delete(
    p_project text, p_collection text, p_documents text[], p_ids text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_documents IS NULL AND p_ids IS NULL THEN
        DELETE FROM vector_collections c WHERE c.project_id = p_project AND c.name = p_collection;
    ELSIF to_regclass('vectors') IS NOT NULL THEN
        DELETE FROM vectors v
        WHERE v.project_id = p_project AND v.collection = p_collection
          AND (p_documents IS NULL OR v.document_id = ANY (p_documents))
          AND (p_ids IS NULL OR v.id = ANY (p_ids));
    END IF;
END $$;

SELECT vectors_prepare();
