"""URLs: path templates, joining, and the origin that credentials are bound to.

Parsing here is strict on purpose: a host that two parsers read differently is how a credential
reaches the wrong server, so whatever is not plainly a host is refused.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from quintet.errors import ConfigurationError, MisuseError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LOOK_AT_BASE_URL",
    "check_base_url",
    "expand",
    "join",
    "origin",
    "path_of",
    "percent_encode",
    "shown_url",
    "with_query",
]

LOOK_AT_BASE_URL = "is base_url right?"
"""The hint of an error whose likeliest cause is that something else answers there."""

_MAX_SHOWN_CHARS = 200
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._~")
_ADDRESS_6 = frozenset("0123456789abcdef:.")


def percent_encode(text: str) -> str:
    """Return the text with all but the unreserved characters of RFC 3986 §2.3 as ``%XX``.

    Raises:
        MisuseError: The text holds half a surrogate pair and has no UTF-8 form.
    """
    # Most ids and words need nothing, and quote() takes ten times as long to find that out.
    if text.isascii() and not text.encode().translate(None, _UNRESERVED):
        return text
    # Imported here for the same reason: it takes a twentieth of the time to import a client.
    from urllib.parse import quote

    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        raise MisuseError("the text holds half a surrogate pair and cannot be sent") from error


def expand(template: str, params: Mapping[str, str] | None) -> str:
    """Fill a path template such as ``/jobs/{id}/cancel``; each value stays one path segment.

    A slash, a question mark or a percent sign in a value is encoded, so that an id which came
    from elsewhere cannot reach another endpoint.  Parameters the template does not name are
    ignored.

    Raises:
        MisuseError: A value is missing, no ``str``, empty, ``"."`` or ``".."`` (which servers
            and proxies resolve, encoded or not).
    """
    if "{" not in template:
        return template
    path, names = _split_template(template)
    params = params or {}
    for name, literal in names:
        value = params.get(name)
        if not isinstance(value, str):
            raise MisuseError(f"{name} must be a str, not {type(value).__name__}")
        if value in {"", ".", ".."}:
            raise MisuseError(f"{name} must not be {value!r}")
        path += percent_encode(value) + literal
    return path


@lru_cache(maxsize=512)
def _split_template(template: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return what stands before the first name, and each name with what stands behind it.

    Templates are constants: cached.
    """
    head, *rest = template.split("{")
    names: list[tuple[str, str]] = []
    for part in rest:
        name, brace, literal = part.partition("}")
        if not brace or not name:
            raise MisuseError(f"path template {template!r} has an unpaired brace")
        names.append((name, literal))
    return head, tuple(names)


def join(base: str, path: str) -> str:
    """Append a path to a base URL, keeping the base's own path; one slash between them."""
    if base[-1:] == "/":
        base = base[:-1]
    return base + path if path[:1] == "/" else f"{base}/{path}"


def with_query(url: str, query: str) -> str:
    """Append an encoded query; an empty one leaves the URL as it is."""
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def path_of(url: str) -> str:
    """Return the path of an absolute URL as it stands there, ``""`` if it has none."""
    rest = url.partition("?")[0].partition("://")[2]
    return "".join(rest.partition("/")[1:])


def shown_url(url: str) -> str:
    """Return origin and path of a URL, absolute or not, as one bounded printable word."""
    path = url.partition("#")[0].partition("?")[0].strip()
    head, slashes, rest = path.partition("//")
    # Only what stands before the first slash can be a user name and a password.
    if slashes and (not head or head.endswith(":")):
        authority, slash, tail = rest.replace("\\", "/").partition("/")
        path = f"{head}//{authority.rpartition('@')[2]}{slash}{tail}"
    word = "".join(char for char in path if char.isprintable() and char != " ")
    return word if len(word) <= _MAX_SHOWN_CHARS else word[: _MAX_SHOWN_CHARS - 1] + "…"


def origin(url: str) -> tuple[str, str, int]:
    """Return (scheme, host, port) in lower case, with the scheme's default port filled in.

    Raises:
        ConfigurationError: Not an absolute http or https URL with a plain host, or one that
            carries credentials.  The URL is not printed: it may hold a secret.
    """
    scheme, colon, rest = url.partition("://")
    scheme = scheme.lower()
    if not colon or scheme not in _DEFAULT_PORTS:
        raise ConfigurationError("the URL must begin with http:// or https://")
    authority = rest
    for mark in "/?#":
        authority = authority.partition(mark)[0]
    if "@" in authority:
        raise ConfigurationError("the URL must not carry a user name or password")
    host, port = _host_and_port(authority.lower(), _DEFAULT_PORTS[scheme])
    return scheme, host, port


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    if authority.startswith("["):
        host, bracket, rest = authority[1:].partition("]")
        good = bool(bracket) and ":" in host and _ADDRESS_6.issuperset(host)
    else:
        host, colon, digits = authority.partition(":")
        rest = colon + digits
        good = bool(host) and _NAME.issuperset(host)
    if not good:
        raise ConfigurationError(
            "the URL has no valid host; write international names in their xn-- form"
        )
    if not rest or rest == ":":
        return host, default
    number = rest[1:]
    if rest[0] != ":" or not (number.isascii() and number.isdigit() and len(number) <= 5):
        raise ConfigurationError("the URL has no valid port")
    port = int(number)
    if not 0 < port < 65536:
        raise ConfigurationError("the URL has no valid port")
    return host, port


def check_base_url(url: str) -> str:
    """Return a base URL fit for joining: no surrounding space, no trailing slash.

    Raises:
        ConfigurationError: Not an absolute http or https URL, or one with credentials, a query,
            a fragment, white space or characters that must be percent-encoded.
    """
    if not isinstance(url, str):
        raise ConfigurationError(f"the base URL must be a str, not {type(url).__name__}")
    url = url.strip()
    origin(url)
    if "?" in url or "#" in url:
        raise ConfigurationError("the base URL must not have a query or a fragment")
    if not (url.isascii() and url.isprintable()) or any(bad in url for bad in ' \\"<>^`{|}'):
        raise ConfigurationError("the base URL holds characters that must be percent-encoded")
    return url.rstrip("/")
