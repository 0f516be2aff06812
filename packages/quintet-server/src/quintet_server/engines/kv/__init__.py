"""Keys and JSON values with a time to live, per tenant: on PostgreSQL, or on Valkey or Redis."""

from quintet_server.engines.kv.model import Entry, Kv, KvUnavailable
from quintet_server.engines.kv.opening import open_kv
from quintet_server.engines.kv.settings import KvSettings

__all__ = ["Entry", "Kv", "KvSettings", "KvUnavailable", "open_kv"]
