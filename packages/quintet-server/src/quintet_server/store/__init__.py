"""What is kept: the database, its migrations, the event log, keys, idempotent replies, ids."""
