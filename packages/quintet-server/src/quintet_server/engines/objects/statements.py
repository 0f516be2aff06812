"""The statements of the object engine."""

from __future__ import annotations

__all__ = [
    "BEGIN",
    "COMMIT",
    "COPY",
    "DELETE",
    "FORGET",
    "GARBAGE",
    "GIVE_UP",
    "HEAD",
    "LIST",
    "LIVE",
    "LOCK",
    "MOVE",
    "SECRET",
    "SWEPT",
    "THROW_AWAY",
]

# In the order of ObjectInfo.
_INFO = b"key, size, sha256, content_type, last_modified, blob, metadata"

SECRET = b"SELECT secret FROM object_signing"
HEAD = b"SELECT " + _INFO + b" FROM objects WHERE project_id = %s AND key = %s"
LIST = (
    b"SELECT "
    + _INFO
    + b""" FROM objects
WHERE project_id = %(project)s AND key >= %(prefix)s
  AND (%(beyond)s::text IS NULL OR key < %(beyond)s)
  AND (%(after)s::text IS NULL OR key > %(after)s)
ORDER BY key LIMIT %(limit)s
"""
)
DELETE = b"DELETE FROM objects WHERE project_id = %s AND key = %s"

# Uploads.
BEGIN = b"INSERT INTO object_uploads (blob) VALUES (%s)"
FORGET = b"DELETE FROM object_uploads WHERE blob = %s"
LIVE = b"UPDATE object_uploads SET seen_at = clock_timestamp() WHERE blob = ANY (%s)"
# Only an upload that nobody has given up becomes an object: otherwise its blob may be gone.
COMMIT = (
    b"""
WITH upload AS (DELETE FROM object_uploads WHERE blob = %(blob)s RETURNING blob)
INSERT INTO objects (project_id, key, blob, size, sha256, content_type, metadata)
SELECT %(project)s, %(key)s, blob, %(size)s, %(sha256)s, %(content_type)s, %(metadata)s FROM upload
ON CONFLICT (project_id, key) DO UPDATE SET
    blob = excluded.blob, size = excluded.size, sha256 = excluded.sha256,
    content_type = excluded.content_type, metadata = excluded.metadata,
    last_modified = excluded.last_modified
RETURNING """
    + _INFO
)

# Copying and moving.
LOCK = (
    b"SELECT "
    + _INFO
    + b""" FROM objects
WHERE project_id = %(project)s AND key IN (%(source)s, %(target)s)
ORDER BY key FOR UPDATE
"""
)
_ONTO = (
    b"""
INSERT INTO objects (project_id, key, blob, size, sha256, content_type, metadata)
SELECT project_id, %(target)s, blob, size, sha256, content_type, metadata FROM source
ON CONFLICT (project_id, key) DO UPDATE SET
    blob = excluded.blob, size = excluded.size, sha256 = excluded.sha256,
    content_type = excluded.content_type, metadata = excluded.metadata,
    last_modified = excluded.last_modified
RETURNING """
    + _INFO
)
COPY = (
    b"""
WITH source AS (SELECT * FROM objects WHERE project_id = %(project)s AND key = %(source)s)
"""
    + _ONTO
)
MOVE = (
    b"""
WITH source AS (
    DELETE FROM objects WHERE project_id = %(project)s AND key = %(source)s RETURNING *
)
"""
    + _ONTO
)

# Sweeping.
GIVE_UP = b"""
WITH broken AS (
    DELETE FROM object_uploads
    WHERE seen_at < clock_timestamp() - make_interval(secs => %s)
    RETURNING blob
)
INSERT INTO object_garbage (blob, dropped_at) SELECT blob, '-infinity' FROM broken
"""
THROW_AWAY = b"INSERT INTO object_garbage (blob, dropped_at) VALUES (%s, '-infinity')"
GARBAGE = b"""
SELECT g.id, g.blob, EXISTS (SELECT FROM objects o WHERE o.blob = g.blob)
FROM object_garbage g
WHERE g.dropped_at <= quintet_now() - make_interval(secs => %s)
ORDER BY g.dropped_at LIMIT %s
FOR UPDATE OF g SKIP LOCKED
"""
SWEPT = b"DELETE FROM object_garbage WHERE id = ANY (%s)"
