"""`GET /embed-page/{workspace}/{page}?t=<token>`: a page in somebody else's frame, without a key.

Rendered anew on each load, with the rights its maker has at that moment. Whatever is wrong with the
token, nothing is shown and nothing is told: a browser gets an empty document, a program 401.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from quintet_server.http.errors import ApiError, Failure
from quintet_server.http.rate_limit import MovingWindow
from quintet_server.services.amdahl.context import SERVICE, Amdahl, parts_of, role_of
from quintet_server.services.amdahl.errors import AmdahlErrors
from quintet_server.services.amdahl.pages.access import may_see
from quintet_server.services.amdahl.pages.embedding.minting import PATH
from quintet_server.services.amdahl.pages.embedding.tokens import (
    Claims,
    TokenInvalid,
    read_claims,
    verify_token,
)
from quintet_server.services.amdahl.pages.model import Page
from quintet_server.services.amdahl.pages.store import read_page
from quintet_server.services.amdahl.rendering.accept import prefers_html
from quintet_server.services.amdahl.rendering.rendered import render
from quintet_server.services.amdahl.wire import ok
from quintet_server.store.keys import Principal

__all__ = ["HOST_PREFIXES", "HOST_ROUTES", "PUBLIC_PREFIXES"]

_SCOPE = "pages:read"
_EMPTY = b'<!doctype html><html lang="en"><meta charset="utf-8"><title></title><body></body></html>'
_FIND = """
SELECT s.secret, k.scopes, k.attributes, p.settings
  FROM projects p
  JOIN amdahl_embed_secrets s ON s.project_id = p.id AND s.kid = %(kid)s
  JOIN api_keys k ON k.project_id = p.id AND k.id = %(sub)s
   AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > quintet_now())
 WHERE p.service = %(service)s AND p.name = %(slug)s AND p.id = %(biz)s
"""


class _Nothing(Exception):
    """There is nothing to be shown to whoever has this token."""


@dataclass(frozen=True, slots=True)
class _Permit:
    """A token that holds, and whoever made it as they are now."""

    claims: Claims
    maker: Principal


async def show_page(request: Request) -> Response:
    """The page, if the token in the URL holds."""
    parts = parts_of(request)
    as_json = _wants_json(request)
    try:
        permit = await _permit(parts, request)
        page = await _page(parts, permit)
    except _Nothing:
        return _nothing(as_json)
    _limit(request, parts, permit.maker)
    try:
        rendered = await render(parts, permit.claims.biz, page, permit.claims.rules)
    except ApiError as error:
        if error.status >= 500:
            raise
        return _nothing(as_json)  # its parameters are others by now
    if as_json:
        response = ok(rendered.wire())
    else:
        response = Response(await rendered.html(), media_type="text/html")
    response.headers.update(_headers(_ancestors(permit.claims)))
    return response


async def _permit(parts: Amdahl, request: Request) -> _Permit:
    token = request.query_params.get("t", "")
    try:
        claims = read_claims(token)
    except TokenInvalid:
        raise _Nothing from None
    values = {
        "service": SERVICE,
        "slug": request.path_params["slug"],
        "kid": claims.kid,
        "sub": claims.sub,
        "biz": claims.biz,
    }
    if claims.pid != request.path_params["page_id"] or "\0" in "".join(values.values()):
        raise _Nothing
    async with parts.db.connection() as conn:
        row = await (await conn.execute(_FIND, values)).fetchone()
    if row is None:
        raise _Nothing
    secret, scopes, attributes, settings = row
    try:
        verify_token(token, secret)
    except TokenInvalid:
        raise _Nothing from None
    if claims.exp <= parts.clock.now():
        raise _Nothing
    maker = Principal(
        claims.sub, claims.biz, values["slug"], SERVICE, frozenset(scopes), settings, attributes
    )
    return _Permit(claims, maker)


async def _page(parts: Amdahl, permit: _Permit) -> Page:
    """The page, as far as the maker of the token may see it today."""
    if _SCOPE not in permit.maker.scopes:
        raise _Nothing
    try:
        page = await read_page(parts.db, permit.claims.biz, permit.claims.pid)
    except ApiError:
        raise _Nothing from None
    if page.status == "archived" or not may_see(page, role_of(permit.maker)):
        raise _Nothing
    return page


def _limit(request: Request, parts: Amdahl, maker: Principal) -> None:
    """Count a load for the workspace: no key stands behind it, but its database does the work."""
    state = request.app.state
    if not hasattr(state, "amdahl_embeds"):
        most = parts.settings.embeds_per_minute
        state.amdahl_embeds = MovingWindow(
            lambda principal: int(principal.settings.get("embeds_per_minute", most)),
            window_seconds=60,
        )
    decision = state.amdahl_embeds.check(maker, parts.clock.now())
    if not decision.allowed:
        raise AmdahlErrors().error(
            Failure.RATE_LIMITED,
            "Too many loads of embedded pages; try again shortly.",
            decision.details,
            {"Retry-After": str(decision.retry_after)},
        )


def _nothing(as_json: bool) -> Response:
    if as_json:
        message = "This page is not shown with this token."
        raise AmdahlErrors().error(
            Failure.KEY_UNKNOWN, message, headers={"WWW-Authenticate": "Bearer"}
        )
    # Anybody may frame nothing: a frame that stays empty looks better than one with an error.
    return Response(_EMPTY, media_type="text/html", headers=_headers(("*",)))


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "json" in accept.lower() and not prefers_html(accept)


def _ancestors(claims: Claims) -> Sequence[str]:
    """Who may show it in a frame: the sites named, otherwise what the audience suggests."""
    return claims.origins or {"self": ("'none'",), "workspace": ("'self'",)}.get(claims.aud, ("*",))


def _headers(ancestors: Sequence[str]) -> dict[str, Any]:
    """Nothing in the document runs or is fetched; these make a browser hold it to that."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return {
        "Content-Security-Policy": f"{policy}; frame-ancestors {' '.join(ancestors)}",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }


HOST_PREFIXES: tuple[str, ...] = (PATH,)
PUBLIC_PREFIXES: tuple[str, ...] = (f"{PATH}/",)
HOST_ROUTES: tuple[BaseRoute, ...] = (
    Route(f"{PATH}/{{slug}}/{{page_id}}", show_page, methods=["GET"]),
)
