"""The SQL of the cache. Each statement does its work for many calls at once.

Whatever locks several rows takes them in the order of the primary key, so that no two statements
wait for each other. `quintet_now()` decides what is there.

What joins arrays of keys with the table gets them as `(SELECT %s::text[])`: so the planner does not
see how long they are. It would find a plan of its own for each call cheaper than the one that fits
all, because short arrays promise few rows, and making it costs more than carrying it out.
"""

from __future__ import annotations

GET = b"""
SELECT value FROM kv_entries
 WHERE space = %s AND key = %s AND (expires_at IS NULL OR expires_at > quintet_now())
"""
# Large values stay where they are: whoever wants one comes again for it alone.
GET_BATCH = b"""
SELECT asked.number, CASE WHEN octet_length(e.value) <= %s THEN e.value END
  FROM unnest((SELECT %s::text[]), (SELECT %s::text[]))
       WITH ORDINALITY AS asked (space, key, number)
  JOIN kv_entries AS e ON e.space = asked.space AND e.key = asked.key
 WHERE e.expires_at IS NULL OR e.expires_at > quintet_now()
"""
# The sum is made of the lengths alone; nothing large is read in order to be refused.
GET_MANY = b"""
WITH found AS MATERIALIZED (
    SELECT key, octet_length(value) AS length FROM kv_entries
     WHERE space = (SELECT %(space)s::text) AND key = ANY((SELECT %(keys)s::text[])::text[])
       AND (expires_at IS NULL OR expires_at > quintet_now())
), asked AS MATERIALIZED (
    SELECT sum(found.length)::bigint AS total
      FROM unnest((SELECT %(keys)s::text[])) AS a (key) JOIN found ON found.key = a.key COLLATE "C"
)
SELECT asked.total, e.key, CASE WHEN asked.total <= %(most)s THEN e.value END
  FROM asked, found
  JOIN kv_entries AS e ON e.space = (SELECT %(space)s::text) AND e.key = found.key
"""
# The values are sent in binary: as a text array they would be three times as long.
SET = b"""
INSERT INTO kv_entries AS e (space, key, value, expires_at)
SELECT n.space, n.key, n.value, quintet_now() + make_interval(secs => n.ttl)
  FROM unnest(%b::text[], %b::text[], %b::bytea[], %s::bigint[]) AS n (space, key, value, ttl)
 ORDER BY n.space COLLATE "C", n.key COLLATE "C"
ON CONFLICT (space, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""
# An expired entry is removed too, but nobody has lost anything by it.
DELETE = b"""
WITH doomed AS MATERIALIZED (
    SELECT e.space, e.key, (e.expires_at IS NULL OR e.expires_at > quintet_now()) AS lived
      FROM unnest((SELECT %s::text[]), (SELECT %s::text[])) AS n (space, key)
      JOIN kv_entries AS e ON e.space = n.space AND e.key = n.key
     ORDER BY e.space, e.key FOR UPDATE OF e
)
DELETE FROM kv_entries AS e USING doomed AS d WHERE e.space = d.space AND e.key = d.key
RETURNING e.space, e.key, d.lived
"""
LIST = b"""
SELECT key, ceil(extract(epoch FROM expires_at))::bigint FROM kv_entries
 WHERE space = %(space)s AND key > %(after)s AND key >= %(prefix)s
   AND (%(end)s::text IS NULL OR key < %(end)s)
   AND (expires_at IS NULL OR expires_at > quintet_now())
 ORDER BY key LIMIT %(limit)s
"""
# One more is looked for than is removed: that it is there is all we want to know of it. The keys go
# on as arrays, which an index is asked for: where statistics know nothing of a new space yet, a
# join compares each key with every other one, which takes a minute for ten thousand.
FLUSH = b"""
WITH found AS MATERIALIZED (
    SELECT key FROM kv_entries
     WHERE space = %(space)s AND key >= %(prefix)s AND (%(end)s::text IS NULL OR key < %(end)s)
       AND (expires_at IS NULL OR expires_at > quintet_now())
     ORDER BY key LIMIT %(cap)s + 1
), doomed AS MATERIALIZED (
    SELECT e.key FROM kv_entries AS e
     WHERE e.space = %(space)s
       AND e.key = ANY (ARRAY (SELECT key FROM found ORDER BY key LIMIT %(cap)s))
     ORDER BY e.key FOR UPDATE
), gone AS (
    DELETE FROM kv_entries AS e
     WHERE e.space = %(space)s AND e.key = ANY (ARRAY (SELECT key FROM doomed)) RETURNING 1
)
SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM found) > %(cap)s
"""
EXPIRE = b"""
UPDATE kv_entries SET expires_at = quintet_now() + make_interval(secs => %s)
 WHERE space = %s AND key = %s AND (expires_at IS NULL OR expires_at > quintet_now())
"""
INCREMENT = b"""
SELECT n.number, i.verdict, i.total
  FROM (SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
               WITH ORDINALITY AS a (space, key, amount, initial, ttl, number)
         ORDER BY a.space COLLATE "C", a.key COLLATE "C", a.number) AS n,
       LATERAL kv_increment(n.space, n.key, n.amount, n.initial, n.ttl) AS i
"""
SWEEP = b"""
WITH past AS MATERIALIZED (
    SELECT space, key FROM kv_entries WHERE expires_at <= quintet_now()
     ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM kv_entries AS e USING past WHERE e.space = past.space AND e.key = past.key
"""
