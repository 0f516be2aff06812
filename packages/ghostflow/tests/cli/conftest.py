"""Fixtures of the command line's tests: a service, and a terminal where a test wants one."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from ghostflow import cli
from ghostflow.cli import connecting
from ghostflow.cli.arguments import make_parser

from .rig import Service


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GF_API_KEY", "GF_BASE_URL", "GF_TEAM_ID", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


_PARSER = make_parser()


@pytest.fixture(autouse=True)
def parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """One parser for all tests: making it takes longer than most of them."""
    monkeypatch.setattr(cli, "make_parser", lambda: _PARSER)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    found = Service()
    monkeypatch.setattr(connecting, "GhostFlowClient", found.client)
    return found


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Terminal]:
    def make(columns: int = 80, lines: int = 24) -> Terminal:
        found = Terminal()
        monkeypatch.setattr(sys, "stdout", found)
        for name, value in (("COLUMNS", columns), ("LINES", lines)):
            monkeypatch.setenv(name, str(value))
        monkeypatch.setenv("TERM", "xterm-256color")
        return found

    return make
