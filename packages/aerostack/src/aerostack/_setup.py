"""What both faces of an SDK are made of; it knows neither of them, nor the SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aerostack._debug_log import DebugLog
from aerostack._service import DEFAULT_TIMEOUT, Key, policy_of, seconds, secret_of
from aerostack.errors import ConfigurationError, adopt
from aerostack.types import Unset
from aerostack.utils import RetryConfig
from quintet.core.backoff import Backoff
from quintet.core.record import Record
from quintet.core.request import Request
from quintet.core.retry import RetryPolicy
from quintet.errors import QuintetError
from quintet.options import ClientOptions

if TYPE_CHECKING:
    from aerostack._hooks import SDKHooks
    from aerostack._wire import Endpoint
    from aerostack.sdkconfiguration import SDKConfiguration
    from aerostack.types import OptionalNullable
    from quintet.clock import Clock

__all__ = ["Choice", "MarkedRequest", "Setup", "with_token"]

_NO_REPEATS = RetryPolicy(frozenset(), Backoff(0.0, 0.0), max_retries=0)


class Choice(Record):
    """What a single call chooses for itself.

    Attributes:
        retries: In place of the SDK's configuration; ``None``: no repeats.
        server_url: In place of the SDK's server.
        timeout_ms: In place of the SDK's limit.
        http_headers: Sent last; replace any header of the same name.
    """

    __slots__ = _fields = ("retries", "server_url", "timeout_ms", "http_headers")
    retries: OptionalNullable[RetryConfig]
    server_url: str | None
    timeout_ms: float | None
    http_headers: Mapping[str, str] | None

    def __init__(
        self,
        retries: OptionalNullable[RetryConfig],
        server_url: str | None = None,
        timeout_ms: float | None = None,
        http_headers: Mapping[str, str] | None = None,
    ) -> None:
        self._fill(retries, server_url, timeout_ms, http_headers)
        if http_headers is not None:
            _check_names(http_headers)

    def parts(self, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what the runtime is to do otherwise for this call.

        Args:
            headers: Of the operation; the call's own replace them.

        Raises:
            ConfigurationError: One of the choices is not acceptable.
        """
        found: dict[str, Any] = {}
        if not isinstance(self.retries, Unset):
            if not isinstance(self.retries, (RetryConfig, type(None))):
                raise ConfigurationError("retries must be a RetryConfig, None or UNSET")
            found["retry"] = None if self.retries is None else policy_of(self.retries)
        if self.server_url is not None:
            if not isinstance(self.server_url, str):
                raise ConfigurationError("server_url must be a URL")
            found["base_url"] = self.server_url.removesuffix("/")
        if self.timeout_ms is not None:
            found["timeout"] = seconds("timeout_ms", self.timeout_ms)
        if headers and self.http_headers:
            mine = {name.lower() for name in self.http_headers}
            headers = {name: value for name, value in headers.items() if name.lower() not in mine}
        both = {**(headers or {}), **(self.http_headers or {})}
        if both:
            found["headers"] = both
        return found

    def names_header(self, name: str) -> bool:
        """Tell whether the call brings a header of its own."""
        return any(each.lower() == name.lower() for each in self.http_headers or ())


class MarkedRequest(Request):
    """A request that says which operation it is for, for those who watch it go by."""

    __slots__ = ("base_url", "operation_id")
    operation_id: str
    base_url: str


class Setup(Record):
    """The parts of an SDK that do not depend on how its calls wait.

    Attributes:
        configuration: What the SDK was built with.
        key: The API key.
        hooks: See :mod:`aerostack._hooks`.
        clock: Time and chance.
        deadline_ms: Milliseconds for a whole call.
        max_response_bytes: Bound of an answer.
        attempt_hooks: The runtime's hooks: told of each attempt.
    """

    __slots__ = _fields = (
        "configuration",
        "key",
        "hooks",
        "clock",
        "deadline_ms",
        "max_response_bytes",
        "attempt_hooks",
    )
    configuration: SDKConfiguration
    key: Key
    hooks: SDKHooks
    clock: Clock
    deadline_ms: float | None
    max_response_bytes: int | None
    attempt_hooks: tuple[Any, ...]

    def __init__(
        self,
        configuration: SDKConfiguration,
        key: Key,
        hooks: SDKHooks,
        clock: Clock,
        deadline_ms: float | None,
        max_response_bytes: int | None,
        attempt_hooks: tuple[Any, ...],
    ) -> None:
        self._fill(configuration, key, hooks, clock, deadline_ms, max_response_bytes, attempt_hooks)

    def options(self, *, supplied: bool) -> ClientOptions:
        """Return the options of the runtime's client.

        Args:
            supplied: Whether the HTTP client is the caller's: its own time limits then stay unless
                others were asked for.

        Raises:
            ConfigurationError: A value is out of its range.
        """
        configuration = self.configuration
        timeout = seconds("timeout_ms", configuration.timeout_ms)
        if timeout is None and not supplied:
            timeout = DEFAULT_TIMEOUT
        try:
            return ClientOptions(
                base_url=configuration.server_url,
                timeout=timeout,
                deadline=seconds("deadline_ms", self.deadline_ms),
                retry=self.policy or _NO_REPEATS,
                max_response_bytes=self.max_response_bytes,
                hooks=self.attempt_hooks,
            )
        except QuintetError as error:
            raise adopt(error) from error.__cause__

    @property
    def policy(self) -> RetryPolicy | None:
        """When calls are repeated that say nothing themselves; the service defines no default."""
        config = self.configuration.retry_config
        return None if config is None or isinstance(config, Unset) else policy_of(config)

    @property
    def log(self) -> DebugLog | None:
        """The debug log, if there is one and it wants to hear."""
        logger = self.configuration.debug_logger
        return DebugLog(logger) if logger is not None and DebugLog.wanted(logger) else None

    def mark(self, endpoint: Endpoint[Any], choice: Choice) -> Callable[[Request], Request] | None:
        """Return what marks the requests of a call for those who watch; None if nobody does."""
        hooks = self.hooks
        if not (hooks.before_request_hooks or hooks.after_error_hooks or self.log):
            return None
        name = endpoint.operation.name
        base_url = choice.server_url or self.configuration.server_url

        def mark(request: Request) -> Request:
            marked = MarkedRequest(request.method, request.url, request.headers, request.body)
            object.__setattr__(marked, "operation_id", name)
            object.__setattr__(marked, "base_url", base_url)
            return marked

        return mark


def with_token(
    http_headers: Mapping[str, str] | None, token: str | None
) -> Mapping[str, str] | None:
    """Return the headers of a call with a bearer token, unless they have one.

    Raises:
        ConfigurationError: The token cannot stand in a header.
    """
    if http_headers is not None:
        _check_names(http_headers)
    if token is None or any(name.lower() == "authorization" for name in http_headers or ()):
        return http_headers
    return {"Authorization": f"Bearer {secret_of(token, 'token').reveal()}", **(http_headers or {})}


def _check_names(http_headers: Mapping[str, str]) -> None:
    """Refuse what has no names of headers; the rest is looked at when they are put together.

    Raises:
        ConfigurationError: It is no mapping, or not from strings.
    """
    if not isinstance(http_headers, Mapping) or not all(
        isinstance(name, str) for name in http_headers
    ):
        raise ConfigurationError("http_headers must be a dictionary of strings")
