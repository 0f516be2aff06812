"""A self-hostable server that plays five platform services on one PostgreSQL."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
