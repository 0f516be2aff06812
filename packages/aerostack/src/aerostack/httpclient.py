"""The shape of HTTP clients that can be given to the SDK instead of its own.

``httpx.Client`` and ``httpx.AsyncClient`` have it. A class of yours may derive from one of these
protocols and pass calls on to another client, as the guide's section "Custom HTTP Client" shows.
Every request then goes through its ``build_request`` and ``send``. A client that was passed in is
never closed by the SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncHttpClient", "HttpClient"]


@runtime_checkable
class HttpClient(Protocol):
    """A client whose ``send`` blocks."""

    def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = ...,
        follow_redirects: Any = ...,
    ) -> httpx.Response:
        """Send a request that ``build_request`` made."""
        raise NotImplementedError

    def build_request(
        self,
        method: str,
        url: Any,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        params: Any = None,
        headers: Any = None,
        cookies: Any = None,
        timeout: Any = ...,
        extensions: Any = None,
    ) -> httpx.Request:
        """Make a request with what the client adds to all of them."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the client; the SDK never calls this."""
        return None  # noqa: RET501 - without it type checkers want it overridden


@runtime_checkable
class AsyncHttpClient(Protocol):
    """A client whose ``send`` is awaited."""

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = ...,
        follow_redirects: Any = ...,
    ) -> httpx.Response:
        """Send a request that ``build_request`` made."""
        raise NotImplementedError

    def build_request(
        self,
        method: str,
        url: Any,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        params: Any = None,
        headers: Any = None,
        cookies: Any = None,
        timeout: Any = ...,
        extensions: Any = None,
    ) -> httpx.Request:
        """Make a request with what the client adds to all of them."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close the client; the SDK never calls this."""
        return None  # noqa: RET501 - without it type checkers want it overridden
