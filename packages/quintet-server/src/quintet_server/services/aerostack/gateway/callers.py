"""Who calls the gateway: a consumer, a user of the project's own, or the project itself.

A consumer's key and a user's token come as `Authorization: Bearer`; the project's key comes in any
of the ways it comes elsewhere. What the caller may use is decided by its wallet.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from quintet_server.http.auth import KeyHeader
from quintet_server.services.aerostack.context import SERVICE, Aerostack
from quintet_server.services.aerostack.errors import bad_token, forbidden
from quintet_server.services.aerostack.gateway.apis import Api, find_api, hold_apis
from quintet_server.services.aerostack.gateway.consumers import (
    LIVE,
    TEST,
    Consumer,
    FoundKey,
    look_up_key,
)
from quintet_server.services.aerostack.gateway.wallets import (
    Limits,
    Owner,
    find_wallet,
    wallet_of,
)
from quintet_server.services.aerostack.users.bearer import user_of
from quintet_server.store.database import Connection
from quintet_server.store.keys import Principal, Rejection

__all__ = ["Caller", "caller_of"]

_SCOPE = "ai:chat"
_KEY_HEADERS = (KeyHeader("X-Aerostack-Key", bearer=False), KeyHeader("X-API-Key", bearer=False))
_BEARER = KeyHeader()
_NOTHING_SENT = (
    "No credential was sent: expected the header Authorization: Bearer with a consumer key, a "
    "user's token or an API key."
)
_REJECTED = {
    Rejection.UNKNOWN: ("This API key is not valid.", "KEY_UNKNOWN"),
    Rejection.REVOKED: ("This API key was revoked.", "KEY_REVOKED"),
    Rejection.EXPIRED: ("This API key has expired.", "KEY_EXPIRED"),
}
_UNLIMITED = Limits("postpaid")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was recognised; exactly one of consumer and user is given, or neither."""

    project_id: str
    consumer: Consumer | None = None
    is_test: bool = False
    user_id: str | None = None

    async def api(self, conn: Connection, slug: str) -> Api:
        """The API, if the caller may use it. Raises 404 or 403."""
        api = await find_api(conn, self.project_id, slug)
        if self.consumer is not None and not self.consumer.may_use(api.slug):
            message = f"The consumer {self.consumer.name!r} may not use the gateway API {slug!r}"
            raise forbidden(message, "API_NOT_ALLOWED", apiSlug=slug)
        return api

    async def wallet(self, conn: Connection, api: Api) -> int:
        """The id of the wallet that pays for an API."""
        if self.consumer is not None:
            owner, limits = self.consumer.owner(is_test=self.is_test), self.consumer.spec.limits
        elif self.user_id is not None:
            owner = Owner(self.project_id, "user", self.user_id, api.slug)
            return await _wallet_of_user(conn, owner)
        else:
            owner, limits = Owner(self.project_id, "project", "", api.slug), _UNLIMITED
        return await wallet_of(conn, owner, limits)


async def _wallet_of_user(conn: Connection, owner: Owner) -> int:
    """A new one gets the limits of this moment: whoever changes them meanwhile would miss it."""
    wallet = await find_wallet(conn, owner)
    if wallet is not None:
        return wallet
    async with conn.transaction():
        await hold_apis(conn, owner.project_id)
        api = await find_api(conn, owner.project_id, owner.api)
        return await wallet_of(conn, owner, api.spec.users.limits)


async def caller_of(parts: Aerostack, request: Request) -> Caller:
    """Who is calling. Raises 401, or 403 for an API key without the right to chat.

    Takes a connection for itself: hold none, or requests could wait for each other's.
    """
    headers = dict(reversed(request.scope["headers"]))
    for header in _KEY_HEADERS:
        if (key := header.read(headers)) is not None:
            return await _project(parts, key)
    token = _BEARER.read(headers)
    if token is None:
        raise bad_token(_NOTHING_SENT, "KEY_MISSING")
    if token.startswith((LIVE, TEST)):
        async with parts.db.connection() as conn:
            return _consumer(await look_up_key(conn, token))
    if token.count(".") == 2:  # a signed token has three parts, no key of ours has a dot
        user = await user_of(parts, token)
        return Caller(user.project_id, user_id=user.user_id)
    return await _project(parts, token)


def _consumer(found: FoundKey | None) -> Caller:
    if found is None:
        raise bad_token("This consumer key is not valid.", "KEY_UNKNOWN")
    if found.is_revoked:
        raise bad_token("This consumer key was revoked.", "KEY_REVOKED")
    if found.is_expired:
        raise bad_token("This consumer key has expired.", "KEY_EXPIRED")
    return Caller(found.consumer.project_id, found.consumer, found.is_test)


async def _project(parts: Aerostack, key: str) -> Caller:
    found = await parts.keys.lookup(key, SERVICE)
    if not isinstance(found, Principal):
        raise bad_token(*_REJECTED[found])
    if _SCOPE not in found.scopes:
        message = f"Missing required scopes: {_SCOPE}"
        raise forbidden(message, required_scopes=[_SCOPE], your_scopes=sorted(found.scopes))
    return Caller(found.project_id)
