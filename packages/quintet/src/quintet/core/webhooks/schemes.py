"""Signature schemes: how a signature is written into headers, and over which bytes it is made.

All are HMAC-SHA256.  A scheme reads headers into candidates without judging them, names the message
and writes headers; comparing and the time window are ``verify.py``'s.  What an attacker sends is
bounded here: a header of more than 4096 characters, more than 16 signatures, or a timestamp that is
not plain digits is no signature at all.
"""

from __future__ import annotations

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quintet.errors import ConfigurationError

__all__ = ["PlainHex", "Scheme", "Signed", "StandardWebhooks", "Timestamped"]

_MAX_HEADER_CHARS = 4096
_MAX_SIGNATURES = 16
_MAX_TIMESTAMP_DIGITS = 12
_MAX_ID_CHARS = 256


@dataclass(frozen=True, slots=True)
class Signed:
    """What the headers of a webhook claim.

    Attributes:
        signatures: Raw digests; any one that is right is enough (secrets rotate).
        timestamp: Epoch seconds as written, None in schemes without time.
        id: Message id, None in schemes without.
    """

    signatures: tuple[bytes, ...]
    timestamp: str | None = None
    id: str | None = None


class Scheme(ABC):
    """A way of signing webhooks."""

    @abstractmethod
    def parse(self, headers: str | Mapping[str, str]) -> Signed | None:
        """Return what the headers claim, None if they are no signature of this scheme.

        Never raises, whatever the headers hold.

        Args:
            headers: All headers of the request (looked up in any case), or the signature
                header's value where the scheme has just one.
        """

    @abstractmethod
    def message(self, payload: bytes, signed: Signed) -> bytes:
        """Return the bytes that are signed."""

    @abstractmethod
    def write(self, signatures: Sequence[bytes], signed: Signed) -> dict[str, str]:
        """Return the headers that carry these signatures."""

    def key(self, secret: str | bytes) -> bytes:
        """Return the HMAC key of a secret: its UTF-8 bytes.

        Raises:
            ConfigurationError: The secret is empty (anyone can sign with that) or no text.
        """
        if not isinstance(secret, (str, bytes)):
            raise ConfigurationError(
                f"a webhook secret must be str or bytes, not {type(secret).__name__}"
            )
        if not secret:
            raise ConfigurationError("a webhook secret must not be empty")
        return secret.encode() if isinstance(secret, str) else secret


class Timestamped(Scheme):
    """``t=<epoch seconds>,v1=<hex>[,v1=<hex>…]``, made over ``"<t>." + body``.

    Args:
        header: Header to write, and the first one to read.
        also: Further header names to read.
        version: Name of the signatures to look at; others are skipped, so that a sender can
            introduce a new version beside the old.
    """

    def __init__(self, header: str, *, also: Sequence[str] = (), version: str = "v1") -> None:
        self._names = (header, *also)
        self._version = version

    def parse(self, headers: str | Mapping[str, str]) -> Signed | None:
        """Return the claimed time and signatures; exactly one ``t`` is allowed."""
        text = _find(headers, self._names)
        if text is None:
            return None
        timestamp: str | None = None
        signatures: list[bytes] = []
        for part in text.split(","):
            name, _, value = part.strip().partition("=")
            if name == "t":
                if timestamp is not None:
                    return None
                timestamp = value
            elif name == self._version:
                signatures.append(_from_hex(value))
        if timestamp is None or not _is_timestamp(timestamp):
            return None
        return _bounded(signatures, timestamp)

    def message(self, payload: bytes, signed: Signed) -> bytes:
        """Return the timestamp as written, a dot, and the body."""
        return f"{signed.timestamp}.".encode() + payload

    def write(self, signatures: Sequence[bytes], signed: Signed) -> dict[str, str]:
        """Return the one header."""
        parts = [f"t={signed.timestamp}", *(f"{self._version}={s.hex()}" for s in signatures)]
        return {self._names[0]: ",".join(parts)}


