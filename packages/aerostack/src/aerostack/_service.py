"""The facts of the service, and from an SDK's options to the runtime's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from aerostack._version import USER_AGENT
from aerostack.errors import FINAL_CODES, ConfigurationError, adopt, from_response
from aerostack.sdkconfiguration import SERVERS
from aerostack.utils import RetryConfig
from quintet.core.backoff import Backoff
from quintet.core.error_map import parse_error_body
from quintet.core.operation import Service
from quintet.core.retry import RetryPolicy
from quintet.errors import QuintetError
from quintet.secrets import Secret

if TYPE_CHECKING:
    from quintet.core.response import Response

API_KEY_VARIABLE = "AEROSTACK_API_KEY"
SERVER_URL_VARIABLE = "AEROSTACK_SERVER_URL"
KEY_HEADER = "X-Aerostack-Key"
MIB = 1024 * 1024
DEFAULT_TIMEOUT = 60.0
"""Seconds for an attempt: a chat may take that long, and a server that hangs is noticed."""
IDLE_TIMEOUT = 60.0
"""Seconds without a byte after which a stream or a download counts as dead."""
SLOWEST_UPLOAD = 128 * 1024
"""Bytes per second that an upload is given at least, besides the time for any call."""
LONGEST_UPLOAD = 900.0
"""Seconds for an upload whose size nobody knows."""

_RETRIED = frozenset({429, 500, 502, 503, 504})
_UNBOUNDED = 1_000_000


def is_final(response: Response) -> bool:
    """Tell of an answer that a repeat cannot help, although its status is one that may pass."""
    told = response.headers.get("x-should-retry", "").strip().lower() == "false"
    return told or parse_error_body(response).code in FINAL_CODES


SERVICE = Service(
    name="aerostack",
    user_agent=USER_AGENT,
    status_error=from_response,
    adopt=adopt,
    is_final=is_final,
    credential_headers=frozenset({"x-aerostack-key", "x-api-key", "authorization"}),
)


class Key:
    """The API key of an SDK: given, computed at each attempt, or found in the environment.

    Args:
        given: The key; a function that returns it; ``None`` for the environment variable
            ``AEROSTACK_API_KEY``, which is read here and only here.

    Raises:
        ConfigurationError: It cannot be a key.
    """

    def __init__(self, given: str | Callable[[], str] | None) -> None:
        self._found: Secret | Callable[[], str] | None = None
        self.set(given if given is not None else os.environ.get(API_KEY_VARIABLE) or None)

    def set(self, given: str | Callable[[], str] | None) -> None:
        """Use another key from now on."""
        self._found = given if given is None or callable(given) else secret_of(given)

    def reveal(self) -> str:
        """Return the key of the moment.

        Raises:
            ConfigurationError: There is none.
        """
        found = self._found
        if found is None:
            raise ConfigurationError(
                "no API key: pass api_key_auth to SDK(), or set the environment variable "
                f"{API_KEY_VARIABLE}"
            )
        return (found if isinstance(found, Secret) else secret_of(found())).reveal()

    def header(self) -> tuple[tuple[str, str], ...]:
        """Return the header of the operations that take the API key."""
        return ((KEY_HEADER, self.reveal()),)

    def bearer(self) -> tuple[tuple[str, str], ...]:
        """Return the header of the operations that take a bearer token."""
        return (("Authorization", f"Bearer {self.reveal()}"),)


def secret_of(value: str, name: str = "api_key_auth") -> Secret:
    """Return a credential as a type that does not show it.

    Raises:
        ConfigurationError: It is empty, or cannot stand in a header.
    """
    try:
        return Secret(value, name=name)
    except QuintetError as error:
        raise adopt(error) from None


def no_credentials() -> tuple[tuple[str, str], ...]:
    """Return no header: the caller has given one."""
    return ()


def find_server(
    server_idx: int | None, server_url: str | None, url_params: Mapping[str, str] | None
) -> str:
    """Return the URL of the server: that given, else the one of the index, else the environment's.

    Raises:
        ConfigurationError: There is no such index, or a part ``{name}`` of the URL has no value.
    """
    if server_url is not None:
        return _filled(server_url, url_params or {})
    if server_idx is None:
        url = os.environ.get(SERVER_URL_VARIABLE) or SERVERS[0]
        return _filled(url, {}, SERVER_URL_VARIABLE)
    if isinstance(server_idx, bool) or not isinstance(server_idx, int):
        raise ConfigurationError("server_idx must be an integer")
    if not 0 <= server_idx < len(SERVERS):
        raise ConfigurationError(
            f"server_idx must be 0 to {len(SERVERS) - 1}, not {server_idx}: there are "
            f"{len(SERVERS)} servers; others are given as server_url"
        )
    return SERVERS[server_idx]


def _filled(server_url: str, url_params: Mapping[str, str], source: str = "server_url") -> str:
    if not isinstance(server_url, str) or not server_url.strip():
        # Most often a variable that was not set: the key must not go elsewhere because of it.
        raise ConfigurationError(f"{source} must be a URL, not {server_url!r}")
    if not isinstance(url_params, Mapping):
        raise ConfigurationError("url_params must be a dictionary")
    for name, value in url_params.items():
        server_url = server_url.replace(f"{{{name}}}", str(value))
    if "{" in server_url:
        raise ConfigurationError(f"a part of {source} has no value in url_params: {server_url}")
    server_url = server_url.strip().removesuffix("/")
    if not server_url.lower().startswith(("http://", "https://")):
        # Not printed: it may hold a secret. Most often what comes before :// was left out.
        raise ConfigurationError(f"{source} must begin with http:// or https://")
    return server_url


@lru_cache(maxsize=64)
def policy_of(config: RetryConfig) -> RetryPolicy | None:
    """Return the runtime's policy for a configuration, ``None`` for no repeats."""
    if config.strategy == "none":
        return None
    waits = config.backoff
    return RetryPolicy(
        _RETRIED,
        Backoff(waits.initial_interval / 1000, waits.max_interval / 1000, waits.exponent),
        _UNBOUNDED if config.max_retries is None else config.max_retries,
        # What does not fit into the time for repeats is given up at once; no other cap is needed.
        max_retry_after=float("inf"),
        failures=config.retry_connection_errors,
        max_elapsed=waits.max_elapsed_time / 1000,
        jitter_floor=False,
    )


def seconds(name: str, milliseconds: float | None) -> float | None:
    """Return a number of milliseconds in seconds; ``None`` stays.

    Raises:
        ConfigurationError: It is not a positive number.
    """
    if milliseconds is None:
        return None
    good = isinstance(milliseconds, (int, float)) and not isinstance(milliseconds, bool)
    if not good or not 0 < milliseconds < sys.float_info.max:
        raise ConfigurationError(f"{name} must be a positive number of milliseconds")
    return milliseconds / 1000
