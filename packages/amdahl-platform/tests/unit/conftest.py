"""No variable of the machine may reach a client under test."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "AMDAHL_URL"):
        monkeypatch.delenv(name, raising=False)
