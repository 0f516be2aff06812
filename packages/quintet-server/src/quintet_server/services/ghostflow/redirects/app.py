"""`GET /c/{slug}`: the one route that the whole service is for.

An ASGI application of its own, past everything that other requests share: nobody has to prove who
they are, and each layer would cost more than all that is done here. What a request is counted and
logged by is the same.
"""

from __future__ import annotations

from time import perf_counter
from typing import Protocol

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from starlette.types import Receive, Scope, Send

from quintet_server.http.access_log import AccessLog
from quintet_server.http.metrics import HttpMetrics
from quintet_server.http.request_id import choose_request_id
from quintet_server.services.ghostflow.clicks.record import Click
from quintet_server.services.ghostflow.redirects.answers import (
    Answer,
    found,
    not_allowed,
    not_found,
    not_now,
    not_stored,
    send_answer,
)
from quintet_server.services.ghostflow.redirects.book import Book
from quintet_server.services.ghostflow.redirects.caps import Cap, Wish, take_places
from quintet_server.services.ghostflow.redirects.clicking import ClickMaker, Made, Visit
from quintet_server.services.ghostflow.redirects.links import Domain, Link
from quintet_server.services.ghostflow.redirects.writing import NotStored
from quintet_server.store.database import Database
from quintet_server.store.ids import new_ulid

__all__ = ["PATH", "RedirectApp", "Storing"]

PATH = "/c"
_SERVICE = "ghostflow"
_ROUTE = f"{PATH}/{{slug}}"
_METHODS = frozenset(("GET", "HEAD"))

_log = structlog.get_logger(__name__)


class Storing(Protocol):
    """What takes the clicks; see `Writer`."""

    async def add(self, click: Click, window_hours: int, cap: Cap | None = None) -> bool:
        """Store a click, unless the cap is used up."""
        ...


class RedirectApp:
    """Follows links.

    Args:
        book: What links lead to.
        maker: Makes their clicks.
        writer: Stores them.
        db: For a look at caps.
        is_single_host: Whether links work under any host, not just under domains of their team.
        metrics: Counts requests.
        access: Logs them.
    """

    def __init__(
        self,
        *,
        book: Book,
        maker: ClickMaker,
        writer: Storing,
        db: Database,
        is_single_host: bool,
        metrics: HttpMetrics,
        access: AccessLog,
    ) -> None:
        self._book = book
        self._maker = maker
        self._writer = writer
        self._db = db
        self._is_single_host = is_single_host
        self._metrics = metrics
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Its body, if it has one, is not read."""
        started = perf_counter()
        method: str = scope["method"]
        status = 499  # nginx's number for: the client closed the connection first
        self._metrics.request_open(1)
        try:
            answer = await self._answer(scope, method)
            status = answer.status
            await send_answer(answer, send, is_head=method == "HEAD")
        finally:
            self._metrics.request_open(-1)
            seconds = perf_counter() - started
            label = method if method in _METHODS else "other"
            self._metrics.observe(_SERVICE, label, _ROUTE, status, seconds)
            if self._access.writes(status):
                self._access.write(
                    service=_SERVICE,
                    method=method,
                    path=scope["path"],
                    status=status,
                    seconds=seconds,
                    request_id=_request_id(scope),
                    key_id=None,
                )

    async def _answer(self, scope: Scope, method: str) -> Answer:
        if method not in _METHODS:
            return not_allowed()
        try:
            return await self._follow(scope, counts=method == "GET")
        except (NotStored, psycopg.OperationalError, PoolTimeout, TimeoutError):
            return not_now()
        except Exception:
            # Whoever follows a link is a visitor: a page of ours, and never a broken connection.
            _log.exception("link_failed", path=scope["path"])
            return not_stored()

    async def _follow(self, scope: Scope, *, counts: bool) -> Answer:
        headers = dict(scope["headers"])
        slug = scope["path"][len(scope["root_path"]) + 1 :]
        domain = await self._book.domain_of(_host(headers.get(b"host", b"")))
        link = await self._book.by_slug(slug)
        if link is None or not self._is_served(link, domain):
            fallback = None if domain is None else domain.fallback_url
            return not_found() if not fallback else found(fallback)
        client = scope.get("client")
        peer = client[0] if client else ""
        visit = Visit(peer, scope["scheme"], scope["query_string"], headers, counts)
        made = self._maker.make(link, domain, visit)
        await self._send_on(made, counts=counts)
        return found(made.click.destination, made.set_cookie)

    def _is_served(self, link: Link, domain: Domain | None) -> bool:
        """A domain serves the links of its team. Other hosts serve all links, or none."""
        return self._is_single_host if domain is None else domain.team_id == link.team_id

    async def _send_on(self, made: Made, *, counts: bool) -> None:
        """Choose until there is a place for the click; it is stored then."""
        while True:
            offer = self._maker.send_on(made)
            cap = None if offer is None else offer.cap
            if counts:
                has_place = await self._writer.add(made.click, made.link.window_hours, cap)
            else:
                has_place = cap is None or await self._has_place(cap, made.click)
            if has_place or offer is None:
                return
            self._maker.was_full(made, offer)

    async def _has_place(self, cap: Cap, click: Click) -> bool:
        async with self._db.transaction() as conn:
            [has_place] = await take_places(conn, [Wish(cap, click.at, is_bot=True)])
        return has_place


def _request_id(scope: Scope) -> str:
    return choose_request_id(dict(scope["headers"]).get(b"x-request-id"), new_ulid)


def _host(header: bytes) -> str:
    """The host without its port, in lower case."""
    host = header.decode("latin-1").lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")
