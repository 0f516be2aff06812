"""Clicks, to look at and to hand in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from quintet_server.services.ghostflow.clicks import agents
from quintet_server.services.ghostflow.clicks.addresses import Addresses
from quintet_server.services.ghostflow.clicks.bots import BotRules, ClickRates
from quintet_server.services.ghostflow.clicks.ingesting import ingest, read_items
from quintet_server.services.ghostflow.clicks.listing import QUERY, get_clicks
from quintet_server.services.ghostflow.clicks.record import wire
from quintet_server.services.ghostflow.clicks.shapes import (
    ClickList,
    ClickObject,
    NewClicks,
    TakenClicks,
)
from quintet_server.services.ghostflow.clicks.store import click_by_id
from quintet_server.services.ghostflow.context import Call, GhostFlow, write
from quintet_server.services.ghostflow.endpoints import Endpoint
from quintet_server.services.ghostflow.errors import not_found
from quintet_server.services.ghostflow.wire import ok

__all__ = ["ENDPOINTS", "start"]


async def get_click(call: Call) -> Response:
    """One click."""
    id = call.path_id("Click")
    async with call.parts.db.connection() as conn:
        click = await click_by_id(conn, call.team.id, id)
    if click is None:
        raise not_found("Click", id)
    return ok(wire(click))


async def create_clicks(call: Call) -> Response:
    """Take in one click or an array of them."""
    items = await read_items(call.raw)
    return await write(call, lambda conn: ingest(call, conn, items))


async def start(parts: GhostFlow) -> Callable[[], Awaitable[None]]:
    """Bring along what tells clicks apart."""
    parts.rooms[Addresses] = Addresses(parts.settings)
    parts.rooms[BotRules] = BotRules(parts.settings)
    parts.rooms[ClickRates] = ClickRates()
    async with parts.db.connection() as conn:
        cursor = await conn.execute(b"SELECT EXISTS (SELECT FROM ghostflow_campaigns)")
        row = await cursor.fetchone()
    warming = asyncio.create_task(asyncio.to_thread(agents.warm)) if row and row[0] else None

    async def stop() -> None:
        if warming is not None:
            await warming
        parts.room(Addresses).close()

    return stop


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/clicks",
        handler=get_clicks,
        operation_id="clicks.list",
        summary="List clicks",
        scope="read:stats",
        response=ClickList,
        query=QUERY,
        description=(
            "Newest first. Filters are those of reports as far as they are about clicks; `from` "
            "and `to` bound the time, `bots` is `include` unless given. `X-Total-Count` is left "
            "out when there are more than ten thousand."
        ),
    ),
    Endpoint(
        path="/clicks",
        handler=create_clicks,
        operation_id="clicks.create",
        summary="Record clicks that happened elsewhere",
        scope="write:campaigns",
        method="POST",
        request=NewClicks,
        reads_itself=True,
        response=TakenClicks,
        status=201,
        body_max_bytes=8 * 1024 * 1024,
        description=(
            "One object, which answers 201 with the click, or 200 if its `clickId` is known; or an "
            "array of at most 1000, which answers 200 with one result per click: "
            "`{index, status: created|duplicate|error, id, error}`."
        ),
    ),
    Endpoint(
        path="/clicks/{id}",
        handler=get_click,
        operation_id="clicks.get",
        summary="Get a click",
        scope="read:stats",
        response=ClickObject,
    ),
)
