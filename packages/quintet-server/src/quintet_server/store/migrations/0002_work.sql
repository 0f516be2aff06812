-- The work engine: one table of jobs drives everything asynchronous.
--
-- The functions below are the engine's hot statements. They are functions, and not text in the
-- program, because several of them need a second look at the table after they have got their locks
-- (a child that was added while we waited for its parent), and inside a function each statement sees
-- a fresh snapshot while the caller still pays one round trip. All take arrays and answer per
-- element. All lock rows in ascending order of id, the named jobs and their waiting descendants in one
-- sweep: a child is younger than its parent and so has the greater id.
--
-- Their plans are fixed: one plan for all parameters (planning anew costs more than running), and
-- only index lookups row by row. The LATERAL subqueries make the named rows the outer side of every
-- join; conditions on a row looked up by its id hide in a CASE or behind IS NOT DISTINCT FROM, so that
-- no other index is tried for them. Without all that, a plan made while the table was small would
-- read a whole index each time.
CREATE TABLE work_jobs (
    id                  text COLLATE "C" PRIMARY KEY,
    lane                text COLLATE "C" NOT NULL,   -- who may claim
    project_id          text COLLATE "C" NOT NULL,
    queue               text COLLATE "C" NOT NULL,
    job_type            text NOT NULL,
    payload             text NOT NULL,               -- JSON as text: exact bytes kept, \u0000 legal
    state               text COLLATE "C" NOT NULL CHECK (state IN ('pending', 'scheduled',
                            'processing', 'succeeded', 'failed', 'cancelled', 'dead_letter')),
    blocked             boolean NOT NULL DEFAULT false,   -- the parent has not succeeded yet
    run_at              timestamptz,                 -- what readers see: asked for, or next retry
    due_at              timestamptz NOT NULL,        -- what claims are ordered by
    created_at          timestamptz NOT NULL,
    started_at          timestamptz,
    completed_at        timestamptz,
    attempt             int NOT NULL DEFAULT 0,
    max_attempts        int NOT NULL,
    timeout_seconds     int NOT NULL,
    progress            double precision,
    error               jsonb,
    tags                jsonb,
    parent_id           text COLLATE "C",
    schedule_id         text COLLATE "C",
    schedule_tick       timestamptz,
    worker_id           text,
    lease_expires_at    timestamptz,
    heartbeat_at        timestamptz,
    cancel_requested_at timestamptz,
    duration_ms         bigint,
    last_ack            jsonb,                       -- the accepted ack, so that a repeat is answered
    retry_policy        jsonb,                       -- null: the engine's
    logged              boolean NOT NULL DEFAULT true,
    traceparent         text                         -- W3C trace context of who asked for it
) WITH (
    -- Room on each page, so that heartbeats (which touch no indexed column) stay on it.
    fillfactor = 80,
    -- A queue is mostly dead rows: vacuum early, often and at full speed.
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_threshold = 2000,
    autovacuum_analyze_scale_factor = 0.05
);

-- Claims walk this in order of due time and stop after as many as they want.
CREATE INDEX work_jobs_ready ON work_jobs (lane, queue, due_at, id)
    WHERE state IN ('pending', 'scheduled') AND NOT blocked;
-- The reaper reads all of it: as many rows as there are jobs in hand. The lease is not a key, so that
-- a heartbeat need not touch any index.
CREATE INDEX work_jobs_running ON work_jobs (id) WHERE state = 'processing';
CREATE INDEX work_jobs_scheduled ON work_jobs (due_at) WHERE state = 'scheduled' AND NOT blocked;
CREATE INDEX work_jobs_list ON work_jobs (lane, created_at DESC, id DESC);
-- The rare ends, listed by state without walking past all the successes.
CREATE INDEX work_jobs_unhappy ON work_jobs (lane, state, created_at DESC, id DESC)
    WHERE state IN ('failed', 'cancelled', 'dead_letter');
