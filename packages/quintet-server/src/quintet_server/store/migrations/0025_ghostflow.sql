-- A team is a project of the service as its users see it: with a name, a time zone, a currency.
CREATE TABLE ghostflow_teams (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id  text COLLATE "C" NOT NULL UNIQUE REFERENCES projects ON DELETE CASCADE,
    name        text NOT NULL,
    timezone    text NOT NULL DEFAULT 'UTC',
    currency    text NOT NULL DEFAULT 'USD',
    -- Keys the pseudonyms of visitors and the signatures of cursors; 256 random bits.
    secret      bytea NOT NULL DEFAULT
        decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at  timestamptz NOT NULL DEFAULT quintet_now()
);

CREATE FUNCTION ghostflow_new_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ghostflow_teams (project_id, name) VALUES (NEW.id, NEW.name);
    RETURN NULL;
END $$;
CREATE TRIGGER ghostflow_new_team AFTER INSERT ON projects
    FOR EACH ROW WHEN (NEW.service = 'ghostflow') EXECUTE FUNCTION ghostflow_new_team();
INSERT INTO ghostflow_teams (project_id, name)
    SELECT id, name FROM projects WHERE service = 'ghostflow';

-- What processes remember of teams and of links is forgotten when any of it changes.
CREATE FUNCTION ghostflow_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('ghostflow', '');
    RETURN NULL;
END $$;
CREATE TRIGGER ghostflow_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ghostflow_teams
    FOR EACH STATEMENT EXECUTE FUNCTION ghostflow_changed();

-- Everything that there is as a list in the API has these columns first: id, team_id, name, version,
-- created_at, updated_at, deleted_at.
CREATE TABLE ghostflow_networks (
    id           uuid PRIMARY KEY,
    team_id      uuid NOT NULL REFERENCES ghostflow_teams ON DELETE CASCADE,
    name         text NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at   timestamptz NOT NULL DEFAULT quintet_now(),
    deleted_at   timestamptz,
    currency     text,                          -- NULL: the team's
    param_map    jsonb NOT NULL DEFAULT '{}',   -- what differs from the defaults
    status_map   jsonb NOT NULL DEFAULT '{}',
    postback_key text COLLATE "C" NOT NULL UNIQUE,
    require_ip   text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE ghostflow_offers (
    id              uuid PRIMARY KEY,
    team_id         uuid NOT NULL REFERENCES ghostflow_teams ON DELETE CASCADE,
    name            text NOT NULL,
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at      timestamptz NOT NULL DEFAULT quintet_now(),
    deleted_at      timestamptz,
    url             text NOT NULL,
    network_id      uuid REFERENCES ghostflow_networks,
    payout          bigint NOT NULL DEFAULT 0,  -- micro-units
    payout_currency text,                       -- NULL: the team's
    countries       text[] NOT NULL DEFAULT '{}',
    cap             jsonb,                      -- {limit, period, counts, timezone}
    status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'archived'))
);

CREATE TABLE ghostflow_sources (
    id           uuid PRIMARY KEY,
    team_id      uuid NOT NULL REFERENCES ghostflow_teams ON DELETE CASCADE,
    name         text NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at   timestamptz NOT NULL DEFAULT quintet_now(),
    deleted_at   timestamptz,
    postback_url text,
    postback_on  text[] NOT NULL DEFAULT '{approved}',
    params       jsonb NOT NULL DEFAULT '{}',
    cost         jsonb NOT NULL DEFAULT '{"model": "none"}',  -- amounts as text: {model, amount, currency}
    template_key text
);

CREATE TABLE ghostflow_domains (
    id                 uuid PRIMARY KEY,
    team_id            uuid NOT NULL REFERENCES ghostflow_teams ON DELETE CASCADE,
    name               text NOT NULL DEFAULT '',  -- the host, unless it has been given one
    host               text COLLATE "C" NOT NULL,
    version            bigint NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at         timestamptz NOT NULL DEFAULT quintet_now(),
    deleted_at         timestamptz,
    status             text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'failed')),
    is_default         boolean NOT NULL DEFAULT false,
    fallback_url       text,
    verification_token text NOT NULL,
    last_checked_at    timestamptz,
    last_error         text
);
CREATE UNIQUE INDEX ghostflow_domains_host ON ghostflow_domains (host) WHERE deleted_at IS NULL;
CREATE INDEX ghostflow_domains_token ON ghostflow_domains (verification_token);
CREATE UNIQUE INDEX ghostflow_domains_default ON ghostflow_domains (team_id)
    WHERE is_default AND deleted_at IS NULL;

CREATE TABLE ghostflow_campaigns (
    id                  uuid PRIMARY KEY,
    team_id             uuid NOT NULL REFERENCES ghostflow_teams ON DELETE CASCADE,
    name                text NOT NULL,
    version             bigint NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at          timestamptz NOT NULL DEFAULT quintet_now(),
    deleted_at          timestamptz,
    url                 text NOT NULL,
    slug                text COLLATE "C" NOT NULL UNIQUE,  -- of deleted ones too: links are out there
    status              text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'archived')),
    domain_id           uuid REFERENCES ghostflow_domains,  -- NULL: the team's default
    source_id           uuid REFERENCES ghostflow_sources,
    offers              jsonb NOT NULL DEFAULT '[]',       -- [{offerId, weight}], in the order given
    sticky              boolean NOT NULL DEFAULT true,
    cost                jsonb NOT NULL DEFAULT '{"model": "none"}',  -- amounts as text
    currency            text,                              -- NULL: the team's
    append_click_id     text,
    pass_through        boolean NOT NULL DEFAULT false,
    unique_window_hours int NOT NULL DEFAULT 24,
    tags                text[] NOT NULL DEFAULT '{}',
    notes               text NOT NULL DEFAULT '',
    archived_at         timestamptz
);

CREATE INDEX ghostflow_networks_list ON ghostflow_networks (team_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ghostflow_offers_list ON ghostflow_offers (team_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ghostflow_offers_network ON ghostflow_offers (network_id);
CREATE INDEX ghostflow_sources_list ON ghostflow_sources (team_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ghostflow_domains_list ON ghostflow_domains (team_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ghostflow_campaigns_list ON ghostflow_campaigns (team_id, created_at, id) WHERE deleted_at IS NULL;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['networks', 'offers', 'sources', 'domains', 'campaigns'] LOOP
        EXECUTE format(
            'CREATE TRIGGER ghostflow_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION ghostflow_changed()', 'ghostflow_' || name);
    END LOOP;
END $$;
