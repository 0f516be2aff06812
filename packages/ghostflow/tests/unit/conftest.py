"""No variable of the machine may reach a client under test."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GF_API_KEY", "GF_BASE_URL", "GF_TEAM_ID"):
        monkeypatch.delenv(name, raising=False)