CREATE INDEX work_jobs_completed ON work_jobs (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX work_jobs_parent ON work_jobs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX work_jobs_tags ON work_jobs USING gin (tags jsonb_path_ops) WHERE tags IS NOT NULL;
CREATE UNIQUE INDEX work_jobs_tick ON work_jobs (lane, schedule_id, schedule_tick)
    WHERE schedule_tick IS NOT NULL;

-- A scheduled job whose time has come and whose parent has succeeded is pending for every reader.
CREATE FUNCTION work_state(state text, blocked boolean, due_at timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN state = 'scheduled' AND NOT blocked AND due_at <= quintet_now()
                THEN 'pending' ELSE state END
$$;

-- The job as the event log keeps it. Columns are named one by one so that a large payload is never
-- read, let alone copied.
CREATE FUNCTION work_event_data(j work_jobs) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'id', j.id, 'lane', j.lane, 'project_id', j.project_id, 'queue', j.queue,
        'job_type', j.job_type, 'state', j.state, 'blocked', j.blocked, 'run_at', j.run_at,
        'due_at', j.due_at, 'created_at', j.created_at, 'started_at', j.started_at,
        'completed_at', j.completed_at, 'attempt', j.attempt, 'max_attempts', j.max_attempts,
        'timeout_seconds', j.timeout_seconds, 'progress', j.progress, 'error', j.error,
        'tags', j.tags, 'parent_id', j.parent_id, 'schedule_id', j.schedule_id,
        'worker_id', j.worker_id, 'lease_expires_at', j.lease_expires_at,
        'heartbeat_at', j.heartbeat_at, 'cancel_requested_at', j.cancel_requested_at,
        'duration_ms', j.duration_ms, 'traceparent', j.traceparent)
$$;

-- How long to wait after a failed attempt: explicit delays (the last one repeats), or doubling
-- from a base; plus jitter; clamped.
CREATE FUNCTION work_backoff(policy jsonb, attempt int) RETURNS interval LANGUAGE sql VOLATILE AS $$
    SELECT make_interval(secs => least(
        coalesce((policy->>'cap_ms')::float8, 'Infinity'),
        CASE WHEN policy ? 'delays_ms'
             THEN (policy->'delays_ms'->>least(attempt, jsonb_array_length(policy->'delays_ms')) - 1)::float8
             ELSE coalesce((policy->>'base_ms')::float8, 0) * 2 ^ least(greatest(attempt, 1) - 1, 40) END
        + random() * coalesce((policy->>'jitter_ms')::float8, 0)) / 1000)
$$;

-- Enqueue. verdict: ok | parent_not_found | parent_terminal | duplicate (the tick exists already).
CREATE FUNCTION work_enqueue(p_specs jsonb)
RETURNS TABLE (ord int, verdict text, state text, blocked boolean, due_at timestamptz,
               created_at timestamptz)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH specs AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(p_specs) AS s(
            ord int, id text, lane text, project_id text, queue text, job_type text, payload text,
            run_at timestamptz, max_attempts int, timeout_seconds int, tags jsonb, parent_id text,
            schedule_id text, schedule_tick timestamptz, retry_policy jsonb, logged boolean,
            traceparent text)
    ), parents AS MATERIALIZED (
        -- Shared lock: the parent cannot end while we decide what that means for the child.
        SELECT p.id, p.lane, p.state FROM work_jobs p
        WHERE p.id = ANY (ARRAY(SELECT s.parent_id FROM specs s WHERE s.parent_id IS NOT NULL))
        ORDER BY p.id FOR SHARE
    ), judged AS MATERIALIZED (
        SELECT s.*, p.state AS parent_state,
            s.parent_id IS NOT NULL AND p.state <> 'succeeded' AS blocked,
            CASE WHEN s.parent_id IS NULL THEN 'ok'
                 WHEN p.id IS NULL THEN 'parent_not_found'
                 WHEN p.state IN ('failed', 'cancelled', 'dead_letter') THEN 'parent_terminal'
                 ELSE 'ok' END AS verdict
        FROM specs s LEFT JOIN parents p ON p.id = s.parent_id AND p.lane = s.lane
    ), created AS (
        INSERT INTO work_jobs (id, lane, project_id, queue, job_type, payload, state, blocked,
            run_at, due_at, created_at, max_attempts, timeout_seconds, tags, parent_id, schedule_id,
            schedule_tick, retry_policy, logged, traceparent)
        SELECT j.id, j.lane, j.project_id, j.queue, j.job_type, j.payload,
            CASE WHEN j.blocked OR j.run_at > quintet_now() THEN 'scheduled' ELSE 'pending' END,
            j.blocked, j.run_at, coalesce(j.run_at, quintet_now()), quintet_now(), j.max_attempts,
            j.timeout_seconds, j.tags, j.parent_id, j.schedule_id, j.schedule_tick, j.retry_policy,
            j.logged, j.traceparent
        FROM judged j WHERE j.verdict = 'ok' ORDER BY j.ord
        ON CONFLICT (lane, schedule_id, schedule_tick) WHERE schedule_tick IS NOT NULL DO NOTHING
        RETURNING *
    ), told AS (
        INSERT INTO events (project_id, stream, type, data)
        SELECT c.project_id, c.id, 'job.created', work_event_data(c)
        FROM created c WHERE c.logged ORDER BY c.id
    ), woken AS MATERIALIZED (
        SELECT count(pg_notify('work', q.address)) AS n
        FROM (SELECT DISTINCT c.lane || ' ' || c.queue AS address FROM created c
              WHERE NOT c.blocked) q
    )
    SELECT j.ord,
        CASE WHEN j.verdict = 'ok' AND c.id IS NULL THEN 'duplicate' ELSE j.verdict END,
        coalesce(c.state, j.parent_state), c.blocked, c.due_at, c.created_at
    FROM judged j LEFT JOIN created c ON c.id = j.id, woken;
