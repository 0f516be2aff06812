-- Plans that stay right when a table grows.
--
-- PostgreSQL keeps the plan of a prepared statement until the table is analyzed again. One that was
-- made while the table was known to be tiny reads all of it, and goes on doing so when it is large:
-- a get from a cache of 50,000 entries read every page. What says so here leaves the planner only plans
-- whose cost does not grow with the table, whatever the statistics say at the time:
--
-- - without sequential scans, one row is found by an index, inside a LATERAL subquery with OFFSET 0
--   or in a loop, where it cannot become one side of a join that is read as a whole;
-- - without index scans (bitmaps stay), nothing can read a whole index, so that a join must begin at
--   the other side; without bitmaps, what is wanted in the order of an index is read in that order.

-- The cache. Several rows are locked in the order of the primary key. Arrays come as (SELECT …) for
-- the reason given in engines/kv/statements.py.

CREATE FUNCTION kv_get(p_space text, p_key text) RETURNS bytea
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
    RETURN (SELECT e.value FROM kv_entries AS e WHERE e.space = p_space AND e.key = p_key
               AND (e.expires_at IS NULL OR e.expires_at > quintet_now()));
END $$;

CREATE FUNCTION kv_get_batch(p_most bigint, p_spaces text[], p_keys text[])
RETURNS TABLE (number bigint, value bytea)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY
    SELECT a.number, CASE WHEN octet_length(e.value) <= p_most THEN e.value END
      FROM unnest((SELECT p_spaces), (SELECT p_keys)) WITH ORDINALITY AS a (space, key, number)
     CROSS JOIN LATERAL (
            SELECT kv.value FROM kv_entries AS kv WHERE kv.space = a.space AND kv.key = a.key
               AND (kv.expires_at IS NULL OR kv.expires_at > quintet_now()) OFFSET 0) AS e;
END $$;

-- The sum is made of the lengths alone; nothing large is read in order to be refused.
CREATE FUNCTION kv_get_many(p_space text, p_keys text[], p_most bigint)
RETURNS TABLE (total bigint, key text, value bytea)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT a.key, e.length FROM unnest((SELECT p_keys)) AS a (key)
         CROSS JOIN LATERAL (
                SELECT octet_length(kv.value) AS length FROM kv_entries AS kv
                 WHERE kv.space = p_space AND kv.key = a.key
                   AND (kv.expires_at IS NULL OR kv.expires_at > quintet_now()) OFFSET 0) AS e
    ), whole AS MATERIALIZED (
        SELECT sum(f.length)::bigint AS total FROM found AS f
    )
    SELECT w.total, f.key, CASE WHEN w.total <= p_most THEN (
               SELECT kv.value FROM kv_entries AS kv
                WHERE kv.space = p_space AND kv.key = f.key) END
      FROM whole AS w CROSS JOIN found AS f;
END $$;

-- Removes entries; a row for each that was there. An expired one goes too, but nobody has lost
-- anything by it.
CREATE FUNCTION kv_delete(p_spaces text[], p_keys text[])
RETURNS TABLE (space text, key text)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    lived boolean;
BEGIN
    FOR space, key IN
        SELECT a.space, a.key FROM unnest((SELECT p_spaces), (SELECT p_keys)) AS a (space, key)
         ORDER BY a.space COLLATE "C", a.key COLLATE "C"
    LOOP
        DELETE FROM kv_entries AS e WHERE e.space = kv_delete.space AND e.key = kv_delete.key
        RETURNING e.expires_at IS NULL OR e.expires_at > quintet_now() INTO lived;
        IF lived THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION kv_expire(p_space text, p_key text, p_ttl bigint) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    UPDATE kv_entries AS e SET expires_at = quintet_now() + make_interval(secs => p_ttl)
     WHERE e.space = p_space AND e.key = p_key
       AND (e.expires_at IS NULL OR e.expires_at > quintet_now());
    RETURN FOUND;
END $$;

ALTER FUNCTION kv_increment(text, text, bigint, bigint, bigint) SET enable_seqscan = off;

-- Keys from p_after on that start with a prefix: those below p_end, if there is one.
CREATE FUNCTION kv_list(p_space text, p_prefix text, p_end text, p_after text, p_limit bigint)
RETURNS TABLE (key text, expires_at bigint)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN QUERY
    SELECT e.key, ceil(extract(epoch FROM e.expires_at))::bigint FROM kv_entries AS e
     WHERE e.space = p_space AND e.key > p_after AND e.key >= p_prefix
       AND (p_end IS NULL OR e.key < p_end)
       AND (e.expires_at IS NULL OR e.expires_at > quintet_now())
     ORDER BY e.key LIMIT p_limit;
