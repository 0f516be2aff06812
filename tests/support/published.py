"""The published packages, in a virtual environment of their own that is made on demand.

`.venv-compat/` in the root belongs to nobody else and is never committed. It is made again when
`tests/compat/requirements.txt` changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-compat"
REQUIREMENTS = ROOT / "tests" / "compat" / "requirements.txt"


def published_python() -> Path:
    """Return the interpreter that sees the published packages and nothing of ours.

    Several processes may ask at once; one installs, the others wait. Raises `RuntimeError` with
    pip's words if the packages cannot be installed.
    """
    return python_of(FOLDER, REQUIREMENTS)


def python_of(folder: Path, requirements: Path) -> Path:
    """Return the interpreter of a virtual environment that is made when it or its list is new."""
    python = folder / "bin" / "python"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    mark = folder / "installed"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            venv.create(folder, with_pip=True)
            _install(python, requirements)
            mark.write_text(wanted)
    return python


def _install(python: Path, requirements: Path) -> None:
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--requirement", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{requirements.name} could not be installed:\n{done.stderr}")