END $$;

-- Claim up to one job per element of p_workers (a worker appears once per free slot), oldest due
-- first across the queues. Candidates are read without locks, in index order per queue; only what
-- is taken is locked. p_spare: how many candidates beyond that, to step over rows that another
-- process is claiming at this moment.
CREATE FUNCTION work_claim(p_lane text, p_queues text[], p_types text[], p_workers text[],
                           p_lease_floor float8, p_lease_first_cap float8, p_grace float8,
                           p_spare int)
RETURNS SETOF work_jobs
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_wanted int := cardinality(p_workers);
BEGIN
    RETURN QUERY
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
    ), numbered AS MATERIALIZED (
        SELECT p.id, row_number() OVER (ORDER BY p.due_at, p.id) AS place FROM picked p
    ), claimed AS (
        UPDATE work_jobs j SET state = 'processing', attempt = j.attempt + 1,
            started_at = quintet_now(), completed_at = NULL, progress = NULL,
            worker_id = p_workers[n.place], heartbeat_at = NULL, duration_ms = NULL,
            last_ack = NULL,
            lease_expires_at = quintet_now() + make_interval(secs => least(
                j.timeout_seconds + p_grace,
                greatest(p_lease_floor, least(j.timeout_seconds, p_lease_first_cap))))
        FROM numbered n WHERE j.id = n.id
        RETURNING j.*
    ), told AS (
        INSERT INTO events (project_id, stream, type, data)
        SELECT c.project_id, c.id, 'job.started', work_event_data(c)
        FROM claimed c WHERE c.logged
    )
    SELECT c.* FROM claimed c ORDER BY c.due_at, c.id;
END $$;