class PlainHex(Scheme):
    """``<hex>`` of the body alone, with or without a prefix such as ``sha256=``.

    There is no time in it, so an old webhook can be sent again unnoticed: receivers should
    remember delivery ids.  Several signatures may be separated by commas.

    Args:
        header: Header to write, and the first one to read.
        also: Further header names to read.
        prefix: Written before the digest; when reading it may be absent.
    """

    def __init__(self, header: str, *, also: Sequence[str] = (), prefix: str = "") -> None:
        self._names = (header, *also)
        self._prefix = prefix

    def parse(self, headers: str | Mapping[str, str]) -> Signed | None:
        """Return the claimed signatures."""
        text = _find(headers, self._names)
        if text is None:
            return None
        parts = [part.strip().removeprefix(self._prefix) for part in text.split(",")]
        return _bounded([_from_hex(part) for part in parts], None)

    def message(self, payload: bytes, signed: Signed) -> bytes:
        """Return the body."""
        return payload

    def write(self, signatures: Sequence[bytes], signed: Signed) -> dict[str, str]:
        """Return the one header."""
        return {self._names[0]: ",".join(self._prefix + s.hex() for s in signatures)}


class StandardWebhooks(Scheme):
    """The Standard Webhooks specification: id, timestamp and base64 signatures in three headers.

    Secrets are base64, with ``whsec_`` in front or not; ``bytes`` are taken as the key itself.

    Args:
        prefix: Beginning of the three header names.
    """

    def __init__(self, prefix: str = "webhook-") -> None:
        self._id, self._timestamp, self._signature = (
            prefix + name for name in ("id", "timestamp", "signature")
        )

    def parse(self, headers: str | Mapping[str, str]) -> Signed | None:
        """Return the claimed id, time and signatures; needs all headers, not one value."""
        if isinstance(headers, str):
            return None
        message_id = _find(headers, (self._id,))
        timestamp = _find(headers, (self._timestamp,))
        text = _find(headers, (self._signature,))
        if message_id is None or timestamp is None or text is None:
            return None
        if not (_is_timestamp(timestamp) and 0 < len(message_id) <= _MAX_ID_CHARS):
            return None
        signatures = []
        for part in text.split(" "):
            version, _, value = part.partition(",")
            if version == "v1":
                signatures.append(_from_base64(value))
        return _bounded(signatures, timestamp, message_id)

    def message(self, payload: bytes, signed: Signed) -> bytes:
        """Return id, timestamp and body with dots between."""
        return f"{signed.id}.{signed.timestamp}.".encode() + payload

    def write(self, signatures: Sequence[bytes], signed: Signed) -> dict[str, str]:
        """Return the three headers.

        Raises:
            ConfigurationError: There is no message id.
        """
        if not signed.id:
            raise ConfigurationError("Standard Webhooks need a message id")
        texts = ("v1," + base64.b64encode(s).decode() for s in signatures)
        return {
            self._id: signed.id,
            self._timestamp: signed.timestamp or "",
            self._signature: " ".join(texts),
        }

    def key(self, secret: str | bytes) -> bytes:
        """Return the HMAC key of a secret.

        Raises:
            ConfigurationError: The secret is empty or not base64.
        """
        if isinstance(secret, bytes):
            return super().key(secret)
        text = super().key(secret).decode().removeprefix("whsec_")
        key = _from_base64(text)
        if not key:
            raise ConfigurationError("a Standard Webhooks secret must be base64 (whsec_…)")
        return key


def _find(headers: str | Mapping[str, str], names: Sequence[str]) -> str | None:
    """Return the first header of these names, if it is text of a tolerable length."""
    if isinstance(headers, str):
        found: object = headers
    else:
        lowered = {str(name).lower(): value for name, value in headers.items()}
        found = next((lowered[n.lower()] for n in names if n.lower() in lowered), None)
    if not isinstance(found, str) or len(found) > _MAX_HEADER_CHARS:
        return None
    return found


def _is_timestamp(text: str) -> bool:
    return 0 < len(text) <= _MAX_TIMESTAMP_DIGITS and text.isascii() and text.isdigit()


def _bounded(
    signatures: list[bytes], timestamp: str | None, id: str | None = None
) -> Signed | None:
    if not 0 < len(signatures) <= _MAX_SIGNATURES:
        return None
    return Signed(tuple(signatures), timestamp, id)


def _from_hex(text: str) -> bytes:
    """Return the bytes, or ``b""`` (which equals no digest) for what is not plain hex."""
    try:
        return binascii.unhexlify(text)
    except ValueError:
        return b""


def _from_base64(text: str) -> bytes:
    """Return the bytes, or ``b""`` for what is not base64; missing padding is forgiven."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""
