"""Postbacks: what a network sends to the tracker, and what a source receives from it.

:func:`postback_url` writes what a network would call, for tests and for networks of your own.
:class:`PostbackTemplate` is the other end: a source's ``postbackUrl`` with macros, which the
tracker fills in and calls. Nothing in such a call is signed, so put a secret of your own into the
template, such as ``&token=…``: everything in it that is no macro must come back as it is.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from ghostflow.errors import MisuseError, PostbackError

__all__ = ["PostbackTemplate", "ReceivedPostback", "postback_url"]

PARAMETERS = {
    "click_id": ("clickId", "click_id"),
    "payout": ("payout", "payout"),
    "status": ("status", "status"),
    "tx_id": ("txId", "tx_id"),
    "currency": ("currency", "currency"),
    "event": ("event", "event"),
}
"""Python's name of each parameter, its key in a network's ``paramMap``, and its name by default."""

_MACRO = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_MOST = 16_384


def postback_url(
    network: Mapping[str, Any] | str,
    *,
    click_id: str,
    payout: Decimal | int | float | str | None = None,
    status: str | None = None,
    tx_id: str | None = None,
    currency: str | None = None,
    event: str | None = None,
    origin: str | None = None,
) -> str:
    """Return the URL that a network calls to report a conversion; GET or POST it.

    Args:
        network: The network as the service returns it, with its ``postbackKey``, ``postbackUrl``
            and ``paramMap``; or its key alone.
        click_id: What the link handed to the offer as ``{click_id}``.
        payout: The offer's if omitted.
        status: A word of the network's, or ``pending``, ``approved``, ``rejected``, ``reversed``;
            ``approved`` if omitted.
        tx_id: Tells several conversions of a click apart.
        currency: Of the payout.
        event: What was converted; ``conversion`` if omitted.
        origin: The server, such as ``https://track.example.com``; the network's by default.

    Raises:
        MisuseError: There is no key, nothing says where the server is, or the payout is no
            amount.
    """
    facts: Mapping[str, Any] = {"postbackKey": network} if isinstance(network, str) else network
    key = facts.get("postbackKey")
    if not isinstance(key, str) or not (key.isascii() and key.isalnum()):
        raise MisuseError(message="the network has no postbackKey; does this API key see it?")
    names = facts.get("paramMap") or {}
    values = {
        "click_id": click_id,
        "payout": None if payout is None else _amount(payout),
        "status": status,
        "tx_id": tx_id,
        "currency": currency,
        "event": event,
    }
    query = "&".join(
        f"{_encoded(names.get(ours) or usual)}={_encoded(values[name])}"
        for name, (ours, usual) in PARAMETERS.items()
        if values[name] is not None
    )
    return f"{_origin(origin or facts.get('postbackUrl'))}/postback/{key}?{query}"


class ReceivedPostback(dict[str, str]):
    """What a postback said: each macro of the template, by its name, as text.

    A macro that had no value is an empty text, as the tracker sends it.
    """

    __slots__ = ()

    @property
    def click_id(self) -> str:
        """The tracker's id of the click."""
        return self.get("click_id", "")

    @property
    def external_id(self) -> str:
        """What the source itself had handed in with the click."""
        return self.get("external_id", "")

    @property
    def status(self) -> str:
        """The conversion's status."""
        return self.get("status", "")

    @property
    def payout(self) -> Decimal | None:
        """The payout, ``None`` if the template does not ask for it or nothing came.

        Raises:
            PostbackError: What came is no amount.
        """
        text = self.get("payout", "")
        if not text:
            return None
        try:
            amount = Decimal(text)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0:
            raise PostbackError(message="the postback's payout is no amount")
        return amount