END $$;

-- Removes what starts with a prefix, at most p_cap. One more is looked for than is removed: that it
-- is there is all we want to know of it.
CREATE FUNCTION kv_flush(
    p_space text, p_prefix text, p_end text, p_cap bigint,
    OUT deleted bigint, OUT is_truncated boolean
) LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    doomed text[];
BEGIN
    doomed := ARRAY (
        SELECT e.key FROM kv_entries AS e
         WHERE e.space = p_space AND e.key >= p_prefix AND (p_end IS NULL OR e.key < p_end)
           AND (e.expires_at IS NULL OR e.expires_at > quintet_now())
         ORDER BY e.key LIMIT p_cap + 1);
    is_truncated := cardinality(doomed) > p_cap;
    doomed := doomed[:p_cap];
    PERFORM FROM unnest((SELECT doomed)) AS d (key) CROSS JOIN LATERAL (
        SELECT FROM kv_entries AS e WHERE e.space = p_space AND e.key = d.key FOR UPDATE) AS e;
    DELETE FROM kv_entries AS e WHERE e.space = p_space AND e.key = ANY (doomed);
    GET DIAGNOSTICS deleted = ROW_COUNT;
END $$;

-- Removes expired entries, the oldest first, at most p_most; returns how many.
CREATE FUNCTION kv_sweep(p_most bigint) RETURNS bigint
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    past record;
    swept bigint := 0;
BEGIN
    FOR past IN
        SELECT e.space, e.key FROM kv_entries AS e WHERE e.expires_at <= quintet_now()
         ORDER BY e.expires_at LIMIT p_most FOR UPDATE SKIP LOCKED
    LOOP
        DELETE FROM kv_entries AS e WHERE e.space = past.space AND e.key = past.key;
        swept := swept + 1;
    END LOOP;
    RETURN swept;
END $$;

-- The work engine. Joins of the named rows with the table (UPDATE … FROM held) could still begin at
-- the table, by reading all of an index that was small.
ALTER FUNCTION work_activate_children(text[]) RESET enable_bitmapscan;
ALTER FUNCTION work_activate_children(text[]) SET enable_indexscan = off;
ALTER FUNCTION work_settle(jsonb, jsonb) RESET enable_bitmapscan;
ALTER FUNCTION work_settle(jsonb, jsonb) SET enable_indexscan = off;
ALTER FUNCTION work_beat(jsonb, float8, float8) RESET enable_bitmapscan;
ALTER FUNCTION work_beat(jsonb, float8, float8) SET enable_indexscan = off;
ALTER FUNCTION work_release(jsonb) RESET enable_bitmapscan;
ALTER FUNCTION work_release(jsonb) SET enable_indexscan = off;

-- As in 0002, but what was picked is named by an array, which only an index on it can serve.
CREATE OR REPLACE FUNCTION work_claim(
    p_lane text, p_queues text[], p_types text[], p_workers text[],
    p_lease_floor float8, p_lease_first_cap float8, p_grace float8, p_spare int)
RETURNS SETOF work_jobs
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_wanted int := cardinality(p_workers);
    v_picked text[];
BEGIN
    WITH candidates AS MATERIALIZED (
        SELECT c.id, c.due_at
        FROM unnest(p_queues) AS q(queue) CROSS JOIN LATERAL (
            SELECT j.id, j.due_at FROM work_jobs j
            WHERE j.lane = p_lane AND j.queue = q.queue
              AND j.state IN ('pending', 'scheduled') AND NOT j.blocked
              AND j.due_at <= quintet_now()
              AND (p_types IS NULL OR j.job_type = ANY (p_types))
            ORDER BY j.due_at, j.id LIMIT v_wanted + p_spare) c
        ORDER BY c.due_at, c.id LIMIT v_wanted + p_spare
    ), picked AS MATERIALIZED (
        SELECT j.id, c.due_at
        FROM (SELECT * FROM candidates ORDER BY due_at, id) c CROSS JOIN LATERAL (
            SELECT j.id FROM work_jobs j
            WHERE j.id = c.id
              AND CASE WHEN j.state IN ('pending', 'scheduled') THEN NOT j.blocked END
            FOR UPDATE SKIP LOCKED) j
        LIMIT v_wanted
    )
    SELECT array_agg(p.id ORDER BY p.due_at, p.id) INTO v_picked FROM picked p;
    IF v_picked IS NULL THEN
        RETURN;
    END IF;

    RETURN QUERY
    WITH claimed AS (
        UPDATE work_jobs j SET state = 'processing', attempt = j.attempt + 1,
            started_at = quintet_now(), completed_at = NULL, progress = NULL,
            worker_id = p_workers[array_position(v_picked, j.id)], heartbeat_at = NULL,
            duration_ms = NULL, last_ack = NULL,
            lease_expires_at = quintet_now() + make_interval(secs => least(
                j.timeout_seconds + p_grace,
                greatest(p_lease_floor, least(j.timeout_seconds, p_lease_first_cap))))
        WHERE j.id = ANY (v_picked)
        RETURNING j.*
    ), told AS (
        INSERT INTO events (project_id, stream, type, data)
        SELECT c.project_id, c.id, 'job.started', work_event_data(c)
        FROM claimed c WHERE c.logged
    )
    SELECT c.* FROM claimed c ORDER BY c.due_at, c.id;
