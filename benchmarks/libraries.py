"""The HTTP libraries that we compare with, in a virtual environment that is made on demand.

`.venv-peers/` is made again when `benchmarks/requirements.txt` changes. So the environment that we
develop in has none of them but what it needs, and what was compared with what is written down.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from benchmarks.process import ROOT
from tests.support.published import published_python, python_of

Home = Literal["ours", "libraries", "published"]


def libraries_python() -> Path:
    """Return the interpreter that sees the libraries and nothing of ours."""
    return python_of(ROOT / ".venv-peers", ROOT / "benchmarks" / "requirements.txt")


def python_in(home: Home) -> Path:
    """Return the interpreter of our environment, the libraries' or the published packages'."""
    if home == "ours":
        return Path(sys.executable)
    return libraries_python() if home == "libraries" else published_python()
