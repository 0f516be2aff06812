# Generated from ghostflow/_async/account.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Who is asking: the login, and what a key or a token stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ghostflow import _wire as wire
from ghostflow._sync.calls import Resource

if TYPE_CHECKING:
    from ghostflow.types import Login, Me


class Account(Resource):
    """The login and its owner; the client has both as methods of its own."""

    def login(self, email: str, password: str) -> Login:
        """Return a token in exchange for a password."""
        sent = {"email": email, "password": password}
        return cast("Login", self._calls.answer(wire.LOGIN, json=sent))

    def me(self) -> Me:
        """Return the person, the teams and the scopes behind the key or the token."""
        return cast("Me", self._calls.answer(wire.ME))
