"""Clicks that convert."""

from __future__ import annotations

import pytest_asyncio

from ..conftest import Api
from ..objects import Objects


@pytest_asyncio.fixture(loop_scope="session")
async def objects(api: Api) -> Objects:
    return await Objects.of(api)
