"""Verification of domains: a token is asked for under the host, and this server gives it out.

So a domain that leads here verifies by itself; one that leads elsewhere can show the token there.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from http import HTTPStatus

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from quintet_server.engines.hooks.target import TargetRefused
from quintet_server.services.ghostflow.catalog import operations, store
from quintet_server.services.ghostflow.catalog.domains import DOMAINS, PATH
from quintet_server.services.ghostflow.catalog.hosts import is_local
from quintet_server.services.ghostflow.context import Call, parts_of, write
from quintet_server.services.ghostflow.errors import conflict
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["HOST_PREFIXES", "HOST_ROUTES", "PUBLIC_PREFIXES", "Verifier", "verify"]

SECONDS = 5.0
_BODY_MAX_BYTES = 1024
_ERROR_MAX_CHARS = 300  # some errors repeat what the peer has sent
_TOKEN = re.compile("[0-9a-f]{32}", re.ASCII)
_HEADERS = {"User-Agent": "GhostFlow-Verification/1", "Accept-Encoding": "identity"}
_KNOWN = b"SELECT 1 FROM ghostflow_domains WHERE verification_token = %s AND deleted_at IS NULL"


class Verifier:
    """Asks hosts for their tokens."""

    def __init__(
        self, client: httpx.AsyncClient, *, port: int = 80, seconds: float = SECONDS
    ) -> None:
        """`client` decides which addresses may be reached; `seconds` bounds everything."""
        self._client = client
        self._port = port
        self._seconds = seconds

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def problem(self, host: str, token: str) -> str | None:
        """Why the host has not shown its token; None if it has."""
        address = host if self._port == 80 else f"{host}:{self._port}"
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ask(f"http://{address}{PATH}/{token}", token)
        except TargetRefused as error:
            return f"The host may not be asked: {error}."
        except (TimeoutError, httpx.TimeoutException):
            return f"There was no answer within {self._seconds:g} seconds."
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            told = str(error)[:_ERROR_MAX_CHARS] or type(error).__name__
            return f"The host could not be reached: {told}."

    async def _ask(self, url: str, token: str) -> str | None:
        async with self._client.stream("GET", url, headers=_HEADERS) as answer:
            if answer.status_code != HTTPStatus.OK:
                return f"The host answered with the status {answer.status_code}, not 200."
            body = b""
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > _BODY_MAX_BYTES:
                    return f"The answer is longer than {_BODY_MAX_BYTES} bytes."
        if body.strip() != token.encode():
            return "The answer is not the token."
        return None


async def verify(call: Call) -> Response:
    """`POST /domains/{id}/verify`: look now; 200 with the domain, `active` or `failed`.

    Asks once, within 5 seconds, and follows no redirect. Raises 409 if the domain gets another host
    meanwhile.
    """
    id = call.path_id(DOMAINS.noun)
    async with call.parts.db.connection() as conn:
        asked = await store.find(conn, DOMAINS, call.team.id, id)
    host = asked["host"]
    problem = None
    if not is_local(host):
        problem = await call.parts.room(Verifier).problem(host, asked["verification_token"])

    async def action(conn: Connection) -> Reply:
        row = await operations.locked(DOMAINS, call, conn)
        if row["host"] != host:
            raise conflict("The host of this domain has been changed while it was verified.")
        outcome = {
            "status": "active" if problem is None else "failed",
            "last_checked_at": datetime.fromtimestamp(call.parts.clock.now(), UTC),
            "last_error": problem,
        }
        return operations.reply(
            DOMAINS, call, await operations.apply(DOMAINS, call, conn, row, outcome)
        )

    return await write(call, action)


async def _show_token(request: Request) -> Response:
    """The token of a domain that is known here, whatever host the request names."""
    token: str = request.path_params["token"]
    if _TOKEN.fullmatch(token) is None or not await _is_known(request, token):
        return PlainTextResponse("not found", 404)
    return PlainTextResponse(token, headers={"Cache-Control": "no-store"})


async def _is_known(request: Request, token: str) -> bool:
    async with parts_of(request).db.connection() as conn:
        return await (await conn.execute(_KNOWN, (token,))).fetchone() is not None


HOST_PREFIXES = (PATH,)
PUBLIC_PREFIXES = (f"{PATH}/",)
HOST_ROUTES = (Route(f"{PATH}/{{token}}", _show_token, methods=["GET"]),)
