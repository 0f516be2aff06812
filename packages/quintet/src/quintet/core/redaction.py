"""What a client has to hide, kept out of errors whatever an answer says.

A server or a proxy may echo what it was sent: "the key abc123 is not valid".  So an answer with an
error status is cleaned before anything is made of it, body and headers, and so is the text of every
error on its way out.  The rules:

* Hidden are the credentials of the request: the values of its credential headers (of ``Bearer x``
  and ``Basic x`` also the part behind the scheme, and the password in it), the members of its JSON
  body and the parameters of its URL that are named like secrets.
* They are found as they are, percent-encoded, and escaped as in JSON or HTML.
* What is shorter than six characters is not looked for: it would be found in ordinary words.  A
  short one of letters alone is such a word itself, and only found where it stands alone.
* A JSON body of more than 64 KiB is not parsed for this, but searched for such names: for 10,000
  of them and as many values, of which each has no more than 64 KiB; one of more than 1 KiB counts
  as 64.
* Of a URL within a message, user and password and the parameters that sign it are hidden, too,
  whoever they belong to.  In the answer itself those stay: they are its data.
* Successful answers are not touched.

It is imported with the first client, and not with the first error: that may be the one that says
that no more files can be opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from quintet.core.headers import Headers, is_secret_name
from quintet.core.response import Response

if TYPE_CHECKING:
    from quintet.core.request import Request
    from quintet.errors import QuintetError

__all__ = [
    "HIDDEN",
    "clean_error",
    "clean_response",
    "clean_text",
    "secrets_in",
    "secrets_of",
    "without",
]

HIDDEN = "**********"

_LEAST_CHARS = 6
# Of letters alone.  Keys and good passwords have more, or digits among them.
_MOST_WORD_CHARS = 11
_MOST_PARSED_BYTES = 64 * 1024
_MOST_NAMES = 10_000
_MOST_NAME_BYTES = 100
# How much of a value is looked at first and then, and as how many names that counts: what it costs
# depends on the bytes.
_MOST_VALUE_BYTES = ((1024, 1), (64 * 1024, 64))
_MOST_DEPTH = 20
_MOST_CAUSES = 10
# Named like a secret, and useful in an error; some services put an "X-" before it.
_HARMLESS = "idempotency-key"
_WORDS = ("password", "passwd", "secret", "token", "apikey", "authorization", "credential")
_SIGNS = ("signature", "sig")

# No letter before it, but for one that belongs to the spelling of another character.
_ALONE_FROM_HERE = (
    r"(?:(?<![A-Za-z])|(?<=%[0-9A-Fa-f][A-Fa-f])|(?<=\\[a-z])|(?<=\\u[0-9A-Fa-f]{3}[A-Fa-f]))"
)
_USER = r"(?<=://)[^\s/?#@\"'<>]+@"
_SIGNED = (
    r"(?i)([?&;](?:[\w.%-]*(?:password|passwd|secret|token|signature|credential|api[_-]?key)"
    r"[\w.%-]*|sig|auth)=)[^\s&;#\"'<>]+"
)


def secrets_of(requests: Iterable[Request], names: frozenset[str]) -> tuple[str, ...]:
    """Return what must not be shown of these requests, the longest first.

    Args:
        requests: As sent.
        names: Of the headers that carry the service's credentials, in lower case.
    """
    found: set[str] = set()
    for request in requests:
        found.update(_in_headers(request.headers, names))
        found.update(_in_query(request.url))
        if isinstance(request.body, bytes):
            found.update(_in_json(request.body))
    return _listed(found)


def secrets_in(
    headers: Iterable[tuple[str, str]], names: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Return what must not be shown of these header lines, the longest first."""
    return _listed(_in_headers(headers, names))


def clean_response(response: Response, secrets: tuple[str, ...]) -> Response:
    """Return the answer without the secrets, in its body and its headers; itself if it has none."""
    body = _clean_bytes(response.body, secrets)
    pairs = response.headers.pairs()
    cleaned = tuple((name, without(value, secrets)) for name, value in pairs)
    if body is response.body and cleaned == pairs:
        return response
    return Response(
        response.status,
        Headers(cleaned),
        body,
        response.url,
        response.method,
        response.http_version,
        response.elapsed,
        response.attempts,
    )


