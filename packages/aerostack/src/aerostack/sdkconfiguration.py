"""What an SDK was built with, as hooks see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aerostack._version import OPENAPI_DOC_VERSION, USER_AGENT, __version__
from aerostack.types import UNSET

if TYPE_CHECKING:
    from aerostack.httpclient import AsyncHttpClient, HttpClient
    from aerostack.types import OptionalNullable
    from aerostack.utils import RetryConfig

__all__ = ["SERVERS", "SDKConfiguration"]

SERVERS = ("https://api.aerostack.ai/v1", "http://localhost:8787/v1")
"""Production, and local development, which is where a local server listens by default."""


class SDKConfiguration:
    """The options of an SDK; changing them later changes nothing.

    Attributes:
        server_url: Where requests go, filled in and without a trailing slash.
        server_idx: Index in :data:`SERVERS`, ``None`` if a URL was given.
        client: The blocking HTTP client that was passed in.
        async_client: The other one that was passed in.
        retry_config: The default of all calls.
        timeout_ms: Milliseconds for an attempt, ``None`` for the default.
        debug_logger: Told of requests and answers.
        security: Returns the API key; not shown.
    """

    def __init__(
        self,
        server_url: str,
        server_idx: int | None = None,
        client: HttpClient | None = None,
        async_client: AsyncHttpClient | None = None,
        retry_config: OptionalNullable[RetryConfig] = UNSET,
        timeout_ms: float | None = None,
        debug_logger: Any = None,
        security: Callable[[], str] | None = None,
        language: str = "python",
        openapi_doc_version: str = OPENAPI_DOC_VERSION,
        sdk_version: str = __version__,
        user_agent: str = USER_AGENT,
    ) -> None:
        self.server_url = server_url
        self.server_idx = server_idx
        self.client = client
        self.async_client = async_client
        self.retry_config = retry_config
        self.timeout_ms = timeout_ms
        self.debug_logger = debug_logger
        self.security = security
        self.language = language
        self.openapi_doc_version = openapi_doc_version
        self.sdk_version = sdk_version
        self.user_agent = user_agent

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in vars(self).items() if name != "security"]
        return f"SDKConfiguration({', '.join(shown)})"

    @property
    def client_supplied(self) -> bool:
        """Whether a blocking HTTP client was passed in."""
        return self.client is not None

    @property
    def async_client_supplied(self) -> bool:
        """Whether an asyncio HTTP client was passed in."""
        return self.async_client is not None

    def get_server_details(self) -> tuple[str, dict[str, str]]:
        """Return the URL of the server and its variables, which are filled in already."""
        return self.server_url, {}