-- Lock these jobs and every descendant that waits for one of them, in order of id; returns the
-- descendants. The tree is read again after each sweep: a child that was added while we waited for
-- its parent's lock is younger than all we hold, and a child added later waits for us.
CREATE FUNCTION work_lock_family(p_ids text[]) RETURNS text[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_found text[] := '{}';
    v_locked text[] := '{}';
    v_fresh text[];
BEGIN
    LOOP
        WITH RECURSIVE tree AS (
            SELECT c.id FROM work_jobs c
            WHERE c.parent_id = ANY (p_ids) AND c.state = 'scheduled' AND c.blocked
            UNION
            SELECT c.id FROM tree t CROSS JOIN LATERAL (
                SELECT j.id FROM work_jobs j
                WHERE j.parent_id = t.id AND j.state = 'scheduled' AND j.blocked) c
        )
        SELECT coalesce(array_agg(t.id), '{}') INTO v_found FROM tree t;
        SELECT array_agg(f.id ORDER BY f.id) INTO v_fresh
        FROM (SELECT unnest(p_ids || v_found) EXCEPT SELECT unnest(v_locked)) AS f(id);
        EXIT WHEN v_fresh IS NULL;
        PERFORM FROM unnest(v_fresh) AS f(id) CROSS JOIN LATERAL (
            SELECT FROM work_jobs j WHERE j.id = f.id FOR UPDATE) j;
        v_locked := v_locked || v_fresh;
    END LOOP;
    RETURN v_found;
END $$;

-- Cancel every descendant that waits for one of these jobs; returns how many.
CREATE FUNCTION work_cancel_children(p_parents text[]) RETURNS int
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_waiting text[] := work_lock_family(p_parents);
    v_total int;
BEGIN
    WITH cancelled AS (
        UPDATE work_jobs c SET state = 'cancelled', blocked = false, completed_at = quintet_now()
        WHERE c.id = ANY (v_waiting) AND CASE c.state WHEN 'scheduled' THEN c.blocked END
        RETURNING c.*
    ), told AS (
        INSERT INTO events (project_id, stream, type, data, terminal)
        SELECT c.project_id, c.id, 'job.cancelled', work_event_data(c), true
        FROM cancelled c WHERE c.logged ORDER BY c.id
    )
    SELECT count(*) INTO v_total FROM cancelled c;
    RETURN v_total;
END $$;

-- Let the children of these succeeded jobs go; each row is a parent and how many.
CREATE FUNCTION work_activate_children(p_parents text[])
RETURNS TABLE (parent_id text, children int)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH waiting AS MATERIALIZED (
        SELECT c.id FROM work_jobs c
        WHERE c.parent_id = ANY (p_parents) AND c.state = 'scheduled' AND c.blocked
        ORDER BY c.id FOR UPDATE
    ), released AS (
        UPDATE work_jobs c SET blocked = false,
            state = CASE WHEN c.run_at > quintet_now() THEN 'scheduled' ELSE 'pending' END,
            due_at = greatest(c.run_at, quintet_now())
        FROM waiting w WHERE c.id = w.id
        RETURNING c.*
    ), told AS (
        INSERT INTO events (project_id, stream, type, data)
        SELECT c.project_id, c.id, 'job.activated', work_event_data(c)
        FROM released c WHERE c.logged
    ), woken AS MATERIALIZED (
        SELECT count(pg_notify('work', q.address)) AS n
        FROM (SELECT DISTINCT c.lane || ' ' || c.queue AS address FROM released c) q
    ), counted AS (
        SELECT c.parent_id, count(*)::int AS children FROM released c GROUP BY c.parent_id
    ), noted AS (
        UPDATE work_jobs p
        SET last_ack = jsonb_set(p.last_ack, '{children}', to_jsonb(c.children))
        FROM counted c WHERE p.id = c.parent_id AND p.last_ack IS NOT NULL
    )
    SELECT c.parent_id, c.children FROM counted c, woken;
END $$;

-- End attempts. p_acks: [{ord, lane, id, worker_id, attempt?, status, error?, retryable, duration_ms?,
-- remember, expired?}]; status: succeeded | failed | cancelled; with `expired` only if the lease has run
-- out. Several rows may come back for one element;
-- the first says what happened:
--   settled           with the new state, and retry_at when it will run again
--   repeat            this ack was accepted before; the same answer again
--   not_found | invalid_state | worker_mismatch
--   again             changed under our hands: ask once more
-- and rows `activated` carry the number of children that a success released.
CREATE FUNCTION work_settle(p_acks jsonb, p_policy jsonb)
RETURNS TABLE (ord int, verdict text, state text, retry_at timestamptz, children int)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_settled int;
    v_ids text[];
    v_ended text[];
BEGIN
    SELECT array_agg(a.id) INTO v_ids FROM jsonb_to_recordset(p_acks) AS a(id text);
    IF EXISTS (SELECT FROM work_jobs c
               WHERE c.parent_id = ANY (v_ids) AND c.state = 'scheduled' AND c.blocked) THEN
        PERFORM work_lock_family(v_ids);
    END IF;

    RETURN QUERY
    WITH acks AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(p_acks) AS a(
            ord int, lane text, id text, worker_id text, attempt int, status text, error jsonb,
            retryable boolean, duration_ms bigint, remember boolean, expired boolean)
    ), held AS MATERIALIZED (
        SELECT a.ord, a.status, a.error, a.duration_ms, a.remember, j.id,
            CASE WHEN a.status = 'succeeded' THEN 'succeeded'
                 WHEN a.status = 'cancelled' OR j.cancel_requested_at IS NOT NULL THEN 'cancelled'
                 WHEN NOT a.retryable THEN 'failed'
                 WHEN j.attempt < j.max_attempts THEN 'pending'
                 ELSE 'dead_letter' END AS outcome,
            quintet_now() + work_backoff(coalesce(j.retry_policy, p_policy), j.attempt) AS again_at
        FROM (SELECT * FROM acks ORDER BY id) a CROSS JOIN LATERAL (
            SELECT j.id, j.cancel_requested_at, j.attempt, j.max_attempts, j.retry_policy
            FROM work_jobs j
            WHERE j.id = a.id AND CASE j.state WHEN 'processing' THEN
                j.lane = a.lane AND j.worker_id = a.worker_id
                AND j.attempt = coalesce(a.attempt, j.attempt)
                AND (a.expired IS NOT TRUE OR j.lease_expires_at <= quintet_now()) END
            FOR UPDATE) j
    ), settled AS (
        UPDATE work_jobs j SET
            state = h.outcome,
            run_at = CASE h.outcome WHEN 'pending' THEN h.again_at ELSE j.run_at END,
            due_at = CASE h.outcome WHEN 'pending' THEN h.again_at ELSE j.due_at END,
            started_at = CASE h.outcome WHEN 'pending' THEN NULL ELSE j.started_at END,
            completed_at = CASE h.outcome WHEN 'pending' THEN NULL ELSE quintet_now() END,
            worker_id = CASE h.outcome WHEN 'pending' THEN NULL ELSE j.worker_id END,
            duration_ms = coalesce(h.duration_ms,
                round(extract(epoch FROM quintet_now() - j.started_at) * 1000)::bigint),
            error = h.error,
            lease_expires_at = NULL,
            last_ack = CASE WHEN h.remember THEN jsonb_build_object(
                'worker_id', j.worker_id, 'attempt', j.attempt, 'status', h.status,
                'state', h.outcome,
                'retry_at', CASE h.outcome WHEN 'pending' THEN h.again_at END) END
        FROM held h WHERE j.id = h.id
        RETURNING h.ord, j.id, j.lane, j.project_id, j.queue, j.state, j.run_at, j.logged,
            CASE WHEN j.logged THEN work_event_data(j) END AS data
    ), told AS (
        INSERT INTO events (project_id, stream, type, data, terminal)
        SELECT s.project_id, s.id, e.type, s.data, e.terminal
        FROM settled s CROSS JOIN LATERAL (VALUES
            (1, 'job.' || CASE WHEN s.state IN ('pending', 'dead_letter') THEN 'failed'
                               ELSE s.state END, s.state NOT IN ('pending', 'dead_letter')),
            (2, CASE s.state WHEN 'dead_letter' THEN 'job.dead_letter' END, true)
        ) AS e(step, type, terminal)
        WHERE s.logged AND e.type IS NOT NULL ORDER BY s.id, e.step
    ), woken AS MATERIALIZED (
        SELECT count(pg_notify('work', q.address)) AS n
        FROM (SELECT DISTINCT s.lane || ' ' || s.queue AS address FROM settled s
              WHERE s.state = 'pending') q
    )
    SELECT s.ord, 'settled', s.state, CASE s.state WHEN 'pending' THEN s.run_at END, 0
    FROM settled s, woken;
    GET DIAGNOSTICS v_settled = ROW_COUNT;

    IF v_settled < jsonb_array_length(p_acks) THEN
        RETURN QUERY
        SELECT a.ord,
            CASE WHEN j.id IS NULL THEN 'not_found'
                 WHEN j.last_ack->>'worker_id' = a.worker_id AND j.last_ack->>'status' = a.status
                      AND (a.attempt IS NULL OR (j.last_ack->>'attempt')::int = a.attempt)
                     THEN 'repeat'
                 WHEN j.state <> 'processing' THEN 'invalid_state'
                 WHEN j.worker_id IS DISTINCT FROM a.worker_id THEN 'worker_mismatch'
                 WHEN a.attempt <> j.attempt THEN 'invalid_state'
                 ELSE 'again' END,
            CASE WHEN j.last_ack->>'worker_id' = a.worker_id THEN j.last_ack->>'state'
                 ELSE work_state(j.state, j.blocked, j.due_at) END,
            (j.last_ack->>'retry_at')::timestamptz,
            coalesce((j.last_ack->>'children')::int, 0)
        FROM jsonb_to_recordset(p_acks) AS a(ord int, lane text, id text, worker_id text,
                                             attempt int, status text)
        LEFT JOIN LATERAL (SELECT j.* FROM work_jobs j WHERE j.id = a.id OFFSET 0) j
            ON j.lane = a.lane;
    END IF;

    -- Asked again: a child may have been added before we had the lock of its parent.
    IF EXISTS (SELECT FROM work_jobs c
               WHERE c.parent_id = ANY (v_ids) AND c.state = 'scheduled' AND c.blocked) THEN
        SELECT array_agg(j.id) INTO v_ended FROM work_jobs j
        WHERE j.id = ANY (v_ids) AND j.state IN ('failed', 'cancelled', 'dead_letter');
        IF v_ended IS NOT NULL THEN
            PERFORM work_cancel_children(v_ended);
        END IF;
        SELECT array_agg(j.id) INTO v_ended FROM work_jobs j
        WHERE j.id = ANY (v_ids) AND j.state = 'succeeded';
        IF v_ended IS NOT NULL THEN
            RETURN QUERY
            SELECT a.ord, 'activated', 'succeeded', NULL::timestamptz, c.children
            FROM work_activate_children(v_ended) c
            JOIN jsonb_to_recordset(p_acks) AS a(ord int, id text) ON a.id = c.parent_id;
        END IF;
    END IF;
