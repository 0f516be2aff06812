# Generated from aerostack/_async/calls.py by tools/async_to_sync; edit the source and run scripts/fix.
"""How a method becomes a call of the runtime, and an answer a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from aerostack import _wire as wire
from aerostack._acompat import at_once
from aerostack._answers import read_answer
from aerostack._chat_events import INSTEAD, RULES
from aerostack._hooks import AfterSuccessContext
from aerostack._requests import encoded, fields_of
from aerostack._service import (
    IDLE_TIMEOUT,
    KEY_HEADER,
    SERVICE,
    no_credentials,
)
from aerostack._setup import Choice, Setup
from aerostack._sync.downloads import Download
from aerostack._sync.streams import ChatStream
from aerostack._sync.watching import WatchedTransport
from aerostack._uploads import form_of, seconds_for
from aerostack.errors import adopt
from quintet._sync.client import ApiClient
from quintet.core.response import Response
from quintet.errors import QuintetError
from quintet.transport.choosing import choose_transport

if TYPE_CHECKING:
    from aerostack._wire import Endpoint
    from aerostack.models import AiChatResponseBody, StorageUploadResponseBody
    from quintet.transport.choosing import EngineName
    from quintet.transport.interface import Transport

__all__ = ["Calls"]

T = TypeVar("T")

_JSON = "application/json"
_BYTES = {"Accept": "application/octet-stream, application/json"}


class Calls:
    """One face of an SDK: a transport, and the runtime's client for each kind of credential.

    Args:
        setup: What the SDK is made of.
        http_client: An HTTP client of the caller's, never closed here.
        transport: A transport to use as it is, or the name of an engine.
    """

    def __init__(
        self,
        setup: Setup,
        http_client: Any = None,
        transport: Transport | EngineName | None = None,
    ) -> None:
        self._setup = setup
        inner = _transport(setup, http_client, transport)
        self._transport: Transport = WatchedTransport(inner, setup)
        self._options = setup.options(supplied=http_client is not None)
        self._unbounded = http_client is not None and self._options.timeout is None
        self._clients = {
            "key": self._client(setup.key.header),
            "bearer": self._client(setup.key.bearer),
            "none": self._client(no_credentials),
        }

    def _client(self, credentials: Callable[[], tuple[tuple[str, str], ...]]) -> ApiClient:
        return ApiClient(
            SERVICE,
            self._options,
            credentials,
            transport=self._transport,
            clock=self._setup.clock,
        )

    def _for(self, endpoint: Endpoint[Any], choice: Choice) -> ApiClient:
        """Return the client with the credential that the operation takes, if the call has none."""
        wanted = KEY_HEADER if endpoint.auth == "key" else "Authorization"
        return self._clients["none" if choice.names_header(wanted) else endpoint.auth]

    def answer(
        self,
        endpoint: Endpoint[T],
        request: Any,
        choice: Choice,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> T:
        """Call an operation; return its answer as its model."""
        body = encoded(endpoint, fields_of(endpoint, request)) if endpoint.request else None
        response = self.send(endpoint, choice, body=body, path=path, query=query)
        return read_answer(endpoint, response)

    def send(
        self,
        endpoint: Endpoint[Any],
        choice: Choice,
        *,
        content_type: str = _JSON,
        **parts: Any,
    ) -> Response:
        """Call an operation; return its whole answer, after the hooks have seen it."""
        parts = {**parts, **choice.parts()}
        if parts.get("body") is not None:
            parts["content_type"] = content_type
        response = self._for(endpoint, choice).request(
            endpoint.operation, amend=self._setup.mark(endpoint, choice), **parts
        )
        if self._setup.hooks.after_success_hooks:
            return self._shown(endpoint, choice, response)
        return response

    def _shown(self, endpoint: Endpoint[Any], choice: Choice, response: Response) -> Response:
        from quintet.transport.httpx_objects import from_httpx_response, to_httpx_response

        context = AfterSuccessContext(
            config=self._setup.configuration,
            base_url=choice.server_url or self._setup.configuration.server_url,
            operation_id=endpoint.operation.name,
            security_source=self._setup.key.reveal,
        )
        native = to_httpx_response(response)
        changed = at_once(self._setup.hooks.after_success, context, native)
        if changed is native:
            return response
        return Response(*from_httpx_response(changed), response.url, response.method)

    def chat(
        self,
        endpoint: Endpoint[AiChatResponseBody],
        request: Any,
        choice: Choice,
        *,
        stream: bool | None = None,
        path: Mapping[str, str] | None = None,
    ) -> Any:
        """Call a chat; return its answer, or the stream of its chunks if the request asks for it.

        Args:
            stream: In place of what the request says.
        """
        fields = fields_of(endpoint, request)
        if stream is not None:
            fields["stream"] = stream
        body = encoded(endpoint, fields)
        if not fields.get("stream"):
            response = self.send(endpoint, choice, body=body, path=path)
            return read_answer(endpoint, response)
        source = self._for(endpoint, choice).events(
            endpoint.operation,
            RULES,
            json=fields,
            path=path,
            fallbacks=INSTEAD,
            amend=self._setup.mark(endpoint, choice),
            **choice.parts(),
        )
        return ChatStream(source)

    def upload(
        self,
        request: Any,
        choice: Choice,
        progress: Callable[[int, int | None], object] | None,
    ) -> StorageUploadResponseBody:
        """Send a file as a form; return where it is."""
        form = at_once(form_of, request, progress)
        parts: dict[str, Any] = {"body": form}
        if self._setup.configuration.timeout_ms is None and not self._unbounded:
            # A limit that is fine for a call is no limit for a file of any size.
            parts["timeout"] = seconds_for(form)
        response = self.send(wire.STORAGE_UPLOAD, choice, content_type=form.content_type, **parts)
        return read_answer(wire.STORAGE_UPLOAD, response)

    def download(
        self, request: Any, choice: Choice, byte_range: tuple[int, int | None] | None
    ) -> Download:
        """Ask for a file; return it once the head of the answer has come."""
        endpoint = wire.STORAGE_GET
        headers = dict(_BYTES)
        if byte_range is not None:
            first, last = byte_range
            headers["Range"] = f"bytes={first}-{'' if last is None else last}"
            headers["Accept-Encoding"] = "identity"
        source = self._for(endpoint, choice).download(
            endpoint.operation,
            body=encoded(endpoint, fields_of(endpoint, request)),
            content_type=_JSON,
            idle_timeout=IDLE_TIMEOUT,
            amend=self._setup.mark(endpoint, choice),
            **choice.parts(headers),
        )
        return Download(source.open(), byte_range)

    def close(self) -> None:
        """Close the connections; an HTTP client of the caller's stays open."""
        for client in self._clients.values():
            client.close()

    def abandon(self) -> None:
        """Close without awaiting, from blocking code or beside the event loop."""
        for client in self._clients.values():
            client.abandon()


def _transport(
    setup: Setup, http_client: Any, transport: Transport | EngineName | None
) -> Transport:
    try:
        return choose_transport(http_client, transport, setup.clock.monotonic)
    except QuintetError as error:
        raise adopt(error) from None
