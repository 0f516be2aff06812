-- What a subscription says of itself, and how its deliveries fare.
ALTER TABLE hook_subscriptions
    ADD COLUMN description     text,
    ADD COLUMN created_by      text COLLATE "C",
    -- Deliveries given up since the last that arrived; services that do not count leave it at 0.
    ADD COLUMN failure_count   int NOT NULL DEFAULT 0,
    ADD COLUMN disabled_reason text;   -- why the server switched it off