END $$;

-- Heartbeats. p_beats: [{ord, lane, id, worker_id, attempt?, progress?}]. verdict: ok | cancel |
-- not_found | invalid_state | worker_mismatch | again.
CREATE FUNCTION work_beat(p_beats jsonb, p_lease_floor float8, p_grace float8)
RETURNS TABLE (ord int, verdict text, state text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_beaten int;
BEGIN
    RETURN QUERY
    WITH beats AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(p_beats) AS b(
            ord int, lane text, id text, worker_id text, attempt int, progress float8)
    ), held AS MATERIALIZED (
        SELECT b.ord, j.id, j.progress AS before, greatest(j.progress, b.progress) AS after
        FROM (SELECT * FROM beats ORDER BY id) b CROSS JOIN LATERAL (
            SELECT j.id, j.progress FROM work_jobs j
            WHERE j.id = b.id AND CASE j.state WHEN 'processing' THEN
                j.lane = b.lane AND j.worker_id = b.worker_id
                AND j.attempt = coalesce(b.attempt, j.attempt) END
            FOR UPDATE) j
    ), beaten AS (
        UPDATE work_jobs j SET heartbeat_at = quintet_now(), progress = h.after,
            lease_expires_at = least(
                quintet_now() + make_interval(secs => greatest(p_lease_floor, j.timeout_seconds)),
                j.started_at + make_interval(secs => j.timeout_seconds + p_grace))
        FROM held h WHERE j.id = h.id
        RETURNING h.ord, j.id, j.project_id, j.state,
            j.cancel_requested_at IS NOT NULL
                OR j.started_at + make_interval(secs => j.timeout_seconds) <= quintet_now()
                AS should_stop,
            CASE WHEN j.logged AND h.after IS DISTINCT FROM h.before
                 THEN work_event_data(j) END AS data
    ), told AS (
        INSERT INTO events (project_id, stream, type, data)
        SELECT b.project_id, b.id, 'job.progress', b.data FROM beaten b WHERE b.data IS NOT NULL
    )
    SELECT b.ord, CASE WHEN b.should_stop THEN 'cancel' ELSE 'ok' END, b.state FROM beaten b;
    GET DIAGNOSTICS v_beaten = ROW_COUNT;

    IF v_beaten < jsonb_array_length(p_beats) THEN
        RETURN QUERY
        SELECT b.ord,
            CASE WHEN j.id IS NULL THEN 'not_found'
                 WHEN j.state <> 'processing' THEN 'invalid_state'
                 WHEN j.worker_id IS DISTINCT FROM b.worker_id THEN 'worker_mismatch'
                 WHEN b.attempt <> j.attempt THEN 'invalid_state'
                 ELSE 'again' END,
            work_state(j.state, j.blocked, j.due_at)
        FROM jsonb_to_recordset(p_beats) AS b(ord int, lane text, id text, worker_id text,
                                              attempt int)
        LEFT JOIN LATERAL (SELECT j.* FROM work_jobs j WHERE j.id = b.id OFFSET 0) j
            ON j.lane = b.lane;
    END IF;
