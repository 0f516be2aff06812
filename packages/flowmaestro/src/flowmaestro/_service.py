"""The facts of the service and how a client's options become the runtime's."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from flowmaestro._version import __version__
from flowmaestro.errors import ConfigurationError, adopt, from_response
from quintet.core.backoff import Backoff
from quintet.core.operation import Service
from quintet.core.retry import RetryPolicy
from quintet.errors import QuintetError
from quintet.options import ClientOptions, check_seconds
from quintet.secrets import Secret

if TYPE_CHECKING:
    from quintet.core.response import Response
    from quintet.hooks import Hook

API_KEY_VARIABLE = "FLOWMAESTRO_API_KEY"
BASE_URL_VARIABLE = "FLOWMAESTRO_BASE_URL"
DEFAULT_BASE_URL = "https://api.flowmaestro.io"
PREFIX = "/api/v1"
MIB = 1024 * 1024
DEFAULT_TIMEOUT = 30.0
MESSAGE_TIMEOUT = 130.0
"""Seconds for a message's answer: the service holds the request for up to 120."""
IDLE_TIMEOUT = 75.0
"""Seconds of silence after which a stream counts as dead: two beats of 30 and some slack."""

_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
# What the client says itself, with every request or with each call anew.
_OURS = frozenset(
    {"authorization", "x-api-key", "content-type", "idempotency-key", "last-event-id"}
)


def is_final(response: Response) -> bool:
    """Tell of an answer that a repeat cannot help, although its status is one that may pass.

    A message's 408: the answer goes on being written. A 409 that names no time: only "the first
    request with this key is still running" does.
    """
    if response.status == 409:
        return "retry-after" not in response.headers
    return response.status == 408 and response.url.partition("?")[0].endswith("/messages")


SERVICE = Service(
    name="flowmaestro",
    user_agent=f"flowmaestro-sdk-python/{__version__}",
    status_error=from_response,
    adopt=adopt,
    is_final=is_final,
    credential_headers=frozenset({"authorization", "x-api-key"}),
)


def find_credentials(api_key: str | None) -> Callable[[], Iterable[tuple[str, str]]]:
    """Return the credential headers for a key given or, without one, found in the environment.

    Raises:
        ConfigurationError: There is no key, or it cannot be one: it has white space within, or
            characters that no header can carry.
    """
    found = api_key if api_key is not None else os.environ.get(API_KEY_VARIABLE)
    if not found:
        raise ConfigurationError(
            f"no API key: pass api_key or set the environment variable {API_KEY_VARIABLE}"
        )
    try:
        secret = Secret(found)
    except QuintetError as error:
        raise adopt(error) from None
    if " " in secret.reveal():
        raise ConfigurationError("api_key has a space within; is it a whole line of a file?")

    def credentials() -> Iterable[tuple[str, str]]:
        return (("Authorization", f"Bearer {secret.reveal()}"),)

    return credentials


def find_base_url(base_url: str | None) -> str:
    """Return the URL under which the endpoints are, with the service's prefix exactly once.

    Raises:
        ConfigurationError: A URL was given that is none. An empty one is most often a variable that
            was not set, and the key must not go elsewhere because of it. Or it has half of the
            prefix: every call below it would be a 404. Where that is meant, the URL with the whole
            prefix says so.
    """
    if base_url is not None and (not isinstance(base_url, str) or not base_url.strip()):
        raise ConfigurationError(f"base_url must be a URL, not {base_url!r}")
    url = base_url if base_url is not None else os.environ.get(BASE_URL_VARIABLE)
    url = (url or DEFAULT_BASE_URL).strip().rstrip("/")
    path = url.partition("?")[0]
    if path.endswith(PREFIX):
        return url
    if path.endswith("/v1"):
        raise ConfigurationError(
            f"base_url ends in /v1, and the client adds {PREFIX}: leave /v1 out, "
            f"or, if it is meant, let the URL end in /v1{PREFIX}"
        )
    return url + PREFIX


def seconds(name: str, value: float | None, default: float | None) -> float | None:
    """Return a time limit for the runtime: ``None`` is the default, infinity is no limit.

    Raises:
        ConfigurationError: Not a number, not positive, or no number at all (NaN).
    """
    if value is None:
        return default
    if isinstance(value, float) and value == math.inf:
        return None
    try:
        return check_seconds(name, value)
    except QuintetError as error:
        raise ConfigurationError(
            f"{name} must be a positive number of seconds; None is the default, "
            "float('inf') is no limit"
        ) from error


def make_options(
    *,
    base_url: str | None,
    timeout: float | None,
    max_retries: int,
    headers: Mapping[str, str] | None,
    deadline: float | None,
    max_response_bytes: int,
    hooks: Iterable[Hook],
) -> ClientOptions:
    """Return the runtime's options for a client's.

    Raises:
        ConfigurationError: A value is out of its range, or a header is the client's own.
    """
    for name in headers or {}:
        if isinstance(name, str) and name.lower() in _OURS:
            raise ConfigurationError(f"the header {name} is set by the client itself")
    if isinstance(max_response_bytes, int) and max_response_bytes < 0:
        raise ConfigurationError("max_response_bytes must be 0 (no bound) or positive")
    try:
        return ClientOptions(
            base_url=find_base_url(base_url),
            timeout=seconds("timeout", timeout, DEFAULT_TIMEOUT),
            deadline=seconds("deadline", deadline, None),
            # A day's used-up allowance asks for hours: what is longer than a minute is raised.
            retry=RetryPolicy(_RETRIED, Backoff(0.5, 8.0), max_retries, max_retry_after=60.0),
            max_response_bytes=max_response_bytes or None,
            headers=dict(headers or {}),
            hooks=tuple(hooks),
        )
    except QuintetError as error:
        raise adopt(error) from error.__cause__
