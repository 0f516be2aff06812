"""The interfaces of hooks, and what they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from quintet.core.record import Record

if TYPE_CHECKING:
    import httpx

    from aerostack.httpclient import HttpClient
    from aerostack.sdkconfiguration import SDKConfiguration


class HookContext(Record):
    """Which call a hook is asked about.

    Attributes:
        config: What the SDK was built with.
        base_url: Where the request goes, without the operation's path.
        operation_id: The operation's name in the API document, such as ``"aiChat"``.
        oauth2_scopes: Always empty; this API has none.
        security_source: Returns the API key.
    """

    __slots__ = _fields = (
        "config",
        "base_url",
        "operation_id",
        "oauth2_scopes",
        "security_source",
    )
    _hidden = frozenset({"security_source"})
    config: SDKConfiguration
    base_url: str
    operation_id: str
    oauth2_scopes: list[str]
    security_source: Callable[[], Any] | None

    def __init__(
        self,
        config: SDKConfiguration,
        base_url: str,
        operation_id: str,
        oauth2_scopes: list[str] | None = None,
        security_source: Callable[[], Any] | None = None,
    ) -> None:
        scopes = [] if oauth2_scopes is None else oauth2_scopes
        self._fill(config, base_url, operation_id, scopes, security_source)


class BeforeRequestContext(HookContext):
    """Which call is about to be sent."""


class AfterSuccessContext(HookContext):
    """Which call has succeeded."""


class AfterErrorContext(HookContext):
    """Which call has failed."""


@runtime_checkable
class SDKInitHook(Protocol):
    """Runs once, while an SDK is built."""

    def sdk_init(self, base_url: str, client: HttpClient | None) -> tuple[str, HttpClient | None]:
        """Return the server's URL and the blocking HTTP client to use; ``None``: the SDK's own."""
        ...


@runtime_checkable
class BeforeRequestHook(Protocol):
    """Runs before each attempt. In calls of the ``_async`` kind it runs in a worker thread."""

    def before_request(
        self, hook_ctx: BeforeRequestContext, request: httpx.Request
    ) -> httpx.Request | Exception:
        """Return the request to send; an exception that is returned is raised."""
        ...


@runtime_checkable
class AfterSuccessHook(Protocol):
    """Runs once, when a call has succeeded. Streams and downloads are not shown to it."""

    def after_success(
        self, hook_ctx: AfterSuccessContext, response: httpx.Response
    ) -> httpx.Response | Exception:
        """Return the answer to go on with; an exception that is returned is raised."""
        ...


@runtime_checkable
class AfterErrorHook(Protocol):
    """Runs after each attempt that failed."""

    def after_error(
        self,
        hook_ctx: AfterErrorContext,
        response: httpx.Response | None,
        error: Exception | None,
    ) -> tuple[httpx.Response | None, Exception | None] | Exception:
        """Return the answer or the error to go on with; an exception that is returned is raised.

        Args:
            hook_ctx: Which call.
            response: The answer with its error status, ``None`` if none came.
            error: Why none came.
        """
        ...
