"""Objects of projects: bytes under keys, of any size, in constant memory.

The bytes are blobs in a store (a folder, or S3, GCS, Azure by URL), the rest is in PostgreSQL.
"""

from __future__ import annotations

from quintet_server.engines.objects.engine import Objects
from quintet_server.engines.objects.model import (
    ObjectInfo,
    ObjectPage,
    ObjectTooLarge,
    StoreFailed,
    UploadLost,
)
from quintet_server.engines.objects.settings import ObjectSettings

__all__ = [
    "ObjectInfo",
    "ObjectPage",
    "ObjectSettings",
    "ObjectTooLarge",
    "Objects",
    "StoreFailed",
    "UploadLost",
]
