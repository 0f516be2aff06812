# Generated from amdahl/_async/session.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.session``: the client's connection as an object of the kind that guides work with.

It sends with the client's credentials, limits, retries and transport, to the client's service only.
``headers`` are sent with every request of the client, so ``headers.update`` reaches all calls; an
``Authorization`` among them replaces the client's key. Its
answers iterate over bytes as they arrive, which is what readers of event streams ask for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from amdahl._arguments import text
from amdahl._paths import split_path
from amdahl._retry_scope import current_scope
from amdahl._service import seconds
from amdahl._wire import for_path
from amdahl.errors import AmdahlError, DecodeError, MisuseError
from quintet.core.headers import Headers
from quintet.core.response import Response
from quintet.core.url import shown_url
from quintet.options import UNSET, Unset

if TYPE_CHECKING:
    from typing_extensions import Self

    from amdahl._sync.calls import Calls
    from quintet._sync.streams import ByteStream

__all__ = ["ExtraHeaders", "Session", "SessionResponse"]

# Said anew with each request, by what the request is.
_IGNORED = frozenset({"content-type"})


class ExtraHeaders(MutableMapping[str, str]):
    """Headers for every request of a client, by name in any case.

    ``Content-Type`` is ignored: a request with a body says it, and no other does.
    """

    def __init__(self) -> None:
        self._named: dict[str, tuple[str, str]] = {}

    def __getitem__(self, name: str) -> str:
        return self._named[name.lower()][1]

    def __setitem__(self, name: str, value: str) -> None:
        if name.lower() not in _IGNORED:
            # Replaced as a whole, so that a call that is being made sees one state of it.
            self._named = {**self._named, name.lower(): (name, value)}

    def __delitem__(self, name: str) -> None:
        self._named = {key: pair for key, pair in self._named.items() if key != name.lower()}

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._named.values()])

    def __len__(self) -> int:
        return len(self._named)

    def __reduce__(self) -> NoReturn:
        # A pickle is a file like any other, and one of these may be a key.
        raise TypeError("the headers of a session cannot be pickled")

    def __repr__(self) -> str:
        return repr(Headers(self))


class SessionResponse:
    """An answer, read as it is asked for.

    Attributes:
        status_code: HTTP status.
        headers: By name in any case.
        error: What :meth:`raise_for_status` raises, ``None`` for a success.
    """

    def __init__(
        self,
        url: str,
        stream: ByteStream,
        error: AmdahlError | None = None,
        method: str = "",
    ) -> None:
        self.url = url
        self._method = method
        self._stream = stream
        self.error = error
        answer = None if error is None else error.response
        self.status_code: int = stream.status if answer is None else answer.status
        self.headers: Headers = stream.headers if answer is None else answer.headers
        self._body: bytes | None = None if answer is None else answer.body

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return self.error is None

    def raise_for_status(self) -> None:
        """Raise if the answer is an error.

        Raises:
            APIStatusError: In the class for it, with the service's code, message and body.
        """
        if self.error is not None:
            raise self.error

    @property
    def content(self) -> bytes:
        """The whole body, unless it is a stream that was not read.

        Raises:
            MisuseError: The body was not read: call :meth:`read` first.
        """
        if self._body is None:
            raise MisuseError(message="the body of a stream has to be read first: call read()")
        return self._body

    @property
    def text(self) -> str:
        """The whole body as text in its declared charset, UTF-8 by default; see :attr:`content`."""
        return Response(self.status_code, self.headers, self.content).text()

    def read(self) -> bytes:
        """Return the whole body; it is kept."""
        if self._body is None:
            self._body = self._stream.read()
        return self._body

    def json(self) -> Any:
        """Return the whole body as JSON.

        Raises:
            DecodeError: It is none.
        """
        try:
            return json.loads(self.read())
        except (ValueError, RecursionError) as error:
            place = f"{self._method} {shown_url(self.url)} answered {self.status_code}"
            raise DecodeError(
                self.status_code,
                "",
                f"expected JSON, got something else ({place.strip()})",
                method=self._method,
                url=self.url,
                request_id=self.headers.get("x-request-id") or "",
            ) from error

    def iter_content(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the body in pieces as they arrive.

        Args:
            chunk_size: Bytes per piece at most; pieces are never waited for to be full.
        """
        if self._body is not None:
            pieces = [self._body] if self._body else []
            for piece in pieces:
                yield piece
            return
        for piece in self._stream:
            size = chunk_size or len(piece)
            for at in range(0, len(piece), size):
                yield piece[at : at + size]

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content()

    def close(self) -> None:
        """Close the connection. Closing twice is fine."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}]>"


class Session:
    """Sends requests that are written out as URLs.

    Attributes:
        headers: Sent with every request of the client.
    """

    def __init__(self, calls: Calls, headers: ExtraHeaders) -> None:
        self._calls = calls
        self.headers = headers

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None | Unset = UNSET,
        stream: bool = False,
    ) -> SessionResponse:
        """Send a request; an error status is no exception until ``raise_for_status``.

        Args:
            method: HTTP method.
            url: Below the client's base URL: whole, or from its path on.
            params: The query.
            json: The body.
            headers: For this request.
            timeout: Seconds for the head of the answer, and of silence within its body; ``None``
                for no limit; the client's by default.
            stream: Leave the body to be read as it arrives; read it at once otherwise.

        Raises:
            MisuseError: The URL is not of the client's service: the key would go elsewhere.
            AmdahlError: No answer came.
        """
        path, query = split_path(self._below(text("the URL", url)), params)
        limit = self._calls.attempt_seconds() if isinstance(timeout, Unset) else timeout
        limit = seconds("timeout", limit)
        wanted = {"Accept": "*/*", "Accept-Encoding": "identity"} if stream else {}
        parts: dict[str, Any] = {} if json is None else {"json": json}
        operation = for_path(text("method", method).upper(), path)
        scope = current_scope()
        key = scope.key(operation, repr((method, path, json))) if scope else None
        source = self._calls.api.download(
            operation,
            query=query,
            idempotency_key=key,
            headers=self._calls.headers({**wanted, **(headers or {})}),
            timeout=limit,
            max_retries=self._calls.max_retries,
            max_bytes=None if stream else self._calls.api.options.max_response_bytes,
            idle_timeout=limit,
            **parts,
        )
        # Code that was written for `requests` leaves a stream by dropping it.
        source.quiet = True
        try:
            answer = SessionResponse(url, source.open(), method=operation.method)
            if scope is not None:
                scope.wrote(operation)
        except AmdahlError as error:
            if scope is not None and error.outcome_unknown:
                scope.wrote(operation)
            if error.response is None:
                raise
            return SessionResponse(url, source, error, operation.method)
        if not stream:
            answer.read()
        return answer

    def get(self, url: str, **options: Any) -> SessionResponse:
        """Send a GET; see :meth:`request`."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> SessionResponse:
        """Send a POST; see :meth:`request`."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> SessionResponse:
        """Send a PUT; see :meth:`request`."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> SessionResponse:
        """Send a PATCH; see :meth:`request`."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> SessionResponse:
        """Send a DELETE; see :meth:`request`."""
        return self.request("DELETE", url, **options)

    def _below(self, url: str) -> str:
        base = self._calls.api.options.base_url
        if url.startswith("/") and not url.startswith("//"):
            return url
        rest = url.removeprefix(base)
        if rest == url or not rest.startswith("/"):
            raise MisuseError(
                message="the URL is not below the client's base URL; its key stays there"
            )
        return rest

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._calls.api.options.base_url}>"
