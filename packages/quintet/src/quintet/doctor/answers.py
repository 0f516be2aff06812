"""What a server's or a proxy's first answer means for whoever wants to know if the way is fine."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from quintet.core.headers import Headers
from quintet.core.record import Record
from quintet.core.url import path_of

__all__ = ["Verdict", "judge", "refusal_advice"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What proxies put into answers of their own making; a server behind them has none of these.
_OF_PROXIES = ("proxy-authenticate", "proxy-status", "x-squid-error")
_WORDS = {
    400: "it makes nothing of the request; if this port speaks https, the URL must say so",
    401: "it wants a key, and none was sent",
    403: "it does not let in whoever comes without a key, or from this address",
    404: "it has nothing at this path, or shows it to nobody without a key",
    405: "it does not take HEAD at this path, the method this was asked with",
    408: "it did not see the request in time",
    421: "it is not the one for this host name",
    426: "it wants another protocol",
    429: "it was asked too often",
    501: "it does not know HEAD, the method this was asked with",
    502: "a gateway before the server gets no proper answer from it",
    503: "the server, or a gateway before it, is not ready",
    504: "a gateway before the server gets no answer from it in time",
}


class Verdict(Record):
    """What is said of an answer.

    Attributes:
        level: ``""`` for nothing to say, else ``"note"``, ``"warning"`` or ``"problem"``.
        words: The sentence.
    """

    __slots__ = _fields = ("level", "words")
    level: str
    words: str

    def __init__(self, level: str, words: str) -> None:
        self._fill(level, words)


def judge(url: str, status: int, headers: Headers, proxy: str | None, has_user: bool) -> Verdict:
    """Return what an answer means.

    Args:
        url: What was asked for.
        status: Of the answer.
        headers: Of the answer.
        proxy: The proxy's URL, fit to be shown, if it saw the request and may have answered in
            place of the server; None if it did not.
        has_user: Whether that proxy was given a user name.
    """
    if status < 300:
        return Verdict("", "")
    said = f"{status} {_phrase(status)}".rstrip()
    if status == 407:
        # RFC 9110 §15.5.8: no one but a proxy says so.
        who = f"the proxy {proxy}" if proxy else "a proxy on the way that no setting here names"
        return Verdict("problem", f"{who} refuses ({said}): {refusal_advice(said, has_user)}")
    if status in _REDIRECTS:
        to = _shown_location(headers.get("location"), url)
        return Verdict("note", f"{said}, a redirect to {to}; it is not followed, and an SDK raises")
    words = f"{said}: {_WORDS.get(status, 'that is the answer to a request without a key')}"
    if status >= 400 and proxy is not None:
        if any(name in headers for name in _OF_PROXIES):
            return Verdict(
                "problem", f"the proxy {proxy} answers in place of the server ({said}): {_PROXY}"
            )
        words += f"; the proxy {proxy} may have said so in its place"
    if status >= 500:
        return Verdict("warning", words)
    return Verdict("note", words)


_PROXY = (
    "it does not let the request through or does not reach the server; ask who runs it, or name "
    "the host in NO_PROXY"
)


def refusal_advice(refusal: str, has_user: bool) -> str:
    """Return what to do about a proxy that refuses, from the words it did so with."""
    if not refusal.startswith("407"):
        return "ask who runs it"
    if has_user:
        return "the user or password in its URL is not one that it takes"
    return "put user and password into its URL, http://USER:PASSWORD@HOST:PORT"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _shown_location(location: str | None, url: str) -> str:
    """Return where a redirect leads without what may be secret: user, query, the URL's own path."""
    if not location:
        return "nowhere (it has no Location)"
    try:
        parts = urlsplit(location)
    except ValueError:
        return "what is no URL"
    own = path_of(url).rstrip("/")
    path = parts.path.replace(own, "/…") if own else parts.path
    place = parts.netloc.rpartition("@")[2]
    origin = f"{parts.scheme}:" if parts.scheme else ""
    return f"{origin}//{place}{path}" if place else path or "itself"
