"""A server with a scripted language model."""

from __future__ import annotations

from ..talking import later, model, shared_later, shared_model, shared_talk, talk, talking

__all__ = ["later", "model", "shared_later", "shared_model", "shared_talk", "talk", "talking"]
