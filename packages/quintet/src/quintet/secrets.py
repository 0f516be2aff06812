"""Credentials as a type: visible to the request, to nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from quintet.errors import ConfigurationError

__all__ = ["Secret", "WebhookSecrets"]


class Secret:
    """A credential that cannot leak by being printed, logged, formatted or pickled.

    Call :meth:`reveal` where the value must go on the wire.  ``repr``, ``str`` and ``format``
    give a placeholder; pickling and copying into another process are refused, because a pickle
    is a file like any other.

    Args:
        value: The credential.  Surrounding white space is dropped: keys pasted from a terminal
            often end in a newline, which would otherwise be an invalid header.
        name: What it is, for error messages, such as ``"api_key"``.

    Raises:
        ConfigurationError: The value is empty or cannot be put into a header.  The message
            names the argument, never the value.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str, *, name: str = "api_key") -> None:
        if not isinstance(value, str):
            raise ConfigurationError(f"{name} must be a string, not {type(value).__name__}")
        stripped = value.strip()
        if not stripped:
            raise ConfigurationError(f"{name} is empty")
        if not all(" " <= char <= "~" for char in stripped):
            raise ConfigurationError(f"{name} contains characters that no header can carry")
        self._value = stripped

    def reveal(self) -> str:
        """Return the credential itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled; pass the key to the other process yourself")

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


class WebhookSecrets:
    """The secrets of a webhook, as they were given, for whoever keeps them to verify deliveries.

    Iterating gives the secrets; every other view says only how many there are, and pickling is
    refused.  Unlike :class:`Secret` it takes bytes and changes nothing: the whole text is the key.

    Args:
        secrets: One, or several while they are being rotated; another holder is taken over.
            ``None``, such as a variable that is not set, is none.
    """

    __slots__ = ("_values",)

    def __init__(self, secrets: str | bytes | Iterable[str | bytes] | None) -> None:
        self._values: tuple[str | bytes, ...] = (
            (secrets,) if isinstance(secrets, (str, bytes)) else tuple(secrets or ())
        )

    def __iter__(self) -> Iterator[str | bytes]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"WebhookSecrets(<{self.count()}>)"

    def count(self) -> str:
        """Return how many there are in words, for what shows nothing else of them."""
        return "1 secret" if len(self) == 1 else f"{len(self)} secrets"

    def __reduce__(self) -> NoReturn:
        raise TypeError("webhook secrets cannot be pickled; pass them on yourself")

    def __copy__(self) -> WebhookSecrets:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> WebhookSecrets:
        return self
