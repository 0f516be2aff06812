-- What a service knows of a key beside its scopes: in Amdahl whose it is, and the role of that user.
ALTER TABLE api_keys ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}';

-- Keys of Amdahl that could do everything there was can do everything there is.
UPDATE api_keys
   SET scopes = ARRAY[
       'data:read', 'data:write', 'pages:read', 'pages:write', 'pages:delete', 'pages:admin',
       'workflows:read', 'workflows:write', 'workflows:delegate', 'webhooks:read', 'webhooks:write',
       'artifacts:read', 'artifacts:write', 'conversations:read', 'conversations:write',
       'agents:read', 'agents:write', 'routines:read', 'routines:write', 'subscriptions:read',
       'subscriptions:write', 'evals:read', 'evals:write', 'evals:execute', 'connections:read',
       'connections:write', 'connections:delete', 'notion_sync:read', 'notion_sync:write',
       'notion_sync:delete', 'keys:manage', 'metrics:read', 'context:read',
       'external_search:execute', 'messages:execute']
 WHERE service = 'amdahl'
   AND scopes @> ARRAY['data:read', 'pages:read', 'pages:write', 'pages:delete', 'pages:admin',
                       'workflows:read', 'workflows:write', 'workflows:delegate', 'webhooks:read',
                       'webhooks:write', 'artifacts:read', 'keys:manage', 'context:read'];

-- One row per operation of Amdahl's API.
CREATE TABLE amdahl_audit (
    id          text COLLATE "C" PRIMARY KEY,
    project_id  text COLLATE "C" NOT NULL,
    created_at  timestamptz NOT NULL,
    operation   text NOT NULL,
    subject     text NOT NULL,              -- the path, as it was called
    user_id     text NOT NULL,
    key_id      text NOT NULL,
    status      int NOT NULL,
    request_id  text NOT NULL
);
CREATE INDEX amdahl_audit_list ON amdahl_audit (project_id, created_at DESC, id DESC);
CREATE INDEX amdahl_audit_created ON amdahl_audit (created_at);
