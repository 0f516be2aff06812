"""Who is asking: the login, and what a key or a token stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ghostflow import _wire as wire
from ghostflow._async.calls import AsyncResource

if TYPE_CHECKING:
    from ghostflow.types import Login, Me


class AsyncAccount(AsyncResource):
    """The login and its owner; the client has both as methods of its own."""

    async def login(self, email: str, password: str) -> Login:
        """Return a token in exchange for a password."""
        sent = {"email": email, "password": password}
        return cast("Login", await self._calls.answer(wire.LOGIN, json=sent))

    async def me(self) -> Me:
        """Return the person, the teams and the scopes behind the key or the token."""
        return cast("Me", await self._calls.answer(wire.ME))
