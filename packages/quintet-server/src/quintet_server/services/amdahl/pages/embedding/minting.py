"""Making embed tokens, and ending all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson
from starlette.responses import Response

from quintet_server.services.amdahl.context import Call, write
from quintet_server.services.amdahl.errors import invalid_argument, invalid_state
from quintet_server.services.amdahl.pages.access import visible_page
from quintet_server.services.amdahl.pages.bodies import EmbedPage
from quintet_server.services.amdahl.pages.embedding.secrets import ensure_secret, rotate_secret
from quintet_server.services.amdahl.pages.embedding.tokens import Claims, sign
from quintet_server.services.amdahl.pages.model import Page
from quintet_server.services.amdahl.pages.shapes import origin_of
from quintet_server.services.amdahl.rendering.params import check_names, values_of
from quintet_server.services.amdahl.wire import instant, ok, ok_reply
from quintet_server.store.database import Connection
from quintet_server.store.idempotency import Reply

__all__ = ["PATH", "make_token", "rotate_embed_secret"]

PATH = "/embed-page"
_RULES_MAX_BYTES = 4096
_ORIGINS_MAX_COUNT = 20
# What CSP takes as a source (its level 3, §2.3.1), without paths and without anything that could
# end the header or begin another directive.
_ORIGIN = re.compile(
    r"https?://(\*\.)?[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE
)


async def make_token(call: Call, body: EmbedPage) -> Response:
    """A token that shows a page, for as long as its maker may see it.

    Raises ApiError: 403 unless an admin lets others see it, 400 for rules that do not fit the
    page's parameters.
    """
    if body.audience != "self":
        call.needs_role("admin")
    origins = _origins(body.origins or ())
    page = await visible_page(call)
    if page.status == "archived":
        raise invalid_state("An archived page cannot be embedded.", status=page.status)
    rules = _rules(page, body.rules or {})
    async with call.parts.db.connection() as conn:
        secret = await ensure_secret(conn, call.project_id)
    now = int(call.parts.clock.now())
    expires = now + body.ttl_seconds
    claims = Claims(
        pid=page.id,
        biz=call.project_id,
        aud=body.audience,
        sub=call.principal.key_id,
        rules=rules,
        origins=origins,
        kid=secret.kid,
        iat=now,
        exp=expires,
    )
    token = sign(claims, secret.secret)
    where = f"{PATH}/{quote(call.project_name, safe='')}/{page.id}?t={token}"
    return ok(
        {
            "token": token,
            "expires_at": instant(datetime.fromtimestamp(expires, UTC)),
            "embed_url": f"{origin_of(call.parts.settings, call.request)}{where}",
        }
    )


async def rotate_embed_secret(call: Call) -> Response:
    """Sign with another secret from now on: every URL of an embedded page stops working."""

    async def action(conn: Connection) -> Reply:
        made = await rotate_secret(conn, call.project_id)
        return ok_reply({"kid": made.kid, "rotated": True})

    return await write(call, action)


def _origins(given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > _ORIGINS_MAX_COUNT:
        raise invalid_argument(f"origins: at most {_ORIGINS_MAX_COUNT}", "origins")
    for origin in given:
        if _ORIGIN.fullmatch(origin) is None:
            message = f"origins: {origin[:100]!r} is not one such as https://example.com"
            raise invalid_argument(message, "origins")
    return tuple(dict.fromkeys(given))


def _rules(page: Page, rules: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values that the page can be rendered with. Raises ApiError: 400 if it cannot."""
    check_names(page.declared_queries, rules, field="rules")
    for query in page.declared_queries:
        values_of(query, rules, field="rules")
    try:
        size = len(orjson.dumps(rules))
    except TypeError:
        size = _RULES_MAX_BYTES + 1
    if size > _RULES_MAX_BYTES:
        raise invalid_argument(f"rules: at most {_RULES_MAX_BYTES} bytes as JSON", "rules")
    return rules
