"""``sdk.services``: other services of the project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aerostack import _wire as wire
from aerostack._resource import Resource
from aerostack._setup import Choice
from aerostack.types import UNSET

if TYPE_CHECKING:
    from aerostack.models import (
        ServicesInvokeRequestBody,
        ServicesInvokeRequestBodyTypedDict,
        ServicesInvokeResponseBody,
    )
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig


class _AsyncServices(Resource):
    """Other services of the project."""

    async def services_invoke_async(
        self,
        request: ServicesInvokeRequestBody | ServicesInvokeRequestBodyTypedDict,
        retries: OptionalNullable[RetryConfig] = UNSET,
        *,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> ServicesInvokeResponseBody:
        """Call a service; return what it returned.

        The call carries an idempotency key, so a repeat does not run it twice.

        Raises:
            ErrorResponse: 404: there is no such service. 502: it failed.
        """
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        return await self._acalls.answer(wire.SERVICES_INVOKE, request, choice)
