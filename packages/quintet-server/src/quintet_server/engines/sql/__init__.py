"""Tenants' SQL: one SELECT over their own rows, kept within bounds.

A call goes `engine` → `checking` (the text becomes a tree, the tree is checked and written anew) →
`sessions` (a connection of the tenant's own role) → `execution` (read-only, limited, watched) →
`results` (values as JSON has them). Two layers that each hold alone: what `checking` lets through,
and what the role may do: `roles`, `hardening` and the views of the migration.
"""

from __future__ import annotations

from quintet_server.engines.sql.engine import TenantSql
from quintet_server.engines.sql.model import (
    Catalog,
    Column,
    QueryResult,
    SqlBusy,
    SqlError,
    SqlRefused,
    SqlTimeout,
    SqlUnavailable,
    TableColumn,
)
from quintet_server.engines.sql.settings import SqlSettings

__all__ = [
    "Catalog",
    "Column",
    "QueryResult",
    "SqlBusy",
    "SqlError",
    "SqlRefused",
    "SqlSettings",
    "SqlTimeout",
    "SqlUnavailable",
    "TableColumn",
    "TenantSql",
]
