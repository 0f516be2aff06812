-- The keys that tokens are signed with. The one without an end signs; the others verify until the last
-- token they have signed is over.
CREATE TABLE identity_token_keys (
    kid             text COLLATE "C" PRIMARY KEY,
    secret          bytea NOT NULL,
    longest_seconds int NOT NULL DEFAULT 86400,    -- the longest lifetime of a token it signs
    created_at      timestamptz NOT NULL DEFAULT quintet_now(),
    verifies_until  timestamptz
);
CREATE UNIQUE INDEX identity_token_keys_signing ON identity_token_keys ((verifies_until IS NULL))
    WHERE verifies_until IS NULL;

CREATE FUNCTION identity_token_keys_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('token_keys', '');
    RETURN NULL;
END $$;
-- Not on longest_seconds: no process decides anything by it.
CREATE TRIGGER identity_token_keys_changed
    AFTER INSERT OR DELETE OR UPDATE OF verifies_until ON identity_token_keys
    FOR EACH STATEMENT EXECUTE FUNCTION identity_token_keys_changed();

-- The users of Aerostack's projects.
CREATE TABLE aerostack_users (
    id            uuid PRIMARY KEY,
    project_id    text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    email         text NOT NULL,               -- as it was given
    email_key     text COLLATE "C" NOT NULL,   -- what all spellings of the address have in common
    name          text,
    metadata      text COLLATE "C" NOT NULL,   -- JSON as it was given: jsonb has no NUL and no order
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at    timestamptz NOT NULL DEFAULT quintet_now(),
    UNIQUE (project_id, email_key)
);

-- Wrong passwords, by address and whether or not it has a user: a level that rises by one with each and
-- drains with time.
CREATE TABLE aerostack_signin_failures (
    project_id text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    email_key  text COLLATE "C" NOT NULL,
    level      float8 NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (project_id, email_key)
);
CREATE INDEX aerostack_signin_failures_at ON aerostack_signin_failures (at);

-- Sign-ins that can be continued. Their refresh tokens are made from the seed and a number that counts up
-- with every use: an old one that comes again is recognised without being kept.
CREATE TABLE aerostack_sessions (
    id         text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES aerostack_users ON DELETE CASCADE,
    seed       bytea NOT NULL,
    number     int NOT NULL DEFAULT 1,
    numbered_at timestamptz NOT NULL DEFAULT quintet_now(),
    access_jti text COLLATE "C" NOT NULL,      -- of the token that was issued last
    access_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX aerostack_sessions_user ON aerostack_sessions (user_id);
CREATE INDEX aerostack_sessions_expires ON aerostack_sessions (expires_at);
CREATE INDEX aerostack_sessions_access ON aerostack_sessions (access_jti);

-- Tokens that were ended before their time.
CREATE TABLE aerostack_ended_tokens (
    jti        text COLLATE "C" PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX aerostack_ended_tokens_expires ON aerostack_ended_tokens (expires_at);
