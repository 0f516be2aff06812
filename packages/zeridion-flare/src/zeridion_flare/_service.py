"""The facts of the service and how a client's options become the runtime's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from quintet.core.backoff import Backoff
from quintet.core.operation import Service
from quintet.core.retry import RetryPolicy
from quintet.errors import QuintetError
from quintet.options import ClientOptions
from quintet.secrets import Secret
from zeridion_flare._version import __version__
from zeridion_flare.errors import FlareConfigurationError, adopt, from_response, is_final

if TYPE_CHECKING:
    from quintet.hooks import Hook

API_KEY_VARIABLE = "FLARE_API_KEY"
BASE_URL_VARIABLE = "FLARE_BASE_URL"
DEFAULT_BASE_URL = "https://api.zeridion.com"
PREFIX = "/flare/v1"
MIB = 1024 * 1024

SERVICE = Service(
    name="flare",
    user_agent=f"zeridion-flare-python/{__version__}",
    status_error=from_response,
    adopt=adopt,
    is_final=is_final,
    max_key_length=200,
)


def find_credentials(api_key: str | None) -> Callable[[], Iterable[tuple[str, str]]]:
    """Return the credential headers for a key given or, without one, found in the environment.

    Raises:
        FlareConfigurationError: There is no key, or it cannot be put into a header.
    """
    found = api_key if api_key is not None else os.environ.get(API_KEY_VARIABLE)
    if not found:
        raise FlareConfigurationError(
            f"no API key: pass api_key or set the environment variable {API_KEY_VARIABLE}"
        )
    try:
        secret = Secret(found)
    except QuintetError as error:
        raise adopt(error) from None

    def credentials() -> Iterable[tuple[str, str]]:
        return (("Authorization", f"Bearer {secret.reveal()}"),)

    return credentials


def find_base_url(base_url: str | None) -> str:
    """Return the URL under which the endpoints are, with the service's prefix exactly once."""
    url = base_url if base_url is not None else os.environ.get(BASE_URL_VARIABLE)
    url = (url or DEFAULT_BASE_URL).strip().rstrip("/")
    return url if url.partition("?")[0].endswith(PREFIX) else url + PREFIX


def make_options(
    *,
    base_url: str | None,
    max_retries: int,
    retry_base_delay_ms: float,
    retry_max_delay_ms: float,
    max_response_bytes: int,
    timeout: float | None,
    deadline: float | None,
    hooks: Iterable[Hook],
) -> ClientOptions:
    """Return the runtime's options for a client's.

    Raises:
        FlareConfigurationError: A value is out of its range.
    """
    base, cap = _milliseconds(retry_base_delay_ms), _milliseconds(retry_max_delay_ms)
    if isinstance(max_response_bytes, int) and max_response_bytes < 0:
        raise FlareConfigurationError("max_response_bytes must be 0 (no bound) or positive")
    try:
        return ClientOptions(
            base_url=find_base_url(base_url),
            timeout=timeout,
            deadline=deadline,
            retry=RetryPolicy(
                statuses=frozenset({408, 425, 429}),
                backoff=Backoff(min(base, cap), cap),
                max_retries=max_retries,
                # The guide: the maximum caps a wait asked for by the server too.
                max_retry_after=cap,
                beyond_cap="clamp",
                retry_all_5xx=True,
                codes=frozenset({"idempotency_in_progress"}),
            ),
            max_response_bytes=max_response_bytes or None,
            hooks=tuple(hooks),
        )
    except QuintetError as error:
        raise adopt(error) from error.__cause__


def _milliseconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e10:
        raise FlareConfigurationError("retry delays must be milliseconds, 0 or more")
    return float(value) / 1000
