-- Time. Every statement of the server says quintet_now(); nothing reads another clock.
-- The shift is written into the body of the function, so that quintet_now() stays inlinable: the
-- planner sees now() + a constant and uses indexes as it would for now(). (A function that reads the
-- table would not be inlined.) Moving the clock is UPDATE clock SET shift = …; nothing else.
CREATE TABLE clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    shift    interval NOT NULL DEFAULT '0'
);
INSERT INTO clock DEFAULT VALUES;

CREATE FUNCTION quintet_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now()';

CREATE FUNCTION clock_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION quintet_now() RETURNS timestamptz LANGUAGE sql STABLE AS %L',
        CASE WHEN NEW.shift = interval '0' THEN 'SELECT now()'
             ELSE format('SELECT now() + interval %L', NEW.shift) END);
    PERFORM pg_notify('clock', extract(epoch FROM NEW.shift)::text);
    RETURN NULL;
END $$;
CREATE TRIGGER clock_moved AFTER UPDATE ON clock FOR EACH ROW EXECUTE FUNCTION clock_moved();

-- Tenants and their credentials.
CREATE TABLE projects (
    id         text COLLATE "C" PRIMARY KEY,
    service    text NOT NULL,
    name       text NOT NULL,
    settings   jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    UNIQUE (service, name)
);

CREATE TABLE api_keys (
    id           text COLLATE "C" PRIMARY KEY,
    project_id   text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    service      text NOT NULL,
    name         text NOT NULL,
    prefix       text NOT NULL,             -- the first characters, to recognise a key in a list
    hash         bytea NOT NULL UNIQUE,     -- SHA-256; the key itself is shown once and not kept
    scopes       text[] NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT quintet_now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_keys_project ON api_keys (project_id);

CREATE FUNCTION keys_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('keys', '');
    RETURN NULL;
END $$;
-- Not on last_used_at: that is written all the time and changes no decision.
CREATE TRIGGER keys_changed
    AFTER INSERT OR DELETE OR UPDATE OF scopes, expires_at, revoked_at, project_id ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION keys_changed();
CREATE TRIGGER projects_changed
    AFTER DELETE OR UPDATE ON projects
    FOR EACH STATEMENT EXECUTE FUNCTION keys_changed();

-- Stored replies of writes that carried an idempotency key.
CREATE TABLE idempotency (
    project_id   text COLLATE "C" NOT NULL,
    key          text COLLATE "C" NOT NULL,
    fingerprint  bytea NOT NULL,
    status       int,
    headers      jsonb,
    body         bytea,
    completed_at timestamptz,
    PRIMARY KEY (project_id, key)
);
CREATE INDEX idempotency_completed ON idempotency (completed_at);

-- One log feeds every stream and every webhook.
CREATE TABLE events (
    seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    stream     text COLLATE "C" NOT NULL,
    type       text NOT NULL,
    data       jsonb NOT NULL,
    terminal   boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT quintet_now()
);
CREATE INDEX events_stream ON events (stream, seq);
CREATE INDEX events_project ON events (project_id, seq DESC);
CREATE INDEX events_created ON events (created_at);

CREATE FUNCTION events_appended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('events', stream) FROM (SELECT DISTINCT stream FROM appended) AS streams;
    RETURN NULL;
END $$;
CREATE TRIGGER events_appended
    AFTER INSERT ON events REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION events_appended();
