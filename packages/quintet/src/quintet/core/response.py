"""A whole answer: status, headers, decoded body, and how it came about."""

from __future__ import annotations

from json import JSONDecoder, loads
from typing import Any

from quintet.core.headers import Headers
from quintet.core.url import LOOK_AT_BASE_URL, shown_url
from quintet.errors import BodyTooLarge, DecodeError

__all__ = ["Response", "check_declared_length", "read_json"]

_EXCERPT_OF = 4000
"""Characters that are looked through for an excerpt: pages begin with a lot that is not shown."""
_UNSEEN = r"(?is)<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)"
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_TAG = r"<[^>]*(?:>|\Z)"

_read = JSONDecoder().raw_decode


class Response:
    """A complete answer.

    Attributes:
        status: HTTP status.
        headers: As they came.
        body: Decoded bytes, within ``max_response_bytes``.
        url: Of the request that was answered, after redirects.
        method: Of that request.
        http_version: Such as ``"HTTP/1.1"``.
        elapsed: Seconds from the beginning of the last attempt to the last byte.
        attempts: How many attempts it took.
    """

    __slots__ = (
        "attempts",
        "body",
        "elapsed",
        "headers",
        "http_version",
        "method",
        "status",
        "url",
    )

    def __init__(
        self,
        status: int,
        headers: Headers,
        body: bytes,
        url: str = "",
        method: str = "",
        http_version: str = "HTTP/1.1",
        elapsed: float = 0.0,
        attempts: int = 1,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.url = url
        self.method = method
        self.http_version = http_version
        self.elapsed = elapsed
        self.attempts = attempts

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters, ``""`` if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            DecodeError: It is not JSON.  The message names method, URL without its query, status,
                content type and request id and never shows the body; that is reachable as
                ``response``.
        """
        try:
            return read_json(self.body)
        except (ValueError, RecursionError) as error:
            raise DecodeError(
                self._not_json(),
                status=self.status,
                request_id=self.request_id() or "",
                response=self,
                method=self.method,
                url=self.url,
                attempts=self.attempts,
            ) from error

    def _not_json(self) -> str:
        kind = self.content_type[:80] or "no content type"
        size = f"{len(self.body)} bytes" if self.body else "an empty body"
        request_id = self.request_id()
        suffix = f", request id {request_id[:80]}" if request_id else ""
        place = f" from {self.method} {shown_url(self.url)}" if self.url else ""
        # A page is what a web site, a proxy or a login says; no API of ours has one.
        page = kind in _PAGES or self.body.lstrip()[:1] == b"<"
        hint = f"; {LOOK_AT_BASE_URL}" if page else ""
        return f"expected JSON{place}, got status {self.status} with {size} ({kind}{suffix}){hint}"

    def text(self, limit: int | None = None) -> str:
        """Return the body as text in its declared charset (UTF-8 by default); never fails.

        Args:
            limit: At most so many characters; None for all.
        """
        body = self.body if limit is None else self.body[: 4 * limit]
        try:
            text = body.decode(self._charset(), "replace")
        except LookupError:
            text = body.decode("utf-8", "replace")
        return text if limit is None else text[:limit]

    def excerpt(self, limit: int = 120) -> str:
        """Return the beginning of the body as one printable line, for an error of an SDK.

        Of markup the words are left: a proxy's page says more without its tags.

        Args:
            limit: At most so many characters, an ellipsis included.
        """
        text = self.text(max(4 * limit, _EXCERPT_OF))
        if text.lstrip()[:1] == "<":
            import re

            text = re.sub(_TAG, " ", re.sub(_UNSEEN, " ", text))
        words = " ".join(text.split())
        line = "".join(
            char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words
        )
        return line if len(line) <= limit else line[: limit - 1] + "…"

    def _charset(self) -> str:
        for parameter in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'") or "utf-8"
        return "utf-8"

    def request_id(self, header_name: str = "x-request-id") -> str | None:
        """Return the service's id of the request from its header, None if it sent none."""
        return self.headers.get(header_name)

    def __repr__(self) -> str:
        # The body may hold someone's data and the query a secret: neither is shown.
        place = self.url.partition("?")[0]
        return f"<Response {self.status} {self.method} {place} {len(self.body)} bytes>"


def read_json(body: bytes) -> Any:
    """Return what :func:`json.loads` does, in half the time where the body is as bodies are.

    It looks for the encoding, and twice for white space by a regular expression, before and after
    a small answer is parsed.  A body in UTF-8 without white space around it needs none of that.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    try:
        text = body.decode()
        value, end = _read(text)
    except ValueError:
        return loads(body)
    return value if end == len(text) else loads(body)


def check_declared_length(
    headers: Headers, limit: int | None, bound: str = "max_response_bytes"
) -> None:
    """Refuse a body by its ``Content-Length``, before a byte of it is read.

    The length of a compressed body says nothing about its decoded size, so that is left to
    :class:`~quintet.core.decoding.BodyDecoder`, as are lengths that are no number.

    Args:
        headers: Of the answer.
        limit: Most bytes to take; None for no bound.
        bound: The option that sets the limit, for the error.

    Raises:
        BodyTooLarge: The answer announces more than ``limit`` bytes.
    """
    index = headers.index()
    declared = index.get("content-length")
    if limit is None or declared is None or "content-encoding" in index:
        return
    declared = declared.strip()
    if not (declared.isascii() and declared.isdigit()):
        return
    # Comparing the number of digits first keeps absurd lengths away from int().
    if len(declared) > 20 or int(declared) > limit:
        raise BodyTooLarge(
            f"the response announces {declared[:20]} bytes, more than {limit}; "
            f"raise {bound} to accept it",
            bound=bound,
            limit=limit,
        )
