-- People who sign in, beside keys. One may be in several teams, with a role in each.
CREATE TABLE ghostflow_users (
    id               uuid PRIMARY KEY,
    email            text NOT NULL,                      -- as it was given
    email_key        text COLLATE "C" NOT NULL UNIQUE,   -- what all spellings of it have in common
    name             text,
    password_hash    text NOT NULL,
    -- Counted up with the password: tokens say under which one they were issued.
    password_version int NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at       timestamptz NOT NULL DEFAULT quintet_now()
);

CREATE TABLE ghostflow_members (
    team_id    uuid NOT NULL REFERENCES ghostflow_teams ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES ghostflow_users ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (user_id, team_id)
);
CREATE INDEX ghostflow_members_team ON ghostflow_members (team_id);

-- What was done to a key, and with it. Rows outlive their key.
CREATE TABLE ghostflow_key_audit (
    id         uuid PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    key_id     text COLLATE "C" NOT NULL,
    action     text NOT NULL
                   CHECK (action IN ('created', 'used', 'denied', 'revoked', 'regenerated', 'deleted')),
    at         timestamptz NOT NULL,   -- of several uses within a minute: the first
    actor      text NOT NULL,
    ip         text NOT NULL,
    user_agent text NOT NULL,
    method     text NOT NULL,
    path       text NOT NULL,
    status     int NOT NULL,
    count      bigint NOT NULL DEFAULT 1,
    minute     bigint                  -- since the epoch; NULL: a row for this one call alone
);
CREATE INDEX ghostflow_key_audit_list ON ghostflow_key_audit (key_id, at, id);
CREATE INDEX ghostflow_key_audit_at ON ghostflow_key_audit (at);
CREATE UNIQUE INDEX ghostflow_key_audit_minute
    ON ghostflow_key_audit (key_id, minute, action, method, path, status) WHERE minute IS NOT NULL;

-- The ids of this service's keys are UUIDs by now, and who may administer may do everything.
UPDATE api_keys SET id = gen_random_uuid()::text WHERE service = 'ghostflow';
UPDATE api_keys
   SET scopes = ARRAY['read:campaigns', 'write:campaigns', 'read:domains', 'write:domains',
       'read:offers', 'write:offers', 'read:sources', 'write:sources', 'read:networks',
       'write:networks', 'read:stats', 'read:billing', 'admin']
 WHERE service = 'ghostflow' AND 'admin' = ANY (scopes);

-- A key can get another secret: then the old one must be forgotten as well.
DROP TRIGGER keys_changed ON api_keys;
CREATE TRIGGER keys_changed
    AFTER INSERT OR DELETE OR UPDATE OF hash, scopes, attributes, expires_at, revoked_at, project_id
    ON api_keys FOR EACH STATEMENT EXECUTE FUNCTION keys_changed();

-- Changes of a webhook are counted, for services whose objects say how often they were changed.
ALTER TABLE hook_subscriptions ADD COLUMN version bigint NOT NULL DEFAULT 1;
