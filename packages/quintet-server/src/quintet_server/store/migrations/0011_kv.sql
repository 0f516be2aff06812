-- Cache entries: JSON texts under keys, per tenant ("space"), some with a time to live.
-- Logged: an entry that was acknowledged is there after a crash, counters above all. (An UNLOGGED
-- table is emptied by one.) What that costs is shared by the calls of a batch.
CREATE TABLE kv_entries (
    space      text COLLATE "C" NOT NULL,
    key        text COLLATE "C" NOT NULL,   -- byte order: prefixes are ranges of the primary key
    value      bytea NOT NULL,              -- the JSON as it was sent; jsonb would change it
    expires_at timestamptz,                 -- absent for every reader from this instant on
    PRIMARY KEY (space, key)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- Not compressed: that costs more time than it saves disk.
ALTER TABLE kv_entries ALTER COLUMN value SET STORAGE EXTERNAL;
-- What is to be swept. Entries without an end are not in it, and can be overwritten in place.
CREATE INDEX kv_entries_expiry ON kv_entries (expires_at) WHERE expires_at IS NOT NULL;

-- Add to an integer, or begin one. Whatever is no integer, or would leave 64 bits, stays as it is.
-- Several calls in one statement see each other's sums. What is long is no number that fits, and is
-- not read to find that out.
CREATE FUNCTION kv_increment(
    in_space text, in_key text, amount bigint, initial bigint, ttl bigint,
    OUT verdict text, OUT total bigint
) LANGUAGE plpgsql AS $$
DECLARE
    held   text;
    lives  boolean;
    result numeric;
BEGIN
    LOOP
        SELECT CASE WHEN octet_length(e.value) <= 1000 THEN convert_from(e.value, 'UTF8') END,
               e.expires_at IS NULL OR e.expires_at > quintet_now()
          INTO held, lives
          FROM kv_entries AS e WHERE e.space = in_space AND e.key = in_key FOR UPDATE;
        IF NOT FOUND OR NOT lives THEN
            held := initial::text;
            lives := false;
        ELSIF held IS NULL OR held !~ '^-?(0|[1-9][0-9]*)$' THEN
            verdict := 'not_an_integer';
            RETURN;
        END IF;
        result := held::numeric + amount;
        IF held::numeric NOT BETWEEN -9223372036854775808 AND 9223372036854775807
           OR result NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
            verdict := 'out_of_range';
            RETURN;
        END IF;
        verdict := 'done';
        total := result::bigint;
        IF lives THEN
            UPDATE kv_entries AS e SET value = convert_to(total::text, 'UTF8')
             WHERE e.space = in_space AND e.key = in_key;
            RETURN;
        END IF;
        INSERT INTO kv_entries AS e (space, key, value, expires_at)
        VALUES (in_space, in_key, convert_to(total::text, 'UTF8'),
                quintet_now() + make_interval(secs => ttl))
        ON CONFLICT (space, key) DO UPDATE
           SET value = excluded.value, expires_at = excluded.expires_at
         WHERE e.expires_at <= quintet_now();
        IF FOUND THEN
            RETURN;
        END IF;
        -- Somebody else has begun it in between: look again.
    END LOOP;
END $$;

-- When a project last emptied its cache: the most recent times, oldest first.
CREATE TABLE kv_flushes (
    space text COLLATE "C" PRIMARY KEY,
    times timestamptz[] NOT NULL
);
