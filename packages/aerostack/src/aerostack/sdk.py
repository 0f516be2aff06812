"""The SDK: operations as methods of resources, each in a blocking and an asynchronous form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aerostack._hooks import SDKHooks
from aerostack._service import MIB, Key, find_server
from aerostack.errors import ConfigurationError, adopt
from aerostack.httpclient import AsyncHttpClient, HttpClient
from aerostack.sdkconfiguration import SDKConfiguration
from aerostack.types import UNSET, Unset
from aerostack.utils import RetryConfig
from quintet.clock import Clock, SystemClock
from quintet.errors import QuintetError
from quintet.first_use import resource
from quintet.one_process import OneProcess

if TYPE_CHECKING:
    from typing_extensions import Self

    from aerostack._custom import Custom
    from aerostack._setup import Setup
    from aerostack.ai import Ai
    from aerostack.authentication import Authentication
    from aerostack.cache import Cache
    from aerostack.database import Database
    from aerostack.gateway import Gateway
    from aerostack.queue import Queue
    from aerostack.services import Services
    from aerostack.storage import Storage
    from aerostack.types import OptionalNullable
    from quintet.both_faces import BothFaces
    from quintet.transport.choosing import EngineName
    from quintet.transport.interface import AsyncTransport, Transport

__all__ = ["SDK"]


class SDK(OneProcess):
    """The Aerostack API. Building one costs nothing; one can be shared by threads and tasks.

    Example::

        with SDK(api_key_auth="ac_secret_...") as sdk:
            sdk.cache.cache_set({"key": "greeting", "value": "hello", "ttl": 60})
            print(sdk.cache.cache_get({"key": "greeting"}).value)

    Every operation has a form with ``_async`` that is awaited. ``with`` and ``async with`` both
    close everything; so do :meth:`close` and :meth:`aclose`.

    Args:
        api_key_auth: The key, or a function that returns it, which is asked before each attempt;
            on a 401 it is asked again, and another key is tried once. Without one, the environment
            variable ``AEROSTACK_API_KEY``. If there is none either, the first call says so.
        server_idx: Index in ``SERVERS``: 0 production, 1 local development.
        server_url: Another server, with ``/v1``; counts more than the index. Without both, the
            environment variable ``AEROSTACK_SERVER_URL``, else production.
        url_params: Values for parts ``{name}`` of ``server_url``.
        client: Your own blocking HTTP client, such as ``httpx.Client``; never closed here. Its
            time limits hold unless ``timeout_ms`` says otherwise.
        async_client: The same for calls that are awaited.
        retry_config: When failed calls are made again; without one they are not. ``None``: never.
        timeout_ms: Milliseconds for one attempt, from connecting to the last byte; 60 000 by
            default, longer for uploads.
        debug_logger: Told of each request and answer, without secrets: anything with ``debug``.
        hooks: Objects with ``before_request`` and the like, see :mod:`aerostack._hooks`; a plain
            function is told of each attempt, see :mod:`quintet.hooks`.
        deadline_ms: Milliseconds for a whole call, attempts and waits included.
        max_response_bytes: Largest answer; 10 MiB. Downloads and streams have no such bound. 0: no
            bound.
        transport: ``"native"`` or ``"httpx"``: the engine of both kinds of calls;
            ``QUINTET_TRANSPORT`` without it, else the native one. Or a transport for blocking
            calls, such as ``quintet.NativeTransport`` with a certificate authority of your own, or
            the scripted one of ``quintet.testing``.
        async_transport: The same for calls that are awaited, where it differs.
        clock: Time and chance, for tests.

    Raises:
        ConfigurationError: An option is not acceptable.
        TypeError: An object among the hooks is none.
    """

    sdk_configuration: SDKConfiguration
    hooks: SDKHooks

    _adopt = staticmethod(adopt)

    def __init__(
        self,
        api_key_auth: str | Callable[[], str] | None = None,
        server_idx: int | None = None,
        server_url: str | None = None,
        url_params: Mapping[str, str] | None = None,
        client: HttpClient | None = None,
        async_client: AsyncHttpClient | None = None,
        retry_config: OptionalNullable[RetryConfig] = UNSET,
        timeout_ms: float | None = None,
        debug_logger: Any = None,
        *,
        hooks: Iterable[Any] = (),
        deadline_ms: float | None = None,
        max_response_bytes: int = 10 * MIB,
        transport: Transport | EngineName | None = None,
        async_transport: AsyncTransport | EngineName | None = None,
        clock: Clock | None = None,
    ) -> None:
        # See quintet.lazy_resources for what is imported where.
        from aerostack._setup import Setup

        key = Key(api_key_auth)
        self.hooks, attempt_hooks = _sorted(hooks)
        url, client = self.hooks.sdk_init(find_server(server_idx, server_url, url_params), client)
        _check(client, async_client, retry_config, debug_logger)
        if isinstance(transport, str) and async_transport is None:
            async_transport = transport
        transport = _engine(client, transport, awaited=False)
        async_transport = _engine(async_client, async_transport, awaited=True)
        self.sdk_configuration = SDKConfiguration(
            server_url=url,
            server_idx=server_idx if server_url is None else None,
            client=client,
            async_client=async_client,
            retry_config=retry_config,
            timeout_ms=timeout_ms,
            debug_logger=debug_logger,
            security=key.reveal,
        )
        setup = Setup(
            self.sdk_configuration,
            key,
            self.hooks,
            SystemClock() if clock is None else clock,
            deadline_ms,
            max_response_bytes or None,
            attempt_hooks,
        )
        setup.options(supplied=client is not None)  # what is wrong with them is said here
        self._key = key
        self._faces = _faces(setup, client, async_client, transport, async_transport)

    @resource
    def ai(self) -> Ai:
        """Chats, embeddings and managed search."""
        from aerostack.ai import Ai

        return Ai(self._faces)

    @resource
    def authentication(self) -> Authentication:
        """The users of the project."""
        from aerostack.authentication import Authentication

        return Authentication(self._faces)

    @resource
    def cache(self) -> Cache:
        """Keys and values."""
        from aerostack.cache import Cache

        return Cache(self._faces)

    @resource
    def database(self) -> Database:
        """SQL."""
        from aerostack.database import Database

        return Database(self._faces)

    @resource
    def gateway(self) -> Gateway:
        """APIs that others pay for."""
        from aerostack.gateway import Gateway

        return Gateway(self._faces)

    @resource
    def queue(self) -> Queue:
        """Jobs."""
        from aerostack.queue import Queue

        return Queue(self._faces)

    @resource
    def services(self) -> Services:
        """Other services of the project."""
        from aerostack.services import Services

        return Services(self._faces)

    @resource
    def storage(self) -> Storage:
        """Files."""
        from aerostack.storage import Storage

        return Storage(self._faces)

    @resource
    def _custom(self) -> Custom:
        from aerostack._custom import Custom

        return Custom(self._faces)

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
            data: What to give it, any JSON; a dictionary, sent as the query, for GET and HEAD.
            method: The HTTP method. POST and PATCH carry an idempotency key.
            retries: In place of the SDK's configuration.
            server_url: In place of the SDK's server.
            timeout_ms: Milliseconds for an attempt.
            http_headers: Sent last; replace any header of the same name.

        Raises:
            ErrorResponse: 404: there is no such function. Any other: what it answered.
        """
        return self._custom.call(
            slug,
            data,
            method,
            retries=retries,
            server_url=server_url,
            timeout_ms=timeout_ms,
            http_headers=http_headers,
        )

    async def call_async(
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
        """Call a function of the project; the same as :meth:`call`, awaited."""
        return await self._custom.call_async(
            slug,
            data,
            method,
            retries=retries,
            server_url=server_url,
            timeout_ms=timeout_ms,
            http_headers=http_headers,
        )

    def set_api_key(self, key: str | Callable[[], str]) -> None:
        """Use another key from the next attempt on.

        Raises:
            ConfigurationError: It cannot be a key.
        """
        if key is None:
            raise ConfigurationError("set_api_key needs a key")
        self._key.set(key)

    def close(self) -> None:
        """Close the connections of both kinds of calls; HTTP clients of yours stay open.

        Later calls raise ``errors.ClientClosedError``. Closing twice is fine.
        """
        self._faces.close()

    async def aclose(self) -> None:
        """Close the connections of both kinds of calls, and wait for those of this event loop."""
        await self._faces.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"SDK(server_url={self.sdk_configuration.server_url!r})"


def _sorted(hooks: Iterable[Any]) -> tuple[SDKHooks, tuple[Any, ...]]:
    """Return the hooks of the vendor's interfaces, and plain functions apart."""
    found, plain = SDKHooks(), []
    for hook in hooks:
        try:
            found.register(hook)
        except TypeError:
            if not callable(hook):
                raise
            plain.append(hook)
    return found, tuple(plain)


def _check(client: Any, async_client: Any, retry_config: Any, debug_logger: Any) -> None:
    # A class has the methods of its instances, and is easily meant to be one.
    if client is not None and (isinstance(client, type) or not isinstance(client, HttpClient)):
        raise ConfigurationError(
            "client must have send(), build_request() and close(), like httpx.Client"
        )
    if async_client is not None and (
        isinstance(async_client, type) or not isinstance(async_client, AsyncHttpClient)
    ):
        raise ConfigurationError(
            "async_client must have send(), build_request() and aclose(), like httpx.AsyncClient"
        )
    if not isinstance(retry_config, (RetryConfig, Unset, type(None))):
        raise ConfigurationError("retry_config must be a RetryConfig, None or UNSET")
    if debug_logger is not None and not callable(getattr(debug_logger, "debug", None)):
        raise ConfigurationError("debug_logger must have debug(), like logging.Logger")


def _engine(client: Any, transport: Any, *, awaited: bool) -> Any:
    """Return what a face sends with if not with a client; the environment counts as it is now."""
    if transport is not None and client is not None:
        raise ConfigurationError("give client or transport, not both, and the same for async_")
    if client is not None:
        return transport
    from quintet.transport.choosing import check_face, chosen

    try:
        if transport is None or isinstance(transport, str):
            return chosen(transport).engine
        check_face(transport, awaited=awaited, name="async_transport" if awaited else "transport")
        return transport
    except QuintetError as error:
        raise adopt(error) from None


def _faces(
    setup: Setup,
    client: Any,
    async_client: Any,
    transport: Transport | EngineName | None,
    async_transport: AsyncTransport | EngineName | None,
) -> BothFaces[Any, Any]:
    """Return both faces, neither made yet; nothing in them refers to the SDK."""
    from quintet.both_faces import BothFaces

    def blocking() -> Any:
        from aerostack._sync.calls import Calls

        return Calls(setup, client, transport)

    def asynchronous() -> Any:
        from aerostack._async.calls import AsyncCalls

        return AsyncCalls(setup, async_client, async_transport)

    return BothFaces(blocking, asynchronous)
