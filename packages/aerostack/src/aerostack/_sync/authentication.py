# Generated from aerostack/_async/authentication.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``sdk.authentication``: the users of the project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aerostack import _wire as wire
from aerostack._resource import Resource
from aerostack._setup import Choice
from aerostack.types import UNSET

if TYPE_CHECKING:
    from aerostack.models import (
        AuthResponse,
        AuthSigninRequestBody,
        AuthSigninRequestBodyTypedDict,
        AuthSignupRequestBody,
        AuthSignupRequestBodyTypedDict,
    )
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig


class _Authentication(Resource):
    """Users of the project sign up and in."""

    def auth_signup(
        self,
        request: AuthSignupRequestBody | AuthSignupRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> AuthResponse:
        """Make a new user and sign in; return token and user.

        Raises:
            ErrorResponse: 400: the address or the password is not acceptable. 409: there is such a
                user already.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.AUTH_SIGNUP, request, choice)

    def auth_signin(
        self,
        request: AuthSigninRequestBody | AuthSigninRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> AuthResponse:
        """Sign a user in; return token and user.

        Raises:
            ErrorResponse: 401: no such user, or another password; which of the two is not said.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return self._calls.answer(wire.AUTH_SIGNIN, request, choice)