END $$;

-- Undo claims: the attempt is given back. p_claims: [{lane, id, worker_id, attempt, delay_seconds}]; claims
-- that are no longer held are skipped. A job whose cancellation was asked for meanwhile ends here.
CREATE FUNCTION work_release(p_claims jsonb) RETURNS SETOF text
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_released text[];
    v_ended text[];
BEGIN
    SELECT array_agg(c.id) INTO v_ended FROM jsonb_to_recordset(p_claims) AS c(id text);
    IF EXISTS (SELECT FROM work_jobs c
               WHERE c.parent_id = ANY (v_ended) AND c.state = 'scheduled' AND c.blocked) THEN
        PERFORM work_lock_family(v_ended);
    END IF;

    WITH claims AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(p_claims) AS c(
            lane text, id text, worker_id text, attempt int, delay_seconds float8)
    ), held AS MATERIALIZED (
        SELECT j.id, c.delay_seconds, j.cancel_requested_at IS NOT NULL AS unwanted
        FROM (SELECT * FROM claims ORDER BY id) c CROSS JOIN LATERAL (
            SELECT j.id, j.cancel_requested_at FROM work_jobs j
            WHERE j.id = c.id AND CASE j.state WHEN 'processing' THEN
                j.lane = c.lane AND j.worker_id = c.worker_id AND j.attempt = c.attempt END
            FOR UPDATE) j
    ), released AS (
        UPDATE work_jobs j SET
            state = CASE WHEN h.unwanted THEN 'cancelled' ELSE 'pending' END,
            completed_at = CASE WHEN h.unwanted THEN quintet_now() END,
            attempt = j.attempt - 1, started_at = NULL, worker_id = NULL, progress = NULL,
            lease_expires_at = NULL, heartbeat_at = NULL,
            due_at = CASE WHEN h.delay_seconds > 0
                          THEN quintet_now() + make_interval(secs => h.delay_seconds)
                          ELSE j.due_at END
        FROM held h WHERE j.id = h.id
        RETURNING j.*
    ), told AS (
        INSERT INTO events (project_id, stream, type, data, terminal)
        SELECT r.project_id, r.id,
            CASE r.state WHEN 'cancelled' THEN 'job.cancelled' ELSE 'job.released' END,
            work_event_data(r), r.state = 'cancelled'
        FROM released r WHERE r.logged
    ), woken AS MATERIALIZED (
        SELECT count(pg_notify('work', q.address)) AS n
        FROM (SELECT DISTINCT r.lane || ' ' || r.queue AS address FROM released r
              WHERE r.state = 'pending') q
    )
    SELECT array_agg(r.id), array_agg(r.id) FILTER (WHERE r.state = 'cancelled')
    INTO v_released, v_ended FROM released r, woken;
    IF v_ended IS NOT NULL THEN
        PERFORM work_cancel_children(v_ended);
    END IF;
    RETURN QUERY SELECT unnest(v_released);
