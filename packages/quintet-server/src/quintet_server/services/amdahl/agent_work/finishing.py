"""The last turns of a work: what is written when no more may be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from quintet_server.services.amdahl.agent_work.bench import Bench
from quintet_server.services.amdahl.agents.model import FinishNow

__all__ = ["closing_turn"]


@asynccontextmanager
async def closing_turn(bench: Bench, key: str) -> AsyncIterator[None]:
    """A turn for writing down what there is; without one when the user wants no more turns."""
    async with AsyncExitStack() as stack:
        with suppress(FinishNow):
            await stack.enter_async_context(bench.turn(key))
        yield
