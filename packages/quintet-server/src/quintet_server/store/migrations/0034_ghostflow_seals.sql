-- Sealing an hour or a day takes as long as it has clicks. Meanwhile what comes is folded: a bucket is
-- marked first, in a transaction of its own, and whoever folds deltas of clicks in it takes the mark
-- away. It is sealed only if the mark is still there in the end.
--
-- A bucket of which that does not come off (its rows are odd, or so many that the database dies of
-- it) must not keep the others waiting: it is tried again later, and each time later still.
ALTER TABLE ghostflow_seals
    ADD COLUMN is_being_sealed boolean NOT NULL DEFAULT false,
    ADD COLUMN tries           int NOT NULL DEFAULT 0,  -- since it was sealed last
    ADD COLUMN retry_at        timestamptz NOT NULL DEFAULT '-infinity';

CREATE OR REPLACE FUNCTION ghostflow_break_seals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ghostflow_seals AS kept (team_id, grain, at)
    SELECT DISTINCT team_id, grain, date_trunc(grain, at, 'UTC')
    FROM folded CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain)
    WHERE kind = 0 AND clicks <> 0
    ORDER BY 1, 2, 3
    ON CONFLICT (team_id, grain, at) DO UPDATE
        SET is_sealed = false, is_being_sealed = false, open_at = quintet_now()
        -- Of one that clicks come to all the time not every time.
        WHERE kept.is_sealed OR kept.is_being_sealed
            OR kept.open_at <= quintet_now() - interval '10 s';
    RETURN NULL;
END $$;
