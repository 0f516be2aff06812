"""Services that answer, and a target behind some of them."""

from __future__ import annotations

from ..scripted_target import target

__all__ = ["target"]
