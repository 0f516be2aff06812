"""What the links bring along: their application at the root of the host, and what it stands on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.routing import BaseRoute, Mount

from quintet_server.http.access_log import AccessLog
from quintet_server.services.ghostflow.clicks.addresses import Addresses
from quintet_server.services.ghostflow.clicks.bots import BotRules, ClickRates
from quintet_server.services.ghostflow.context import Call, GhostFlow
from quintet_server.services.ghostflow.redirects.app import PATH, RedirectApp
from quintet_server.services.ghostflow.redirects.book import Book
from quintet_server.services.ghostflow.redirects.clicking import ClickMaker
from quintet_server.services.ghostflow.redirects.writing import Writer
from quintet_server.store.database import Database

__all__ = ["root", "start"]

# Operations that change what links lead to.
_RESOURCES = ("campaigns.", "offers.", "sources.", "domains.", "teams.")


async def start(parts: GhostFlow) -> Callable[[], Awaitable[None]]:
    """Open the book and the writer; the room of clicks has started by then."""
    settings = parts.settings
    maker = ClickMaker(
        parts.clock,
        parts.room(Addresses),
        parts.room(BotRules),
        parts.room(ClickRates),
        uses_cookies=settings.visitor_cookies,
    )
    # Of its own: requests that are slow, and hold every connection of the pool, stop no link.
    db = await Database.open(
        parts.db.url,
        min_size=1,
        max_size=2,
        application_name=f"{parts.db.application_name}-links",
    )
    book = Book(db, parts.bus, settings.click_wait_seconds)
    writer = Writer(
        parts.db.url,
        application_name=f"{parts.db.application_name}-clicks",
        wait_seconds=settings.click_wait_seconds,
        most_waiting=settings.clicks_waiting_max_count,
    )
    try:
        await writer.start()
    except BaseException:
        await db.close()
        raise

    def seen(call: Call, _status: int) -> None:
        if call.request.method != "GET" and call.operation.startswith(_RESOURCES):
            book.forget()

    parts.observers.append(seen)
    parts.rooms.update({ClickMaker: maker, Book: book, Writer: writer})

    async def stop() -> None:
        book.stop()
        await writer.stop()
        await db.close()

    return stop


def root(parts: GhostFlow, runtime: Any) -> Sequence[BaseRoute]:
    """`/c/{slug}`."""
    app = RedirectApp(
        book=parts.room(Book),
        maker=parts.room(ClickMaker),
        writer=parts.room(Writer),
        db=parts.db,
        is_single_host=parts.settings.single_host,
        metrics=runtime.http_metrics,
        access=AccessLog(runtime.http_settings.log_requests),
    )
    return [Mount(PATH, app)]
