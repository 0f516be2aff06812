"""What the engine gives back, and what can go wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["ObjectInfo", "ObjectPage", "ObjectTooLarge", "StoreFailed", "UploadLost"]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """All that is known of one object, at one moment."""

    key: str
    size: int
    """In bytes."""
    sha256: str
    """Of its bytes, 64 hexadecimal digits."""
    content_type: str
    last_modified: datetime
    version: str
    """The name of its blob: the bytes behind it never change."""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """The same for the same bytes, whoever uploaded them; without quotation marks."""
        return self.sha256


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Some objects of a list, in the order of their keys' bytes."""

    objects: Sequence[ObjectInfo]
    truncated: bool
    """More follow after the last one."""


class ObjectTooLarge(Exception):
    """More bytes came than the upload may have; nothing of them is kept."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"more than {max_bytes} bytes")
        self.max_bytes = max_bytes


class StoreFailed(Exception):
    """The store of the bytes could not do what was asked; what was visible before still is."""


class UploadLost(Exception):
    """The process was out of touch with the database for so long that its upload was given up."""
