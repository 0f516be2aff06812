"""A GhostFlow whose links are there twice: `/c/…` as ever, and `/unstored/…`, which stores nothing.

`click_server.py DATABASE_URL FOLDER`; the first line that it prints is `PORT SLUG`. Everything else
about the two is the same, down to the process they run in.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import cast

import uvloop
from starlette.applications import Starlette
from starlette.routing import Mount

from quintet_server.http.access_log import AccessLog
from quintet_server.logs import configure_logging
from quintet_server.runtime import Runtime
from quintet_server.server import bind, make_server
from quintet_server.services.ghostflow.clicks.addresses import Addresses
from quintet_server.services.ghostflow.clicks.bots import BotRules, ClickRates
from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.services.ghostflow.redirects.app import RedirectApp
from quintet_server.services.ghostflow.redirects.book import Book
from quintet_server.services.ghostflow.redirects.caps import Cap
from quintet_server.services.ghostflow.redirects.clicking import ClickMaker
from quintet_server.services.ghostflow.service import service
from quintet_server.services.ghostflow.settings import GhostFlowSettings
from quintet_server.settings import HttpSettings, LogSettings, ServerSettings, Settings
from quintet_server.store.ids import new_uuid7
from quintet_server.store.keys import ensure_project

SLUG = "benchmark"
_CAMPAIGN = """
INSERT INTO ghostflow_campaigns (id, team_id, name, url, slug, offers, cost)
SELECT %s, id, 'Benchmark', 'https://own.example/', %s, %s::jsonb,
    '{"model": "cpc", "amount": "0.2"}'
FROM ghostflow_teams LIMIT 1
"""
_OFFER = """
INSERT INTO ghostflow_offers (id, team_id, name, url)
SELECT %s, id, 'Offer', 'https://offers.example/landing?click={click_id}&zone={sub2}'
FROM ghostflow_teams LIMIT 1
"""


class Unstored:
    """Takes clicks and forgets them."""

    async def add(self, _click: Click, _window_hours: int, _cap: Cap | None = None) -> bool:
        """Say that it is stored."""
        return True


async def main(database_url: str, folder: Path) -> None:
    """Serve until the input ends."""
    server_settings = ServerSettings(
        data_dir=folder, database_url=database_url, dev_keys=False, port=0
    )
    quiet = HttpSettings(log_requests="errors")
    # Who clicks there comes from one machine, and says whose address he has.
    settings = GhostFlowSettings(trusted_proxies=("127.0.0.1/32",))
    configure_logging(LogSettings(level="warning"))  # standard output is for the first line
    runtime = Runtime(Settings(server=server_settings, http=quiet), [service(settings)])
    await runtime.start()
    try:
        await _publish(runtime)
        server = make_server(runtime)
        unstored = Mount("/unstored", _unstored(runtime, settings))
        cast("Starlette", server.config.app).router.routes.insert(0, unstored)
        with contextlib.closing(bind(server_settings)) as listener:
            print(f"{listener.getsockname()[1]} {SLUG}", flush=True)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            await asyncio.to_thread(sys.stdin.read)
            server.should_exit = True
            await serving
    finally:
        await runtime.stop()


async def _publish(runtime: Runtime) -> None:
    offers = [new_uuid7() for _ in range(3)]
    weights = [{"offerId": str(offer), "weight": 1} for offer in offers]
    async with runtime.db.transaction() as conn:
        await ensure_project(conn, "ghostflow", "default")
        for offer in offers:
            await conn.execute(_OFFER, (offer,))
        await conn.execute(_CAMPAIGN, (new_uuid7(), SLUG, json.dumps(weights)))


def _unstored(runtime: Runtime, settings: GhostFlowSettings) -> RedirectApp:
    rules, rates = BotRules(settings), ClickRates()
    return RedirectApp(
        book=Book(runtime.db, runtime.bus, settings.click_wait_seconds),
        maker=ClickMaker(
            runtime.clock, Addresses(settings), rules, rates, uses_cookies=settings.visitor_cookies
        ),
        writer=Unstored(),
        db=runtime.db,
        is_single_host=settings.single_host,
        metrics=runtime.http_metrics,
        access=AccessLog(runtime.http_settings.log_requests),
    )


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
