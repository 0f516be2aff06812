"""The promises of the runtime, on every SDK, blocking and asyncio.

Once on scripted transports, and once over sockets behind each of the two engines: what an SDK
promises may not depend on what speaks HTTP for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

import pytest

from quintet.testing.contract import CHECKS, Adaptor, Check
from quintet.transport.choosing import EngineName
from tests.support.played import playing

from .adaptors import aerostack, amdahl, flare, flowmaestro, ghostflow

ADAPTORS = [
    *aerostack.ADAPTORS,
    *amdahl.ADAPTORS,
    *flare.ADAPTORS,
    *flowmaestro.ADAPTORS,
    *ghostflow.ADAPTORS,
]

pytestmark = pytest.mark.contract
every_adaptor = pytest.mark.parametrize(
    "adaptor",
    ADAPTORS,
    ids=lambda each: f"{each.name}-{'blocking' if each.blocking else 'asyncio'}",
)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@every_adaptor
async def test_sdk_keeps_the_promises(adaptor: Adaptor, subtests: pytest.Subtests) -> None:
    for name, check in named(CHECKS):
        with subtests.test(name):
            await check(adaptor)


@pytest.mark.parametrize("engine", ["native", "httpx"])
@every_adaptor
async def test_sdk_keeps_the_promises_over_sockets(
    adaptor: Adaptor, engine: EngineName, subtests: pytest.Subtests
) -> None:
    for name, check in named(CHECKS):
        with subtests.test(name):
            async with playing(engine, blocking=adaptor.blocking) as play:
                await check(replace(adaptor, play=play))


def named(checks: Iterable[Check]) -> list[tuple[str, Check]]:
    return [(check.__name__.removeprefix("check_"), check) for check in checks]
