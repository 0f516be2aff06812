"""The facts of the service and how a client's options become the runtime's."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from amdahl._envelope import asked_wait, parsed, read_error
from amdahl._error_map import adopt, from_response
from amdahl._version import __version__
from amdahl.errors import ConfigurationError
from quintet.core.backoff import Backoff
from quintet.core.operation import Service
from quintet.core.rate_limit import parse_rate_limit
from quintet.core.retry import RetryPolicy
from quintet.core.retry_after import parse_retry_after
from quintet.errors import QuintetError
from quintet.options import ClientOptions, check_seconds
from quintet.secrets import Secret

if TYPE_CHECKING:
    from quintet.core.response import Response
    from quintet.hooks import Hook

API_KEY_VARIABLE = "API_KEY"
BASE_URL_VARIABLE = "AMDAHL_URL"
PREFIX = "/api/platform/v1"
API_VERSION = "2026-04-14"
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
DEFAULT_TIMEOUT = 30.0
SYNC_RUN_TIMEOUT = 65.0
"""Seconds for the start of a run that waits for its end: the service holds the request for 60."""
IDLE_TIMEOUT = 45.0
"""Seconds of silence after which a stream counts as dead: three heartbeats of 15."""

IN_PROGRESS = "idempotency_in_progress"
"""The code of a write whose first attempt the service is still at."""

_RETRIED = frozenset({429, 500, 502, 503})
_QUERY_TIMEOUTS = frozenset({408, 504})
_USED_UP = frozenset({"quota_exceeded", "quota_exhausted", "too_many_pending"})
# What the client says itself, with every request or with each call anew.
_OURS = frozenset({"authorization", "content-type", "idempotency-key", "last-event-id"})


def is_final(response: Response) -> bool:
    """Tell of a 429 that waiting does not help: the allowance is used up."""
    return response.status == 429 and read_error(response).code in _USED_UP


def retry_after(response: Response, now: float) -> float | None:
    """Return the seconds an error asks to wait: from the header, the body, or the rate limit."""
    seconds = parse_retry_after(response.headers, now=now)
    if seconds is None:
        seconds = asked_wait(parsed(response))
    if seconds is None and response.status == 429:
        limits = parse_rate_limit(response.headers, now=now)
        seconds = None if limits is None else limits.reset_after
    return seconds


SERVICE = Service(
    name="amdahl",
    user_agent=f"amdahl-platform-python/{__version__}",
    status_error=from_response,
    adopt=adopt,
    is_final=is_final,
    retry_after=retry_after,
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
            message=f"no API key: pass api_key or set the environment variable {API_KEY_VARIABLE}"
        )
    try:
        secret = Secret(found)
    except QuintetError as error:
        raise adopt(error) from None
    if " " in secret.reveal():
        raise ConfigurationError(
            message="api_key has a space within; is it a whole line of a file?"
        )

    def credentials() -> Iterable[tuple[str, str]]:
        return (("Authorization", f"Bearer {secret.reveal()}"),)

    return credentials


def find_base_url(base_url: str | None) -> str:
    """Return the URL under which the endpoints are, with the service's prefix exactly once.

    Raises:
        ConfigurationError: There is none: the service's documents name several hosts, so the key
            goes to none of them by itself.
    """
    url = base_url if base_url is not None else os.environ.get(BASE_URL_VARIABLE)
    if not isinstance(url, str) or not url.strip():
        raise ConfigurationError(
            message="no base URL: pass base_url or set the environment variable "
            f"{BASE_URL_VARIABLE}, such as https://platform.example.com"
        )
    url = url.strip().rstrip("/")
    return url if url.partition("?")[0].endswith(PREFIX) else url + PREFIX


def seconds(name: str, value: float | None) -> float | None:
    """Return a time limit for the runtime; ``None`` and infinity are no limit.

    Raises:
        ConfigurationError: Not a number, not positive, or no number at all (NaN).
    """
    if isinstance(value, float) and value == math.inf:
        return None
    try:
        return check_seconds(name, value)
    except QuintetError as error:
        raise ConfigurationError(
            message=f"{name} must be a positive number of seconds; None is no limit"
        ) from error


def make_options(
    *,
    base_url: str | None,
    timeout: float | None,
    deadline: float | None,
    max_retries: int,
    retry_timeouts: bool,
    business_id: str | None,
    api_version: str | None,
    headers: Mapping[str, str] | None,
    max_response_bytes: int,
    pacing: bool,
    hooks: Iterable[Hook],
) -> ClientOptions:
    """Return the runtime's options for a client's.

    Raises:
        ConfigurationError: A value is out of its range, or a header is the client's own.
    """
    if not isinstance(hooks, Iterable):
        raise ConfigurationError(
            message=f"hooks must be a list of hooks, not {type(hooks).__name__}"
        )
    if headers is not None and not isinstance(headers, Mapping):
        raise ConfigurationError(message="headers must be a mapping of names to values")
    for name in headers or {}:
        if isinstance(name, str) and name.lower() in _OURS:
            raise ConfigurationError(message=f"the header {name} is set by the client itself")
    if isinstance(max_response_bytes, int) and max_response_bytes < 0:
        raise ConfigurationError(message="max_response_bytes must be 0 (no bound) or positive")
    said = {"X-Amdahl-API-Version": api_version, "X-Business-Id": business_id}
    own = {name: value for name, value in said.items() if value is not None}
    try:
        return ClientOptions(
            base_url=find_base_url(base_url),
            timeout=seconds("timeout", timeout),
            deadline=seconds("deadline", deadline),
            # A window of the rate limit is a minute: what asks for longer is raised at once.
            retry=RetryPolicy(
                _RETRIED | _QUERY_TIMEOUTS if retry_timeouts else _RETRIED,
                Backoff(0.5, 8.0),
                max_retries,
                max_retry_after=60.0,
                codes=frozenset({IN_PROGRESS}),
            ),
            max_response_bytes=max_response_bytes or None,
            headers={**own, **(headers or {})},
            hooks=tuple(hooks),
            pacing=pacing,
        )
    except QuintetError as error:
        raise adopt(error) from error.__cause__
