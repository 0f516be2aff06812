"""Async handlers are async in both worlds: they live here, where no twin is generated."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from zeridion_flare import JobContext


def sleeping_handler(ran: list[str]) -> Callable[..., Awaitable[None]]:
    async def handle(payload: dict[str, Any], ctx: JobContext) -> None:
        await asyncio.sleep(0.01)
        ran.append(ctx.id)

    return handle


def endless_handler(cleaned: list[bool]) -> Callable[..., Awaitable[None]]:
    async def handle(payload: Any) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            cleaned.append(True)

    return handle


def waiting_handler(seen: list[tuple[bool, bool]]) -> Callable[..., Awaitable[None]]:
    async def handle(payload: Any, ctx: JobContext) -> None:
        early = await ctx.cancellation.wait_async(0.01)
        late = await ctx.cancellation.wait_async(10)
        seen.append((early, late))

    return handle


def raising_handler(error: BaseException) -> Callable[..., Awaitable[None]]:
    async def handle(payload: Any) -> None:
        raise error

    return handle


def naming_handler(names: list[str]) -> Callable[..., Awaitable[None]]:
    async def handle(payload: Any) -> None:
        import threading

        names.append(threading.current_thread().name)

    return handle


async def append(names: list[str], name: str) -> None:
    names.append(name)
