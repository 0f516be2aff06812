"""This repository as an archive: up in pieces, down in pieces, and the same bytes."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TransferSpeedColumn,
)

from aerostack import SDK
from examples.demo.report import Report, console

KEY = "archives/quintet.tar"
_MIB = 1 << 20
_HEAD_BYTES = 512  # the first header of a tar archive
_NOT_OURS = frozenset({"__pycache__", "build", "dist"})


def there_and_back(sdk: SDK, root: Path, folder: Path, report: Report) -> None:
    """Pack, upload, download, compare; then ask for the first bytes only."""
    packed, copy = folder / "quintet.tar", folder / "quintet-downloaded.tar"
    count = _pack(root, packed)
    size = packed.stat().st_size
    console.print(
        f"\n[bold]Storage:[/] this repository, {count} files, as an archive of "
        f"{size / _MIB:.1f} MiB …"
    )
    digest = _sha256(packed)
    began = time.monotonic()
    columns = (
        *(TextColumn("  {task.description:<8}"), BarColumn(), TaskProgressColumn()),
        *(DownloadColumn(binary_units=True), TransferSpeedColumn()),
    )
    with Progress(*columns, console=console) as bars:
        up = bars.add_task("upload", total=size)
        with packed.open("rb") as file:
            stored = sdk.storage.storage_upload(
                {
                    "key": KEY,
                    "content_type": "application/x-tar",
                    "file": {"file_name": packed.name, "content": file},
                },
                progress=lambda sent, _size: bars.update(up, completed=sent),
            )
        uploaded = time.monotonic() - began
        down = bars.add_task("download", total=stored.size)
        # `download.save(path)` does this in one line; here every piece moves the bar.
        with sdk.storage.storage_get({"key": KEY}) as download, copy.open("wb") as file:
            for piece in download:
                file.write(piece)
                bars.update(down, advance=len(piece))
    outcome = f"{(stored.size or 0) / _MIB:.1f} MiB in {uploaded:.2f} s"
    report.line("an archive, uploaded", outcome, f"{count} files", fine=stored.size == size)
    back = _sha256(copy)
    console.print("  the SHA-256 of what went up, and of what came back:", style="dim")
    console.print(f"    {digest}\n    {back}", style="dim")
    word = "is" if back == digest else "is not"
    report.line("  downloaded", f"SHA-256 {word} the same", back[:12], fine=back == digest)
    with sdk.storage.storage_get({"key": KEY}, byte_range=(0, _HEAD_BYTES - 1)) as download:
        status, head = download.status_code, download.read()
    with packed.open("rb") as file:
        fine = status == 206 and head == file.read(_HEAD_BYTES)
    report.line("  only a part of it", f"HTTP {status}", f"{len(head)} bytes", fine=fine)


def _pack(root: Path, target: Path) -> int:
    """Write the repository's files into an archive; return how many they are."""
    count = 0
    with tarfile.open(target, "w") as archive:
        for path in _files(root):
            archive.add(path, path.relative_to(root), recursive=False)
            count += 1
    return count


def _files(root: Path) -> Iterator[Path]:
    """Yield what git tracks; without git or its folder, everything that looks like ours."""
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True, check=False
    )
    if (root / ".git").exists() and not listed.returncode:
        tracked = (root / name for name in listed.stdout.split("\0") if name)
        yield from (path for path in tracked if path.is_file())
        return
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and not any(p.startswith(".") or p in _NOT_OURS for p in parts):
            yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
