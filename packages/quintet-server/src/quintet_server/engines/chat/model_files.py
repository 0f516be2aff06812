"""The GGUF files of a data folder: ``<data-dir>/models/<name>.gguf`` is the model ``<name>``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ModelFile", "find_model", "model_files", "models_folder", "remove_model"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model on disk. ``version`` changes when the file does."""

    name: str
    path: Path
    size_bytes: int
    version: tuple[int, int]


def models_folder(data_dir: Path) -> Path:
    """Return the folder of a data folder's models; it need not exist."""
    return data_dir / "models"


def model_file(path: Path, name: str | None = None) -> ModelFile | None:
    """Return what lies at a path, None if no file does."""
    try:
        seen = path.stat()
    except OSError:
        return None
    if not path.is_file():
        return None
    return ModelFile(name or path.stem, path, seen.st_size, (seen.st_mtime_ns, seen.st_ino))


def model_files(data_dir: Path) -> list[ModelFile]:
    """Return the models of a data folder, by name."""
    paths = sorted(models_folder(data_dir).glob("*.gguf"))
    # What is being written has a name that begins with a dot.
    found = (model_file(path) for path in paths if _NAME.fullmatch(path.stem))
    return [one for one in found if one is not None]


def find_model(files: list[ModelFile], name: str) -> ModelFile | None:
    """Return the model of that name; upper and lower case and ``.gguf`` do not matter."""
    wanted = name.lower().removesuffix(".gguf")
    return next((one for one in files if one.name.lower() == wanted), None)


def remove_model(data_dir: Path, name: str) -> ModelFile | None:
    """Delete a model's file and return what it was; None if there is none."""
    found = find_model(model_files(data_dir), name)
    if found is not None:
        found.path.unlink(missing_ok=True)
    return found
