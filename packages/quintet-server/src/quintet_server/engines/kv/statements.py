"""The SQL of the cache. Each statement does its work for many calls at once.

Whatever locks several rows takes them in the order of the primary key, so that no two statements
wait for each other. `quintet_now()` decides what is there.

All but `SET` and the outer half of `INCREMENT`, which only ask an index, are functions of migration
0033, which fix their plans: else one that was made while the table was tiny would be kept, and read
all of a large one. Those get arrays as `(SELECT …)`, so that the planner does not see how long they
are. It would find a plan of its own for each call cheaper than the one that fits all, because short
arrays promise few rows, and making it costs more than carrying it out.
"""

from __future__ import annotations

GET = b"SELECT kv_get(%s, %s)"
# Large values stay where they are: whoever wants one comes again for it alone.
GET_BATCH = b"SELECT number, value FROM kv_get_batch(%s, %s::text[], %s::text[])"
GET_MANY = b"SELECT total, key, value FROM kv_get_many(%s, %s::text[], %s)"
# The values are sent in binary: as a text array they would be three times as long.
SET = b"""
INSERT INTO kv_entries AS e (space, key, value, expires_at)
SELECT n.space, n.key, n.value, quintet_now() + make_interval(secs => n.ttl)
  FROM unnest(%b::text[], %b::text[], %b::bytea[], %s::bigint[]) AS n (space, key, value, ttl)
 ORDER BY n.space COLLATE "C", n.key COLLATE "C"
ON CONFLICT (space, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""
DELETE = b"SELECT space, key FROM kv_delete(%s::text[], %s::text[])"
LIST = b"SELECT key, expires_at FROM kv_list(%s, %s, %s, %s, %s)"
FLUSH = b"SELECT deleted, is_truncated FROM kv_flush(%s, %s, %s, %s)"
EXPIRE = b"SELECT kv_expire(%s, %s, %s)"
INCREMENT = b"""
SELECT n.number, i.verdict, i.total
  FROM (SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
               WITH ORDINALITY AS a (space, key, amount, initial, ttl, number)
         ORDER BY a.space COLLATE "C", a.key COLLATE "C", a.number) AS n,
       LATERAL kv_increment(n.space, n.key, n.amount, n.initial, n.ttl) AS i
"""
SWEEP = b"SELECT kv_sweep(%s)"
