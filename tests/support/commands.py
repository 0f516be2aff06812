"""`quintet` on the command line: as a process, or much cheaper in the test's own.

Either way it sees no settings of ours that happen to be set, only those that a test gives it.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

import pytest
import structlog

from quintet_server.cli import main

Done = subprocess.CompletedProcess[str]
_WIDTH = {"COLUMNS": "200"}


def is_ours(name: str) -> bool:
    """Tell whether an environment variable would configure a server."""
    return name.startswith(("QUINTET_", "AI_")) or name == "DATABASE_URL"


def quintet(*arguments: str, env: Mapping[str, str] | None = None) -> Done:
    """Run a command in this process, and return what a process would have left.

    Starting one for each would take nearly all of the tests' time. What only a process shows (how
    it starts, what its log does, how it ends) is asked of `quintet_process`.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        for name in filter(is_ours, list(os.environ)):
            patch.delenv(name)
        for name, value in {**_WIDTH, **(env or {})}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["quintet", *arguments])
        patch.setattr(sys, "stdin", io.StringIO())  # nobody is there to answer
        patch.setattr(sys, "excepthook", sys.excepthook)  # Typer puts one of its own there
        for module in ("cli.database", "serving"):  # a log set up here would outlive its stream
            patch.setattr(f"quintet_server.{module}.configure_logging", lambda _settings: None)
        with _log_on(err):
            code = _exit_code()
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _log_on(stream: TextIO) -> Iterator[None]:
    """Send the log where a command's goes; standard output is for the command's own words."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream))
    try:
        yield
    finally:
        structlog.configure(**before)


def _exit_code() -> int:
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def quintet_process(
    *arguments: str, env: Mapping[str, str] | None = None, folder: Path | None = None
) -> Done:
    """Run a command as a user would; in `folder` if one is given."""
    clean = {name: value for name, value in os.environ.items() if not is_ours(name)}
    return subprocess.run(
        [sys.executable, "-m", "quintet_server", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={**clean, **_WIDTH, **(env or {})},
        check=False,
        timeout=110,
    )