END $$;

-- Cancel one job. verdict: cancelled | requested | not_found | invalid_state.
CREATE FUNCTION work_cancel(p_lane text, p_id text, OUT verdict text, OUT job work_jobs)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    SELECT j.* INTO job FROM work_jobs j WHERE j.id = p_id AND j.lane IS NOT DISTINCT FROM p_lane FOR UPDATE;
    IF NOT FOUND THEN
        verdict := 'not_found';
    ELSIF job.state IN ('pending', 'scheduled') THEN
        UPDATE work_jobs j SET state = 'cancelled', blocked = false, completed_at = quintet_now(),
            started_at = NULL
        WHERE j.id = p_id RETURNING j.* INTO job;
        IF job.logged THEN
            INSERT INTO events (project_id, stream, type, data, terminal)
            VALUES (job.project_id, job.id, 'job.cancelled', work_event_data(job), true);
        END IF;
        PERFORM work_cancel_children(ARRAY[p_id]);
        verdict := 'cancelled';
    ELSIF job.state = 'processing' THEN
        IF job.cancel_requested_at IS NULL THEN
            UPDATE work_jobs j SET cancel_requested_at = quintet_now()
            WHERE j.id = p_id RETURNING j.* INTO job;
            -- Workers inside the server need not wait for their next heartbeat.
            PERFORM pg_notify('work_cancel', p_id);
        END IF;
        verdict := 'requested';
    ELSE
        verdict := 'invalid_state';
    END IF;