def clean_text(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return a message without the secrets, and without those within URLs."""
    text = without(text, secrets)
    if "://" in text or "=" in text:
        import re

        text = re.sub(_SIGNED, rf"\1{HIDDEN}", re.sub(_USER, f"{HIDDEN}@", text))
    return text


def clean_error(error: QuintetError, secrets: tuple[str, ...]) -> None:
    """Take the secrets out of what an error says, and out of what its causes say."""
    said = clean_text(error.message, secrets)
    if said != error.message:
        error.message = said
        error.args = (said,)
    for name in ("code", "request_id", "details"):
        value = getattr(error, name)
        cleaned = _clean_value(value, secrets, _MOST_DEPTH)
        if name == "code" and isinstance(cleaned, str):
            cleaned = clean_text(cleaned)
        if cleaned != value:
            setattr(error, name, cleaned)
    cause = error.__cause__
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        if any(isinstance(part, str) and without(part, secrets) != part for part in cause.args):
            cause.args = tuple(_clean_value(part, secrets, 1) for part in cause.args)
        cause = cause.__cause__ or cause.__context__


def _listed(found: Iterable[str]) -> tuple[str, ...]:
    # The longest first: a shorter one may be part of it.
    # Blanks are nobody's secret, and an answer is full of them.
    long = {each for each in found if len(each.strip()) >= _LEAST_CHARS}
    return tuple(sorted(long, key=lambda each: (-len(each), each)))


def _in_headers(headers: Iterable[tuple[str, str]], names: frozenset[str]) -> Iterator[str]:
    for name, value in headers:
        lowered = name.lower()
        if lowered.endswith(_HARMLESS) or not (lowered in names or is_secret_name(lowered)):
            continue
        yield value
        scheme, space, rest = value.partition(" ")
        if space:
            yield rest.strip()
        if scheme.lower() == "basic":
            yield from _in_basic(rest)


def _in_basic(encoded: str) -> Iterator[str]:
    from base64 import b64decode

    try:
        pair = b64decode(encoded).decode()
    except ValueError:
        return
    yield pair
    yield pair.partition(":")[2]


def _in_query(url: str) -> Iterator[str]:
    _, mark, query = url.partition("?")
    if mark:
        from urllib.parse import parse_qsl

        for name, value in parse_qsl(query):
            if _names_secret(name, (*_WORDS, *_SIGNS)):
                yield value


def _in_json(body: bytes) -> Iterator[str]:
    if body[:1] not in (b"{", b"["):
        return
    if len(body) > _MOST_PARSED_BYTES:
        yield from islice(_in_large_json(body), _MOST_NAMES)
        return
    plain = body.lower().replace(b"_", b"").replace(b"-", b"")
    if any(word.encode() in plain for word in _WORDS):
        try:
            yield from _members(json.loads(body), _MOST_DEPTH)
        except (ValueError, RecursionError):
            return


def _in_large_json(body: bytes) -> Iterator[str]:
    """Yield the same of a body that is too large to be parsed for the sake of an error."""
    lowered = body.lower()
    left = _MOST_NAMES
    for word in (*_WORDS, "api_key", "api-key"):
        name = word.encode()
        at = lowered.find(name)
        while at >= 0 and left > 0:
            value, cost = _value_behind(body, at + len(name))
            left -= cost
            yield from _members(value, _MOST_DEPTH, secret=True)
            at = lowered.find(name, at + len(name))


def _value_behind(body: bytes, at: int) -> tuple[Any, int]:
    """Return the value of a member in whose name a position is, and as how much it counts.

    The value is None if the position is in no name.
    """
    end = body.find(b'"', at, at + _MOST_NAME_BYTES)
    cost = 1
    if end < 0:
        return None, cost
    for most, cost in _MOST_VALUE_BYTES:
        colon, _, rest = body[end + 1 : end + 1 + most].partition(b":")
        if colon.strip():
            return None, cost
        try:
            # What is cut off in the midst of a character is no end of a value either.
            return json.JSONDecoder().raw_decode(rest.decode(errors="replace").lstrip())[0], cost
        except (ValueError, RecursionError):
            continue
    return None, cost


def _members(value: Any, depth: int, *, secret: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if secret:
            yield value
    elif depth and isinstance(value, dict):
        for name, member in value.items():
            yield from _members(member, depth - 1, secret=_names_secret(name, _WORDS))
    elif depth and isinstance(value, list):
        for item in value:
            yield from _members(item, depth - 1, secret=secret)


def _names_secret(name: str, words: tuple[str, ...]) -> bool:
    plain = name.lower().replace("_", "").replace("-", "")
    return any(word in plain for word in words)


def _clean_value(value: Any, secrets: tuple[str, ...], depth: int) -> Any:
    if isinstance(value, str):
        return without(value, secrets)
    if depth and isinstance(value, Mapping):
        return {name: _clean_value(member, secrets, depth - 1) for name, member in value.items()}
    if depth and isinstance(value, list):
        return [_clean_value(item, secrets, depth - 1) for item in value]
    return value


def _clean_bytes(body: bytes, secrets: tuple[str, ...]) -> bytes:
    # Latin-1 keeps every byte, so what is not touched stays as it is, whatever its charset.
    text = body.decode("latin-1")
    cleaned = without(text, tuple(way for each in secrets for way in _in_bytes(each)))
    return body if cleaned is text else cleaned.encode("latin-1")


def _in_bytes(secret: str) -> Iterator[str]:
    # Half a surrogate pair can come from a body that the caller encoded.
    yield secret.encode("utf-8", "surrogatepass").decode("latin-1")
    if not secret.isascii():
        yield json.dumps(secret)[1:-1]


def without(text: str, secrets: tuple[str, ...]) -> str:
    """Return a text without the secrets."""
    for secret in secrets:
        # Nearly always it is not there, which the longest part that nobody escapes tells at once.
        if _longest_word(secret) in text:
            import re

            pattern = "".join(map(_spelling, secret))
            if len(secret) <= _MOST_WORD_CHARS and secret.isascii() and secret.isalpha():
                pattern = f"{_ALONE_FROM_HERE}{pattern}(?![A-Za-z])"
            text = re.sub(pattern, HIDDEN, text)
    return text


def _longest_word(secret: str) -> str:
    words = "".join(char if _is_plain(char) else " " for char in secret).split()
    return max(words, key=len, default="")


def _is_plain(char: str) -> bool:
    """Tell a character that nobody writes in another way."""
    return char.isascii() and char.isalnum()


def _spelling(char: str) -> str:
    """Return a pattern for the ways in which one character of a secret may be written."""
    import re

    plain = re.escape(char)
    if _is_plain(char):
        return plain
    code = ord(char)
    ways = [rf"\\{plain}", rf"(?i:\\u{code:04x})", rf"(?i:%{code:02x})"]
    ways += [f"&#0*{code};", f"(?i:&#x0*{code:x};)"]
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", " ": r"\+"}
    if char in named:
        ways.append(named[char])
    # Itself last: what some spellings begin with is a backslash, an ampersand, a percent sign.
    return f"(?:{'|'.join([*ways, plain])})"