class PostbackTemplate:
    """A source's ``postbackUrl``, to check and read what arrives by it.

    Example::

        template = PostbackTemplate("https://ads.example/pb?id={external_id}&sum={payout}&token=s3")
        received = template.read(request.url)
        print(received.external_id, received.payout)

    Args:
        url: As it stands in the source, macros and all.

    Raises:
        MisuseError: It has no macros, or has them where they cannot be told apart: in the host, in
            the name of a parameter, or one directly after another; or a parameter comes twice.
    """

    def __init__(self, url: str) -> None:
        parts = _split(url, MisuseError)
        self.url = url
        self.macros = tuple(dict.fromkeys(_MACRO.findall(url)))
        self._path = [_Pattern(segment) for segment in parts.path.split("/")]
        self._query = [(name, _Pattern(value)) for name, value in _pairs(parts.query)]
        patterns = [*self._path, *(pattern for _, pattern in self._query)]
        placed = {name for pattern in patterns for name in pattern.names}
        arriving = [unquote(name) for name, _ in self._query]
        if len(set(arriving)) < len(arriving):
            raise MisuseError(message="a parameter comes twice; which of the two would count?")
        elsewhere = any(_MACRO.search(name) for name, _ in self._query)
        if not placed or elsewhere or placed != set(self.macros):
            raise MisuseError(
                message="a postback template is a URL with macros such as {click_id} in its path "
                "and in the values of its query"
            )

    def expand(self, **values: Any) -> str:
        """Return what the tracker would call, for tests of a receiver.

        Args:
            values: By name of the macro; ``None`` and what is missing are empty.
        """
        return _MACRO.sub(lambda found: _encoded(values.get(found[1])), self.url)

    def read(self, url: str) -> ReceivedPostback:
        """Return what a postback says.

        Args:
            url: The URL that was called, or its path and query, as they arrived: scheme and host
                are not looked at, since a proxy may have changed them.

        Raises:
            PostbackError: It does not fit: a parameter is missing, comes twice, or a part that is
                no macro is another.
        """
        parts = _split(url, PostbackError)
        found: dict[str, str] = {}
        segments = parts.path.split("/")
        fits = len(segments) == len(self._path)
        for pattern, segment in zip(self._path, segments, strict=False):
            fits &= pattern.read(segment, found)
        arrived: dict[str, list[str]] = {}
        for name, value in _pairs(parts.query):
            arrived.setdefault(unquote(name), []).append(value)
        for name, pattern in self._query:
            values = arrived.get(unquote(name), [])
            # Which of two would count is anybody's guess.
            fits &= len(values) == 1 and pattern.read(values[0], found)
        if not fits:
            raise PostbackError(message="the postback does not fit its template")
        return ReceivedPostback(found)

    def __repr__(self) -> str:
        # The parts between the macros may hold a secret.
        return f"PostbackTemplate(<{', '.join(self.macros)}>)"


class _Pattern:
    """A path segment or a query value: the text between macros, and the names of these."""

    __slots__ = ("literals", "names")

    def __init__(self, text: str) -> None:
        pieces = _MACRO.split(text)
        self.literals = [unquote(piece) for piece in pieces[::2]]
        self.names = pieces[1::2]
        if "" in self.literals[1:-1]:
            raise MisuseError(message="two macros without anything between cannot be told apart")

    def read(self, text: str, found: dict[str, str]) -> bool:
        """Put the macros' values into ``found``; tell whether the text fits.

        Each value ends where the text after its macro comes first, so reading takes one pass.
        """
        rest = unquote(text)
        first, *others = self.literals
        if not others:
            # A secret may be here: the time taken must not say how much of it is right.
            return hmac.compare_digest(_bytes(rest), _bytes(first))
        if not rest.startswith(first):
            return False
        rest = rest[len(first) :]
        values: list[str] = []
        for literal in others[:-1]:
            value, mark, rest = rest.partition(literal)
            values.append(value)
            if not mark:
                return False
        if not rest.endswith(others[-1]):
            return False
        values.append(rest[: len(rest) - len(others[-1])])
        named = zip(self.names, values, strict=True)
        return all(found.setdefault(name, value) == value for name, value in named)


def _split(url: str, kind: type[MisuseError | PostbackError]) -> Any:
    if not isinstance(url, str) or len(url) > _MOST:
        raise kind(message="the URL of a postback must be text of a tolerable length")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise kind(message="the URL of a postback is none") from error


def _pairs(query: str) -> list[tuple[str, str]]:
    pieces = (part.partition("=") for part in query.split("&") if part)
    return [(name.replace("+", " "), value.replace("+", " ")) for name, _, value in pieces]


def _encoded(value: Any) -> str:
    try:
        return "" if value is None else quote(str(value), safe="")
    except UnicodeEncodeError as error:
        raise MisuseError(message="a value holds half a surrogate pair") from error


def _amount(payout: Any) -> str:
    """Return an amount in plain digits: not every network's reader knows ``1E+2``."""
    try:
        amount = Decimal(str(payout))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise MisuseError(message="payout must be an amount, 0 or more")
    return f"{amount:f}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _origin(url: Any) -> str:
    parts = _split(url, MisuseError) if isinstance(url, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.netloc:
        raise MisuseError(message="origin must say where the server is: https://track.example.com")
    return f"{parts.scheme}://{parts.netloc}"