END $$;

-- Start a job over by hand. verdict: ok | not_found | invalid_state.
CREATE FUNCTION work_retry(p_lane text, p_id text, OUT verdict text, OUT job work_jobs)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    SELECT j.* INTO job FROM work_jobs j WHERE j.id = p_id AND j.lane IS NOT DISTINCT FROM p_lane FOR UPDATE;
    IF NOT FOUND THEN
        verdict := 'not_found';
    ELSIF job.state IN ('failed', 'dead_letter') THEN
        UPDATE work_jobs j SET state = 'pending', attempt = 0, run_at = NULL,
            due_at = quintet_now(), started_at = NULL, completed_at = NULL, progress = NULL,
            duration_ms = NULL, worker_id = NULL, heartbeat_at = NULL, cancel_requested_at = NULL
        WHERE j.id = p_id RETURNING j.* INTO job;
        IF job.logged THEN
            INSERT INTO events (project_id, stream, type, data)
            VALUES (job.project_id, job.id, 'job.retry', work_event_data(job));
        END IF;
        PERFORM pg_notify('work', job.lane || ' ' || job.queue);
        verdict := 'ok';
    ELSE
        verdict := 'invalid_state';
    END IF;
END $$;

-- End attempts whose lease has run out, as failed ones. Returns how many. Nothing is locked by the
-- look around: work_settle locks in its own order and asks for the lease again.
CREATE FUNCTION work_reap(p_limit int, p_policy jsonb) RETURNS int
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_acks jsonb;
    v_ended int;
BEGIN
    SELECT jsonb_agg(jsonb_build_object(
            'ord', e.place, 'lane', e.lane, 'id', e.id, 'worker_id', e.worker_id,
            'attempt', e.attempt, 'status', 'failed', 'retryable', true, 'remember', false,
            'expired', true,
            'error', jsonb_build_object(
                'type', 'LeaseExpired',
                'message', 'No heartbeat arrived in time; attempt ' || e.attempt || ' of worker '
                           || e.worker_id || ' was given up.',
                'stack_trace', NULL)))
    INTO v_acks
    FROM (SELECT j.lane, j.id, j.worker_id, j.attempt, row_number() OVER () AS place
          FROM work_jobs j
          WHERE j.state = 'processing' AND j.lease_expires_at <= quintet_now()
          LIMIT p_limit) e;
    IF v_acks IS NULL THEN
        RETURN 0;
    END IF;
    SELECT count(*) INTO v_ended FROM work_settle(v_acks, p_policy) s WHERE s.verdict = 'settled';
    RETURN v_ended;
END $$;

-- Write down what readers see already: scheduled jobs whose time has come. Returns how many.
CREATE FUNCTION work_promote(p_limit int) RETURNS int
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_promoted int;
BEGIN
    WITH due AS MATERIALIZED (
        SELECT j.id FROM work_jobs j
        WHERE j.state = 'scheduled' AND NOT j.blocked AND j.due_at <= quintet_now()
        LIMIT p_limit FOR UPDATE SKIP LOCKED
    ), promoted AS (
        UPDATE work_jobs j SET state = 'pending' FROM due d WHERE j.id = d.id RETURNING j.*
    ), told AS (
        INSERT INTO events (project_id, stream, type, data)
        SELECT p.project_id, p.id, 'job.activated', work_event_data(p)
        FROM promoted p WHERE p.logged
    )
    SELECT count(*) INTO v_promoted FROM promoted;
    RETURN v_promoted;
END $$;

-- Recurring work. A row per schedule; ids are the caller's and unique within a lane.
CREATE TABLE work_schedules (
    lane            text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    project_id      text COLLATE "C" NOT NULL,
    job_type        text NOT NULL,
    queue           text NOT NULL,
    cron_expression text NOT NULL,
    timezone        text NOT NULL,
    payload         text NOT NULL,
    enabled         boolean NOT NULL,
    max_attempts    int NOT NULL,
    timeout_seconds int NOT NULL,
    last_run_at     timestamptz,
    next_run_at     timestamptz,                     -- null while disabled
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (lane, id),
    UNIQUE (lane, job_type)
);
CREATE INDEX work_schedules_due ON work_schedules (next_run_at) WHERE next_run_at IS NOT NULL;
