-- In how many seconds the next job of these queues is due; null if none is. Not above zero: something
-- is due that the claim before stepped over, as its row was locked.
--
-- A function for the sake of its plan, which is fixed like that of the claim (see 0002). As text in
-- the program it was planned anew for every call, which took longer than carrying it out; or one plan
-- was kept that had been made while the table was empty, and read all of it once it was not.
CREATE FUNCTION work_next_due(p_lane text, p_queues text[], p_types text[]) RETURNS float8
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    RETURN (
        SELECT extract(epoch FROM min(c.due_at) - quintet_now())::float8
        FROM unnest(p_queues) AS q(queue) CROSS JOIN LATERAL (
            (SELECT j.due_at FROM work_jobs j
             WHERE j.lane = p_lane AND j.queue = q.queue AND j.state IN ('pending', 'scheduled')
               AND NOT j.blocked AND j.due_at <= quintet_now()
               AND (p_types IS NULL OR j.job_type = ANY (p_types))
             ORDER BY j.due_at, j.id LIMIT 1)
            UNION ALL
            (SELECT j.due_at FROM work_jobs j
             WHERE j.lane = p_lane AND j.queue = q.queue AND j.state IN ('pending', 'scheduled')
               AND NOT j.blocked AND j.due_at > quintet_now()
             ORDER BY j.due_at, j.id LIMIT 1)) c);
END $$;
