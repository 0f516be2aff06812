"""A file that appears when it is complete, or not at all."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

__all__ = ["PartialFile"]


class PartialFile:
    """Writes beside the target, and takes its place at the end.

    Args:
        path: The target; its folder must exist.

    Raises:
        OSError: The folder does not exist or cannot be written to.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._target = Path(path)
        beside = f".{self._target.name[:200]}.{os.urandom(8).hex()}.part"
        self._path: Path | None = self._target.with_name(beside)
        try:
            self._file = self._path.open("xb")
        except OSError as error:
            error.filename = str(self._target)  # the one that whoever reads it knows
            raise

    def write(self, piece: bytes) -> None:
        """Append."""
        self._file.write(piece)

    def complete(self) -> Path:
        """Put the file in its place, once it is safely on the disk; return its path."""
        assert self._path is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.replace(self._target)
        self._path = None
        return self._target

    def discard(self) -> None:
        """Remove what is there, unless it is complete."""
        self._file.close()
        path, self._path = self._path, None
        if path is not None:
            path.unlink(missing_ok=True)
