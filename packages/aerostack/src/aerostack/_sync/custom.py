# Generated from aerostack/_async/custom.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``sdk.call``: functions of the project's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aerostack._answers import json_of
from aerostack._resource import Resource
from aerostack._setup import Choice
from aerostack._wire import custom_endpoint
from aerostack.errors import RequestTypeError, RequestValidationError
from aerostack.types import UNSET
from quintet.core.json_body import encode_json
from quintet.errors import MisuseError

if TYPE_CHECKING:
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig


class _Custom(Resource):
    """Functions of the project's own."""

    def call(
        self,
        slug: str,
        data: Any = None,
        method: str = "POST",
        *,
        retries: OptionalNullable[RetryConfig] = UNSET,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Call a function of the project; return the JSON it answers, ``None`` for an empty answer.

        Args:
            slug: The function's name.
            data: What to give it, any JSON; as the query if the method is GET or HEAD, and then a
                dictionary.
            method: The HTTP method. POST and PATCH carry an idempotency key.
            retries: In place of the SDK's configuration.
            server_url: In place of the SDK's server.
            timeout_ms: Milliseconds for an attempt.
            http_headers: Sent last; replace any header of the same name.

        Raises:
            ErrorResponse: 404: there is no such function. Any other: what it answered.
            RequestValidationError: ``data`` has no JSON form.
        """
        endpoint = custom_endpoint(method)
        parts: dict[str, Any] = {"path": {"slug": slug}}
        if endpoint.operation.method in ("GET", "HEAD"):
            if data is not None and not isinstance(data, Mapping):
                raise RequestTypeError(f"call: {method} takes a dictionary as data")
            parts["query"] = data
        elif data is not None:
            try:
                parts["body"] = encode_json(data)
            except MisuseError as error:
                raise RequestValidationError(f"call: {error.message}") from None
        choice = Choice(retries, server_url, timeout_ms, http_headers)
        response = self._calls.send(endpoint, choice, **parts)
        return json_of(response) if response.body.strip() else None
