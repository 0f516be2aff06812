-- Money is in micro-units of its currency everywhere. Dimensions of a click are fixed when it is
-- written: what a campaign or a source is changed to later concerns later clicks.
CREATE TABLE ghostflow_clicks (
    id            uuid PRIMARY KEY,             -- version 7: what links and postbacks call click_id
    team_id       uuid NOT NULL REFERENCES ghostflow_teams ON DELETE CASCADE,
    campaign_id   uuid NOT NULL,
    offer_id      uuid,
    source_id     uuid,
    network_id    uuid,
    domain_id     uuid,
    at            timestamptz NOT NULL,
    visitor_id    uuid NOT NULL,                -- 128 bits
    is_unique     boolean NOT NULL,
    is_bot        boolean NOT NULL,
    bot_reason    text,
    country       text,
    device        text NOT NULL,
    os            text,
    browser       text,
    referrer_host text,
    language      text,
    external_id   text,
    sub1 text, sub2 text, sub3 text, sub4 text, sub5 text,
    sub6 text, sub7 text, sub8 text, sub9 text, sub10 text,
    utm           jsonb,                        -- {source, medium, campaign, term, content}; NULL: none
    cost          bigint NOT NULL DEFAULT 0,
    cost_currency text NOT NULL,
    destination   text NOT NULL,
    ip_range      text,                         -- truncated; only if the operator wants it kept
    extra         jsonb
);
CREATE INDEX ghostflow_clicks_list ON ghostflow_clicks (team_id, at, id);

-- The click with which a visitor last counted as unique on a campaign, and the window that was asked
-- about last. The row is the lock that makes two simultaneous first clicks one unique click.
CREATE TABLE ghostflow_visits (
    campaign_id  uuid NOT NULL,
    visitor_id   uuid NOT NULL,
    unique_at    timestamptz NOT NULL,
    click_id     uuid NOT NULL,
    window_hours int NOT NULL,
    PRIMARY KEY (campaign_id, visitor_id)
);

CREATE TABLE ghostflow_conversions (
    id              uuid PRIMARY KEY,
    team_id         uuid NOT NULL REFERENCES ghostflow_teams ON DELETE CASCADE,
    click_id        uuid NOT NULL REFERENCES ghostflow_clicks ON DELETE CASCADE,
    campaign_id     uuid NOT NULL,
    offer_id        uuid,
    source_id       uuid,
    network_id      uuid,
    event           text NOT NULL DEFAULT 'conversion',
    tx_id           text NOT NULL DEFAULT '',   -- '': the postback named none
    status          text NOT NULL CHECK (status IN ('pending', 'approved', 'rejected', 'reversed')),
    original_status text,
    payout          bigint NOT NULL,
    payout_currency text NOT NULL,
    revenue         bigint,                     -- in currency; NULL: there was no rate
    currency        text NOT NULL,              -- of the campaign
    cost            bigint NOT NULL DEFAULT 0,  -- cpa and revshare: what it costs while approved
    cost_currency   text NOT NULL,
    at              timestamptz NOT NULL,
    click_at        timestamptz NOT NULL,
    received_at     timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at      timestamptz NOT NULL DEFAULT quintet_now(),
    duplicate_count int NOT NULL DEFAULT 0,
    history         jsonb NOT NULL DEFAULT '[]',
    version         bigint NOT NULL DEFAULT 1,
    UNIQUE (click_id, event, tx_id)
);
CREATE INDEX ghostflow_conversions_list ON ghostflow_conversions (team_id, received_at, id);
CREATE INDEX ghostflow_conversions_at ON ghostflow_conversions (team_id, at);
CREATE INDEX ghostflow_conversions_click_at ON ghostflow_conversions (team_id, click_at);
