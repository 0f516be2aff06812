"""Who is calling, and in which version of the API.

The key alone says which business it is about. A client may say it as well (`X-Business-Id`), and is
told when it is mistaken. The same goes for the version (`X-Amdahl-API-Version`): there is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.types import Scope

from quintet_server.http.auth import KeyAuth, KeyHeader
from quintet_server.http.context import Kernel
from quintet_server.http.errors import ApiError, ErrorEnvelope
from quintet_server.services.amdahl.context import SERVICE
from quintet_server.services.amdahl.errors import invalid_argument
from quintet_server.store.keys import Principal

__all__ = ["VERSION", "VERSION_HEADER", "AmdahlAuth"]

VERSION = "2026-04-14"
VERSION_HEADER = b"x-amdahl-api-version"
_DATE = re.compile(rb"\d{4}-\d{2}-\d{2}")
# The bearer token wins if both are there.
_KEY_HEADERS = (KeyHeader(), KeyHeader("X-API-Key", bearer=False))


class AmdahlAuth(KeyAuth):
    """API keys, and the two headers that could contradict them."""

    def __init__(self) -> None:
        super().__init__(SERVICE, _KEY_HEADERS)

    async def __call__(
        self, headers: Mapping[bytes, bytes], kernel: Kernel, envelope: ErrorEnvelope, scope: Scope
    ) -> Principal:
        """The principal of the key. Raises 401, or 400 and 403 for a header that contradicts."""
        principal = await super().__call__(headers, kernel, envelope, scope)
        _check_version(headers.get(VERSION_HEADER))
        _check_business(headers.get(b"x-business-id"), principal)
        return principal


def _check_version(given: bytes | None) -> None:
    if given is None or given == VERSION.encode():
        return
    shown = given.decode("latin-1")[:100]
    kind = "is not a version" if _DATE.fullmatch(given) is None else "is not supported"
    message = f"X-Amdahl-API-Version: {shown!r} {kind}; this server has {VERSION}."
    raise invalid_argument(message, "X-Amdahl-API-Version", supported=[VERSION])


def _check_business(given: bytes | None, principal: Principal) -> None:
    if given is not None and given.decode("latin-1") != principal.project_id:
        message = "X-Business-Id names another business than the key's; leave the header out."
        raise ApiError(403, "not_on_public_api", message)
