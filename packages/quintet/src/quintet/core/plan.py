"""From an operation and its arguments to a plan: URL, headers, body, key, bounds.

Pure, so the blocking and the asyncio client build byte-identical requests.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from quintet.core.attempts import Plan
from quintet.core.codings import accept_encoding
from quintet.core.headers import check_header_name, check_header_value
from quintet.core.idempotency import check_key, choose_key
from quintet.core.request import NO_BODY, Request
from quintet.core.retry import RetryClass
from quintet.core.url import check_base_url, expand, join, with_query
from quintet.errors import ConfigurationError, MisuseError, QuintetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from quintet.core.attempts import AttemptReport
    from quintet.core.body import Body
    from quintet.core.headers import Headers
    from quintet.core.operation import Operation, Service
    from quintet.core.retry import RetryPolicy

__all__ = ["Planner", "check_headers"]

MAX_REQUEST_ID_LENGTH = 128

_KEYED = RetryClass.KEYED

_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade"})


class Planner:
    """Builds the plans of one client.

    Args:
        service: The facts of the service.
        base_url: Checked base URL without a trailing slash.
        headers: Extra headers of the client, as :func:`check_headers` gives them.
        credentials: Returns the credential headers at the moment of the call, so that a rotated
            key is used at once and none is kept in clear text.
        new_id: Mints idempotency keys.
        max_response_bytes: Bound of a decoded body; None for no bound.
    """

    def __init__(
        self,
        service: Service,
        base_url: str,
        headers: Headers,
        credentials: Callable[[], Iterable[tuple[str, str]]],
        new_id: Callable[[], str],
        max_response_bytes: int | None = None,
    ) -> None:
        self._service = service
        self._base_url = base_url
        self._credentials = credentials
        self._new_id = new_id
        self._max_response_bytes = max_response_bytes
        own = {
            "User-Agent": service.user_agent,
            "Accept": "application/json",
            "Accept-Encoding": accept_encoding(),
        }
        self._fixed = (
            *((name, value) for name, value in own.items() if name not in headers),
            *headers.pairs(),
        )

    def plan(
        self,
        operation: Operation,
        policy: RetryPolicy,
        timeout: float | None,
        deadline: float | None,
        observe: Callable[[AttemptReport], None] | None = None,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = NO_BODY,
        body: bytes | Body | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        base_url: str | None = None,
        amend: Callable[[Request], Request] | None = None,
    ) -> Plan:
        """Return the plan of one call.

        Args:
            base_url: In place of the client's; its credentials go there, since the caller says so.
            amend: Sees the request of every attempt last, and returns the one to send.

        Raises:
            QuintetError: In the SDK's class for a misuse; nothing has been sent.
        """
        try:
            service = self._service
            key = None
            if idempotency_key is not None or operation.retry is _KEYED:
                key = self._key(operation, idempotency_key)
            credentials = tuple(self._credentials())
            renew: Callable[[], tuple[tuple[str, str], ...]] | None = self.credentials
            lines = (*self._fixed, *credentials)
            if json is not NO_BODY:
                body, content_type = _json_encoder()(json), "application/json"
            if content_type is not None:
                lines += (("Content-Type", content_type),)
            if key is not None and service.idempotency_header is not None:
                lines += ((service.idempotency_header, key),)
            if request_id is not None:
                lines += ((service.request_id_header, _check_request_id(request_id)),)
            if headers:
                lines = _overlay(lines, headers)
                if not all(line in lines for line in credentials):
                    renew = None  # this call has credentials of its own
            base = self._base_url if base_url is None else check_base_url(base_url)
            below = expand(operation.path, path)
            url = base + below if below[:1] == "/" else join(base, below)
            if query:
                url = with_query(url, _query_encoder()(query))
        except QuintetError as error:
            raise self._service.adopt(error) from error.__cause__
        return Plan(
            operation,
            Request(operation.method, url, lines, body),
            policy,
            timeout,
            deadline,
            self._max_response_bytes,
            key,
            observe,
            renew,
            credentials,
            amend,
        )

    def credentials(self) -> tuple[tuple[str, str], ...]:
        """Return the credential headers of the moment.

        Raises:
            QuintetError: There are none.
        """
        return tuple(self._credentials())

    def _key(self, operation: Operation, given: str | None) -> str | None:
        enabled = self._service.idempotency_header is not None
        if given is not None:
            check_key(given, self._service.max_key_length)
        return choose_key(given, operation.retry, enabled, self._new_id)


@functools.cache
def _json_encoder() -> Callable[[Any], bytes]:
    # Imported here, like the next: a client that only asks for things by name needs neither.
    from quintet.core.json_body import encode_json

    return encode_json


@functools.cache
def _query_encoder() -> Callable[[Mapping[str, Any]], str]:
    from quintet.core.query import encode_query

    return encode_query


def check_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a caller's extra headers as pairs that may stand on the wire.

    Raises:
        ConfigurationError: A name or a value is not valid, or the header is one that frames the
            message, which is the transport's alone to say.
    """
    checked = [
        (check_header_name(name), check_header_value(name, value))
        for name, value in headers.items()
    ]
    for name, _ in checked:
        if name.lower() in _FRAMING:
            raise ConfigurationError(f"the header {name} is set by the transport, from the request")
    return checked


def _check_request_id(request_id: str) -> str:
    if (
        not isinstance(request_id, str)
        or not 1 <= len(request_id) <= MAX_REQUEST_ID_LENGTH
        or not all("!" <= char <= "~" for char in request_id)
    ):
        raise MisuseError(
            f"request_id must be 1 to {MAX_REQUEST_ID_LENGTH} visible ASCII characters"
        )
    return request_id


def _overlay(
    lines: tuple[tuple[str, str], ...], headers: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Let the headers of a call replace those of the same name."""
    checked = check_headers(headers)
    replaced = {name.lower() for name, _ in checked}
    if "range" in replaced and "accept-encoding" not in replaced:
        # A part of compressed bytes could not be decoded.
        checked.append(("Accept-Encoding", "identity"))
        replaced.add("accept-encoding")
    return (*(line for line in lines if line[0].lower() not in replaced), *checked)
