-- Objects: what is known of them. Their bytes lie in a store as blobs, each written once under a name of
-- its own and never changed, so that a change of an object is the change of one row here.
CREATE TABLE objects (
    project_id    text COLLATE "C" NOT NULL,
    key           text COLLATE "C" NOT NULL,   -- compared byte by byte: lists come in that order
    blob          text COLLATE "C" NOT NULL,   -- copies share one
    size          bigint NOT NULL,
    sha256        text COLLATE "C" NOT NULL,   -- 64 hexadecimal digits
    content_type  text NOT NULL,
    metadata      jsonb NOT NULL DEFAULT '{}', -- the user's own, text to text
    last_modified timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, key)
);
CREATE INDEX objects_blob ON objects (blob);

-- Blobs that are being written. A row is there before the first byte, and goes in the transaction that
-- makes the object; one whose process has not been seen for a while is an upload that broke off.
-- `seen_at` is real time: a leap of the clock would break off every upload under way.
CREATE TABLE object_uploads (
    blob    text COLLATE "C" PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX object_uploads_seen ON object_uploads (seen_at);

-- Blobs that some object has let go of. They are deleted a while later, for readers in the middle of
-- one, and only if no other object has the same. One blob may be here several times: each is looked at.
CREATE TABLE object_garbage (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    blob       text COLLATE "C" NOT NULL,
    dropped_at timestamptz NOT NULL DEFAULT quintet_now()
);
CREATE INDEX object_garbage_due ON object_garbage (dropped_at);

CREATE FUNCTION objects_let_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO object_garbage (blob) VALUES (OLD.blob);
    RETURN NULL;
END $$;
CREATE TRIGGER objects_deleted AFTER DELETE ON objects
    FOR EACH ROW EXECUTE FUNCTION objects_let_go();
CREATE TRIGGER objects_replaced AFTER UPDATE OF blob ON objects
    FOR EACH ROW WHEN (OLD.blob <> NEW.blob) EXECUTE FUNCTION objects_let_go();

-- What URLs of objects are signed with; made by the database, so that every process has the same.
CREATE TABLE object_signing (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    secret   bytea NOT NULL
);
INSERT INTO object_signing (secret)
    SELECT sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8')) FROM generate_series(1, 4);
