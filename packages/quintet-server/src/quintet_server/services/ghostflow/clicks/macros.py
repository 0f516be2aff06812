"""Templates of URLs: what stands in braces is replaced by what is known of a click.

No value can be more than a value: each is percent-encoded whole, in one pass, and a template names
its host itself. So whatever a visitor puts into a link, the destination stays on the host, in the
path and in the parameter that its owner wrote down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, urlsplit

import idna

__all__ = ["KNOWN", "MOST_CHARS", "Template", "check_template", "compile_template"]

MOST_CHARS = 2048

KNOWN = frozenset(
    (
        "click_id",
        "payout",
        "external_id",
        "campaign_id",
        "offer_id",
        "source_id",
        "network_id",
        "country",
        "device",
        "os",
        "browser",
        *(f"sub{number}" for number in range(1, 11)),
        "cost",
        "currency",
        "status",
        "event",
        "tx_id",
        "timestamp",
    )
)
"""What templates can name. The click id is ours; the one a source handed in is `external_id`."""

_MACRO = re.compile(r"\{(" + "|".join(sorted(KNOWN, key=len, reverse=True)) + r")\}")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
# What may stand in a URL as it is, the percent sign of what is encoded already included.
_LITERAL = "%/:?#[]@!$&'()*+,;=~-._"
_HOST = re.compile(r"[a-z0-9_.-]+|\[[0-9a-f:.]+\]")

Piece = tuple[str, str]
"""Literal text and the macro behind it; the macro of the last piece is empty."""


class Template:
    """A URL, ready to be filled in; `compile_template` makes it."""

    __slots__ = ("_fragment", "_query", "_segments", "_start", "macros")

    def __init__(self, start: str, rest: str) -> None:
        """`start` is scheme and host, `rest` everything behind them."""
        before, hash_mark, fragment = rest.partition("#")
        path, question_mark, query = before.partition("?")
        self.macros = frozenset(_MACRO.findall(rest))
        """The known macros that it names."""
        self._start = start
        self._segments = [_pieces(segment) for segment in path.split("/")]
        if all(len(pieces) == 1 for pieces in self._segments):  # nothing to fill in up to here
            self._start += "/".join(pieces[0][0] for pieces in self._segments)
            self._segments = []
        self._query = _pieces(query) if question_mark else None
        self._fragment = _pieces(fragment) if hash_mark else None

    def expand(self, values: Mapping[str, str], append: Sequence[tuple[str, str]] = ()) -> str:
        """The URL for these values: ASCII throughout, fit for a header.

        Args:
            values: By macro; what is missing is empty.
            append: Parameters to add to the query; a fragment stays behind them.
        """
        url = self._start
        if self._segments:
            url += "/".join([_segment(pieces, values) for pieces in self._segments])
        query = None if self._query is None else _filled(self._query, values)
        if append:
            added = "&".join([f"{encoded(name)}={encoded(value)}" for name, value in append])
            query = f"{query}&{added}" if query else added
        if query is not None:
            url = f"{url}?{query}"
        if self._fragment is not None:
            url = f"{url}#{_filled(self._fragment, values)}"
        return url


@lru_cache(maxsize=4096)
def compile_template(url: str) -> Template:
    """Read a template.

    Raises:
        ValueError: See `check_template`.
    """
    if len(url) > MOST_CHARS:
        raise ValueError(f"must have at most {MOST_CHARS} characters")
    if _FORBIDDEN.search(url):
        raise ValueError("must not contain spaces, backslashes or control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("must be an absolute http or https URL") from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("must be an absolute http or https URL")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name or a password")
    host = _host(parts.netloc)
    start = f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
    authority_at = url.index("://") + 3
    return Template(start, url[authority_at + len(parts.netloc) :])


def check_template(url: str) -> None:
    """Say whether this can be a destination or a postback.

    Raises:
        ValueError: Its message completes a sentence that begins with the field: not an absolute
            http or https URL, longer than 2048 characters, with a user name, with spaces, with a
            macro in the host. Macros that nobody knows are no mistake: they stay as text.
    """
    compile_template(url)


def _host(authority: str) -> str:
    """The host in ASCII, without the port. Values never get in here."""
    host = re.sub(r":[0-9]*$", "", authority).lower()
    if "{" in host or "}" in host:
        raise ValueError("must name its host without macros")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise ValueError("must have a valid host name") from None
    if _HOST.fullmatch(host) is None:
        raise ValueError("must have a valid host name")
    return host


def _pieces(text: str) -> list[Piece]:
    """Literals and macros in turn; literals are encoded as far as they are not yet."""
    parts = _MACRO.split(text)
    parts.append("")
    return [
        (quote(literal, safe=_LITERAL), macro)
        for literal, macro in zip(parts[::2], parts[1::2], strict=True)
    ]


def _filled(pieces: Sequence[Piece], values: Mapping[str, str]) -> str:
    if len(pieces) == 1:
        return pieces[0][0]
    filled = []
    for literal, macro in pieces:
        filled.append(literal)
        if macro and (value := values.get(macro)):
            filled.append(encoded(value))
    return "".join(filled)


def _segment(pieces: Sequence[Piece], values: Mapping[str, str]) -> str:
    """A segment of the path. One of dots alone would be taken for a step upwards, and its dots
    encoded once as well (the WHATWG's URL standard), so they are encoded twice.
    """
    filled = _filled(pieces, values)
    if len(pieces) > 1 and filled.lower().replace("%2e", ".") in (".", ".."):
        return re.sub(r"\.|%2e", "%252E", filled, flags=re.IGNORECASE)
    return filled


def encoded(value: str) -> str:
    """A value percent-encoded whole; lone surrogates become question marks."""
    if _PLAIN.fullmatch(value):
        return value
    return quote(value, safe="", errors="replace")
