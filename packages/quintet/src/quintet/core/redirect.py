"""Redirects: followed or not, and what may travel along.

Off by default: a JSON API has no business redirecting writes, and a redirect is the oldest way to
walk off with a credential.  When on, these rules hold (RFC 9110 §15.4, the rest our decision):

* 303 turns everything but HEAD into GET; 301 and 302 turn POST into GET; 307 and 308 change
  nothing and need a body that can be sent again.
* To another origin (scheme, host, port) no credential travels, whichever header it is in.
* https never becomes http, and a target with a user name in it is refused.
"""

from __future__ import annotations

from quintet.core.headers import Headers, is_secret_name
from quintet.core.record import Record
from quintet.core.request import Request
from quintet.core.url import origin
from quintet.errors import ConfigurationError, RedirectError

__all__ = ["RedirectPolicy", "next_request"]

_STATUSES = frozenset({301, 302, 303, 307, 308})
_URL_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
# Not a credential although its name says "key"; a repeated write needs it.
_HARMLESS = frozenset({"idempotency-key"})


class RedirectPolicy(Record):
    """Whether redirects are followed.

    Attributes:
        follow: Off by default; a redirect is then an ordinary answer.
        max_hops: Longest chain to follow.
    """

    __slots__ = _fields = ("follow", "max_hops")
    follow: bool
    max_hops: int

    def __init__(self, follow: bool = False, max_hops: int = 5) -> None:
        self._fill(follow, max_hops)


def next_request(
    request: Request,
    status: int,
    headers: Headers,
    *,
    credential_headers: frozenset[str],
    policy: RedirectPolicy,
    hops: int,
) -> Request | None:
    """Return the request that follows a redirect, None if the answer is to be taken as it is.

    Args:
        request: The one that was answered.
        status: The answer's status.
        headers: The answer's headers.
        credential_headers: Names, in any case, of the headers this service's credentials use.
        policy: Whether to follow, and how far.
        hops: Redirects already followed in this call.

    Raises:
        RedirectError: The chain is too long or leads back to where it is, the target is no http
            or https URL, the redirect would drop TLS, or the body cannot be sent again.
    """
    location = headers.get("location")
    if not policy.follow or status not in _STATUSES or location is None:
        return None
    if hops >= policy.max_hops:
        raise RedirectError(f"more than {policy.max_hops} redirects", status=status)
    url = _target(request.url, location, status)
    before, after = _origin(request.url, status), _origin(url, status)
    if before[0] == "https" and after[0] == "http":
        raise RedirectError("the redirect leads from https to http", status=status)
    to_get = (status == 303 and request.method not in {"GET", "HEAD"}) or (
        status in {301, 302} and request.method == "POST"
    )
    if not to_get and url == request.url:
        raise RedirectError("the redirect leads back to the same URL", status=status)
    if not to_get and not request.rewindable:
        raise RedirectError("the redirect needs a body that can be sent again", status=status)
    dropped = {"host"}
    if to_get:
        dropped |= {"content-length", "content-type", "transfer-encoding", "expect"}
    if before != after:
        dropped |= {name.lower() for name in credential_headers}
    return Request(
        method="GET" if to_get else request.method,
        url=url,
        headers=tuple(
            (name, value)
            for name, value in request.headers
            if name.lower() not in dropped and (before == after or not _is_secret(name))
        ),
        body=None if to_get else request.body,
    )


def _is_secret(name: str) -> bool:
    return name.lower() not in _HARMLESS and is_secret_name(name)


def _target(base: str, location: str, status: int) -> str:
    # Imported here: few clients follow redirects, and all of them have the policy.
    from urllib.parse import quote, urljoin

    # The wire's bytes beyond ASCII are percent-encoded; so are spaces, which some servers send.
    encoded = quote(location.strip().encode("latin-1", "replace"), safe=_URL_CHARACTERS)
    try:
        return urljoin(base, encoded).partition("#")[0]
    except ValueError as error:
        raise RedirectError("the redirect has no valid target", status=status) from error


def _origin(url: str, status: int) -> tuple[str, str, int]:
    try:
        return origin(url)
    except ConfigurationError as error:
        raise RedirectError(f"the redirect cannot be followed: {error}", status=status) from error
