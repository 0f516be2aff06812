"""The fake service and a clean environment, for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .service import FakeFlare, fake_flare


@pytest.fixture
def flare(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFlare]:
    """A fake service, found by clients through the environment."""
    with fake_flare() as service:
        monkeypatch.setenv("FLARE_BASE_URL", service.url)
        monkeypatch.setenv("FLARE_API_KEY", "zf_test_sk_00000000000000000000000000000000")
        yield service
