-- What FlowMaestro keeps about a webhook beside its subscription: the name people gave it, and that it
-- was deleted. A deleted one stays, switched off, for its deliveries.
CREATE TABLE flowmaestro_webhooks (
    id         text COLLATE "C" PRIMARY KEY,   -- that of the subscription
    project_id text COLLATE "C" NOT NULL,
    name       text NOT NULL,
    defined_as text,                     -- its name in definition files, if it comes from one
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    deleted_at timestamptz
);
CREATE INDEX flowmaestro_webhooks_list ON flowmaestro_webhooks (project_id, created_at DESC, id DESC)
    WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX flowmaestro_webhooks_defined ON flowmaestro_webhooks (project_id, defined_as)
    WHERE deleted_at IS NULL;
