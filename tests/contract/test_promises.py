"""The promises of the runtime, on every SDK, blocking and asyncio."""

from __future__ import annotations

import pytest

from quintet.testing.contract import CHECKS, Adaptor, Check

from .adaptors import aerostack, amdahl, flare, flowmaestro, ghostflow

ADAPTORS = [
    *aerostack.ADAPTORS,
    *amdahl.ADAPTORS,
    *flare.ADAPTORS,
    *flowmaestro.ADAPTORS,
    *ghostflow.ADAPTORS,
]

pytestmark = pytest.mark.contract


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize(
    "adaptor",
    ADAPTORS,
    ids=lambda each: f"{each.name}-{'blocking' if each.blocking else 'asyncio'}",
)
async def test_sdk_keeps_the_promise(adaptor: Adaptor, check: Check) -> None:
    await check(adaptor)
