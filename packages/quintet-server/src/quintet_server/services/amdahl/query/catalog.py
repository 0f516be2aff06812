"""What tenants may query, as the engine wants to know it."""

from __future__ import annotations

from typing import cast

from quintet_server.engines.sql import Catalog, TableColumn
from quintet_server.engines.sql.model import ColumnType
from quintet_server.services.amdahl.data.tables import TABLES

__all__ = ["CATALOG"]

CATALOG = Catalog(
    schema="amdahl",
    tables={
        table.name: tuple(
            TableColumn(column.name, cast("ColumnType", column.type), not column.nullable)
            for column in table.columns
        )
        for table in TABLES.values()
    },
)
