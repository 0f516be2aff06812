"""Header lists: kept as they came, looked up without regard to case.

Every response makes one of these and most calls look at a handful of names, so construction only
keeps the pairs; the index is built at the first look-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast, overload

from quintet.errors import ConfigurationError

__all__ = ["Headers", "check_header_name", "check_header_value", "is_secret_name"]

_T = TypeVar("_T")

_SECRET_WORDS = ("authorization", "cookie", "key", "token", "secret", "password", "credential")

# RFC 9110 §5.6.3: what may surround a value.
_BLANK = " \t"
# RFC 9110 §5.6.2: what a header name may consist of.
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def is_secret_name(name: str) -> bool:
    """Say whether a header of this name looks as if its value were a secret."""
    lowered = name.lower()
    return any(word in lowered for word in _SECRET_WORDS)


class Headers(Mapping[str, str]):
    """Immutable headers: order, case and duplicates kept, look-up by any case.

    As a mapping it shows each distinct name once, in lower case, with its **first** value;
    ``pairs()`` and ``get_all()`` show everything.  Values are the bytes of the wire read as
    Latin-1.  ``repr`` hides values whose name looks secret.
    """

    __slots__ = ("_index", "_pairs", "_text")

    def __init__(self, pairs: Iterable[tuple[str, str]] | Mapping[str, str] = ()) -> None:
        if type(pairs) is not tuple and isinstance(pairs, Mapping):
            known = cast("Mapping[str, str]", pairs)
            pairs = known.pairs() if isinstance(known, Headers) else known.items()
        self._pairs: tuple[tuple[str, str], ...] | None = tuple(
            cast("Iterable[tuple[str, str]]", pairs)
        )
        self._index: dict[str, str] | None = None
        self._text = ""

    @classmethod
    def of_text(cls, text: str) -> Headers:
        """Return the headers of these lines, found to be valid, with CRLF between them.

        Every answer passes here, and most of them need no more than the index; so the pairs are
        made when somebody asks for them.
        """
        headers = cls.__new__(cls)
        headers._text = text
        headers._pairs = None
        # Without an argument `strip` is faster; beyond ASCII it would take bytes of the value.
        blank = None if text.isascii() else _BLANK
        index: dict[str, str] = {}
        for line in text.split("\r\n")[::-1] if text else ():  # backwards: see `index`
            name, _, value = line.partition(":")
            index[name.lower()] = value.strip(blank)
        headers._index = index
        return headers

    def index(self) -> dict[str, str]:
        """Return lower-case name → first value; do not change it (hot paths read it directly)."""
        index = self._index
        if index is None:
            # Backwards, so that the first value is the one that stays.
            index = self._index = {name.lower(): value for name, value in self.pairs()[::-1]}
        return index

    @overload
    def get(self, key: str, /) -> str | None: ...
    @overload
    def get(self, key: str, /, default: str | _T) -> str | _T: ...
    def get(self, key: str, /, default: Any = None) -> Any:
        """Return the first value of this name, or the default."""
        return self.index().get(key.lower(), default)

    def get_all(self, name: str) -> list[str]:
        """Return every value of this name, in order; an empty list if there is none."""
        wanted = name.lower()
        return [value for key, value in self.pairs() if key.lower() == wanted]

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return all (name, value) pairs as they came."""
        pairs = self._pairs
        if pairs is None:
            lines = self._text.split("\r\n") if self._text else ()
            split = (line.partition(":") for line in lines)
            pairs = self._pairs = tuple((name, value.strip(_BLANK)) for name, _, value in split)
        return pairs

    def __getitem__(self, name: str) -> str:
        return self.index()[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self.index()

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name, _ in self.pairs()))

    def __len__(self) -> int:
        return len(self.index())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._folded() == other._folded()

    def __hash__(self) -> int:
        return hash(self._folded())

    def __repr__(self) -> str:
        shown = [
            (name, "[redacted]" if is_secret_name(name) else value) for name, value in self.pairs()
        ]
        return f"Headers({shown!r})"

    def _folded(self) -> tuple[tuple[str, str], ...]:
        return tuple((name.lower(), value) for name, value in self.pairs())


def check_header_name(name: str) -> str:
    """Return the name if it may stand on the wire (RFC 9110 §5.6.2), else raise.

    Raises:
        ConfigurationError: The name is empty or holds a character that no header name may have.
    """
    if not isinstance(name, str) or not name or not _TOKEN.issuperset(name):
        raise ConfigurationError(f"{name!r} is no valid header name")
    return name


def check_header_value(name: str, value: str) -> str:
    r"""Return the value without surrounding white space, if it may stand on the wire.

    Stripping forgives the line break that an API key read from a file brings along; a line break
    inside would let a value add headers of its own (RFC 9110 §5.5).

    Raises:
        ConfigurationError: The value is no string, or holds CR, LF, NUL or another control
            character, or a character outside Latin-1.  The value is not printed: it may be a key.
    """
    if not isinstance(value, str):
        raise ConfigurationError(
            f"the value of header {name!r} must be a str, not {type(value).__name__}"
        )
    value = value.strip()
    if value.isascii() and value.isprintable():
        return value
    for character in value:
        code = ord(character)
        if code > 0xFF:
            raise ConfigurationError(
                f"the value of header {name!r} holds a character outside Latin-1"
            )
        if (code < 0x20 and character != "\t") or code == 0x7F:
            raise ConfigurationError(f"the value of header {name!r} holds a control character")
    return value
