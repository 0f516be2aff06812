"""One record per request and one per answer, for ``debug_logger``, without secrets.

Headers that carry a credential are replaced, and so are the values of fields such as ``password``
and ``token``, however deep in a JSON body, and what a URL has behind its question mark. Bodies that
are not JSON appear as their size. Nothing is formatted unless the logger wants to hear it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aerostack._secret_fields import is_secret_field
from quintet.core.headers import is_secret_name

if TYPE_CHECKING:
    from quintet.core.request import Request

__all__ = ["MOST_SHOWN", "DebugLog"]

MOST_SHOWN = 4096
"""Bytes of a body that are kept for the record."""

_REDACTED = "[redacted]"
_DEBUG = 10
"""``logging.DEBUG``, without loading that module for programs that log nothing."""


class DebugLog:
    """Writes to a logger of the caller's: anything with ``debug(message, *args)``."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    @staticmethod
    def wanted(logger: Any) -> bool:
        """Tell whether the logger would write anything; one that cannot say is asked to."""
        enabled = getattr(logger, "isEnabledFor", None)
        return bool(enabled(_DEBUG)) if callable(enabled) else True

    def request(self, request: Request) -> None:
        """Tell of a request that is about to be sent."""
        self._logger.debug(
            "Request:\nMethod: %s\nURL: %s\nHeaders: %s\nBody: %s",
            request.method,
            _shown_url(request.url),
            _shown_headers(request.headers),
            _shown_body(request.body),
        )

    def answer(
        self, sent: Request, status: int, headers: Iterable[tuple[str, str]], body: bytes, size: int
    ) -> None:
        """Tell of an answer that was read, whole or in part, and not what it echoes of the key.

        Args:
            sent: Its request.
            status: HTTP status.
            headers: As they came.
            body: Its beginning.
            size: How many bytes were read.
        """
        self._logger.debug(
            "Response:\nStatus Code: %s\nURL: %s\nHeaders: %s\nBody: %s",
            status,
            _shown_url(sent.url),
            _not_echoed(_shown_headers(headers), sent),
            _not_echoed(_shown_body(body if size == len(body) else size), sent),
        )

    def failure(self, sent: Request, error: Exception) -> None:
        """Tell of a request that brought no answer."""
        said = _not_echoed(error, sent)
        self._logger.debug("No response:\nURL: %s\nError: %s", _shown_url(sent.url), said)


def _not_echoed(shown: object, sent: Request) -> str:
    from quintet.core.redaction import secrets_of, without

    return without(str(shown), secrets_of([sent], frozenset()))


def _shown_url(url: str) -> str:
    return url.partition("?")[0]


def _shown_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {
        name: _REDACTED
        if is_secret_name(name) and name.lower() != "idempotency-key"
        else _without_secrets(value)
        for name, value in headers
    }


def _shown_body(body: Any) -> str:
    if body is None or body == b"":
        return ""
    # Imported here: a stream of bytes has loaded it.
    from quintet.core.body import Body

    if isinstance(body, Body):
        return f"[stream of {'unknown length' if body.length is None else f'{body.length} bytes'}]"
    if isinstance(body, int):
        return f"[{body} bytes]"
    try:
        return json.dumps(_without_secrets(json.loads(body)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return f"[{len(body)} bytes]"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _REDACTED if is_secret_field(name, inner) else _without_secrets(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return _without_query(value)
    return value


def _without_query(url: str) -> str:
    """Return a URL without what may be a signature: with it, the URL opens a file to anybody."""
    place, mark, _ = url.partition("?")
    return f"{place}?{_REDACTED}" if mark else url
