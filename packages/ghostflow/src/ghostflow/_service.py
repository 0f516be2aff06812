"""The facts of the service and how a client's options become the runtime's."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ghostflow._error_map import adopt, from_response
from ghostflow._version import __version__
from ghostflow.errors import APIStatusError, ConfigurationError
from quintet.core.backoff import Backoff
from quintet.core.operation import Operation, Service
from quintet.core.record import Record
from quintet.core.retry import RetryPolicy
from quintet.core.url import origin
from quintet.errors import QuintetError
from quintet.options import ClientOptions, check_seconds
from quintet.secrets import Secret

if TYPE_CHECKING:
    from quintet.clock import Clock
    from quintet.core.response import Response
    from quintet.hooks import Hook

API_KEY_VARIABLE = "GF_API_KEY"
BASE_URL_VARIABLE = "GF_BASE_URL"
TEAM_ID_VARIABLE = "GF_TEAM_ID"
DEFAULT_BASE_URL = "https://devcore.getghostflow.io/api/v1"
VENDOR = "getghostflow.io"
TEAM_HEADER = "X-Team-Id"
DEFAULT_TIMEOUT = 30.0
DEFAULT_RETRIES = 2
MIB = 1024 * 1024
USER_AGENT = f"ghostflow-python/{__version__} python/{sys.version.split()[0]}"

IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
"""The code of a write whose first attempt the service is still at."""

_RETRIED = frozenset({408, 429, 500, 502, 503, 504, *range(520, 525)})
_BACKOFF = Backoff(0.5, 8.0)
_MAX_RETRY_AFTER = 60.0
# What the client says itself, with every request or with each call anew.
_OURS = frozenset({"authorization", "content-type", "idempotency-key", "if-match", "x-team-id"})


class Credentials:
    """The key or token of a client; its credential headers when called."""

    def __init__(self, secret: Secret | None) -> None:
        self.secret = secret

    def __call__(self) -> Iterable[tuple[str, str]]:
        if self.secret is None:
            return ()
        return (("Authorization", f"Bearer {self.secret.reveal()}"),)

    def hint(self) -> str:
        """Return the beginning of a key, enough to tell keys apart and too little to use one."""
        text = "" if self.secret is None else self.secret.reveal()
        return f"{text[:7]}…" if text.startswith("gf_") and len(text) >= 20 else "…"


def make_secret(api_key: str | None) -> Secret:
    """Return the key given or, without one, found in the environment.

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
    return secret


def find_team(team_id: str | None) -> str | None:
    """Return the team given or, without one, found in the environment; ``None`` for no header.

    Raises:
        ConfigurationError: It cannot be an id.
    """
    found = team_id if team_id is not None else os.environ.get(TEAM_ID_VARIABLE) or None
    return None if found is None else check_team(found)


def check_team(team_id: str) -> str:
    """Return the id of a team as it can stand in a header.

    Raises:
        ConfigurationError: It cannot be an id.
    """
    text = str(team_id).strip()
    if not text or not all("!" <= char <= "~" for char in text):
        raise ConfigurationError(message="team_id must be the id of a team, such as a UUID")
    return text


def find_base_url(base_url: str | None) -> str:
    """Return the URL under which the endpoints are, as it was given or found.

    Raises:
        ConfigurationError: A URL was given that is none. An empty one is most often a variable that
            was not set, and the key must not go elsewhere because of it.
    """
    if base_url is not None and (not isinstance(base_url, str) or not base_url.strip()):
        raise ConfigurationError(message=f"base_url must be a URL, not {base_url!r}")
    url = base_url if base_url is not None else os.environ.get(BASE_URL_VARIABLE)
    return (url or DEFAULT_BASE_URL).strip().rstrip("/")


def is_vendor(url: str) -> bool:
    """Tell whether a URL is the hosted service's."""
    host = origin(url)[1].rstrip(".")
    return host == VENDOR or host.endswith("." + VENDOR)


def make_service(clock: Clock, base_url: str) -> Service:
    """Return the facts of the service, with the time of the client for its errors."""
    vendor = is_vendor(base_url)

    def status_error(response: Response, operation: Operation) -> APIStatusError:
        return from_response(response, operation, now=clock.time(), vendor=vendor)

    return Service(
        name="ghostflow",
        user_agent=USER_AGENT,
        status_error=status_error,
        adopt=adopt,
        credential_headers=frozenset({"authorization", "x-team-id"}),
    )


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


class Settings(Record):
    """What a client is told, checked.

    Attributes:
        options: The runtime's part.
        cautious: When a POST is sent again whose key the service may not know.
        idempotent_posts: Whether it knows them.
    """

    __slots__ = _fields = ("options", "cautious", "idempotent_posts")
    options: ClientOptions
    cautious: RetryPolicy
    idempotent_posts: bool

    def __init__(
        self, options: ClientOptions, cautious: RetryPolicy, idempotent_posts: bool
    ) -> None:
        self._fill(options, cautious, idempotent_posts)


def make_settings(
    *,
    base_url: str | None,
    max_retries: int,
    timeout: float | None,
    deadline: float | None,
    idempotent_posts: bool | None,
    headers: Mapping[str, str] | None,
    max_response_bytes: int,
    pacing: bool,
    hooks: Iterable[Hook],
) -> Settings:
    """Return what a client's options mean for the runtime.

    Raises:
        ConfigurationError: A value is out of its range, or a header is the client's own.
    """
    if not isinstance(hooks, Iterable):
        raise ConfigurationError(
            message=f"hooks must be a list of hooks, not {type(hooks).__name__}"
        )
    _check_headers(headers)
    if isinstance(max_response_bytes, int) and max_response_bytes < 0:
        raise ConfigurationError(message="max_response_bytes must be 0 (no bound) or positive")
    url = find_base_url(base_url)
    try:
        options = ClientOptions(
            base_url=url,
            timeout=seconds("timeout", timeout),
            deadline=seconds("deadline", deadline),
            retry=RetryPolicy(
                _RETRIED,
                _BACKOFF,
                max_retries,
                max_retry_after=_MAX_RETRY_AFTER,
                codes=frozenset({IN_PROGRESS}),
            ),
            max_response_bytes=max_response_bytes or None,
            headers=dict(headers or {}),
            hooks=tuple(hooks),
            pacing=pacing,
        )
    except QuintetError as error:
        raise adopt(error) from error.__cause__
    cautious = RetryPolicy(
        frozenset({429}), _BACKOFF, max_retries, max_retry_after=_MAX_RETRY_AFTER
    )
    knows_keys = not is_vendor(url) if idempotent_posts is None else bool(idempotent_posts)
    return Settings(options, cautious, knows_keys)


def _check_headers(headers: Mapping[str, str] | None) -> None:
    if headers is not None and not isinstance(headers, Mapping):
        raise ConfigurationError(message="headers must be a mapping of names to values")
    for name in headers or {}:
        if isinstance(name, str) and name.lower() in _OURS:
            raise ConfigurationError(message=f"the header {name} is set by the client itself")
