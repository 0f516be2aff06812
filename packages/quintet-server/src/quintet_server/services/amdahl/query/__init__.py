"""`POST /data/query`: statements of a tenant over its own rows."""