END $$;

-- As in 0002, but by name as above, and the first due first.
CREATE OR REPLACE FUNCTION work_promote(p_limit int) RETURNS int
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_due text[];
    v_promoted int;
BEGIN
    SELECT array_agg(d.id) INTO v_due FROM (
        SELECT j.id FROM work_jobs j
        WHERE j.state = 'scheduled' AND NOT j.blocked AND j.due_at <= quintet_now()
        ORDER BY j.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED) d;
    IF v_due IS NULL THEN
        RETURN 0;
    END IF;
    WITH promoted AS (
        UPDATE work_jobs j SET state = 'pending' WHERE j.id = ANY (v_due) RETURNING j.*
    ), told AS (
        INSERT INTO events (project_id, stream, type, data)
        SELECT p.project_id, p.id, 'job.activated', work_event_data(p)
        FROM promoted p WHERE p.logged
    )
    SELECT count(*) INTO v_promoted FROM promoted;
    RETURN v_promoted;
END $$;

-- As in 0005, but by name as above.
CREATE OR REPLACE FUNCTION work_abandon(p_processes text[]) RETURNS int
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    v_count int;
    v_again jsonb;
    v_held text[];
BEGIN
    SELECT jsonb_agg(jsonb_build_object('lane', j.lane, 'id', j.id, 'worker_id', j.worker_id,
        'attempt', j.attempt, 'delay_seconds', 0))
    INTO v_again FROM work_jobs j
    WHERE j.state = 'processing' AND work_process_of(j.worker_id) = ANY (p_processes)
      AND j.retry_policy -> 'again_if_interrupted' = 'true';
    IF v_again IS NOT NULL THEN
        PERFORM FROM work_release(v_again);
    END IF;
    SELECT array_agg(h.id) INTO v_held FROM (
        SELECT j.id FROM work_jobs j
        WHERE j.state = 'processing' AND work_process_of(j.worker_id) = ANY (p_processes)
        ORDER BY j.id FOR UPDATE) h;
    UPDATE work_jobs j SET lease_expires_at = quintet_now() WHERE j.id = ANY (v_held);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- One job by its id. The caller looks at the lane.
CREATE FUNCTION work_get(p_id text) RETURNS SETOF work_jobs
LANGUAGE plpgsql STABLE ROWS 1 SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY SELECT j.* FROM work_jobs j WHERE j.id = p_id;
END $$;

-- Let the wait after the failure of this claim be that long; nothing if it is lost.
CREATE FUNCTION work_put_off(
    p_lane text, p_id text, p_worker_id text, p_attempt int, p_wait_ms bigint
) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    UPDATE work_jobs j SET retry_policy = coalesce(j.retry_policy, '{}') || jsonb_build_object(
        'delays_ms', jsonb_build_array(p_wait_ms), 'cap_ms', p_wait_ms, 'jitter_ms', 0)
    WHERE j.id = p_id AND CASE j.state WHEN 'processing' THEN
        j.lane = p_lane AND j.worker_id = p_worker_id AND j.attempt = p_attempt END;
END $$;

-- Delete jobs that ended longer ago than that, the first first; returns how many.
CREATE FUNCTION work_prune(p_retention float8, p_limit int) RETURNS int
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    v_pruned int;
BEGIN
    DELETE FROM work_jobs WHERE id = ANY (ARRAY (
        SELECT j.id FROM work_jobs j
        WHERE j.completed_at < quintet_now() - make_interval(secs => p_retention)
        ORDER BY j.completed_at LIMIT p_limit FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_pruned = ROW_COUNT;
    RETURN v_pruned;
END $$;
