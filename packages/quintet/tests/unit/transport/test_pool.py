"""What a new connection says before it was asked, and how it broke."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from quintet.transport.http11 import RemoteProtocolError
from quintet.transport.pool import _check_silence
from quintet.transport.watch import ReadError


class Stream:
    """Says or raises one thing."""

    def __init__(self, said: bytes | Exception | None) -> None:
        self._said = said
        self.closed = False

    def overhear(self) -> bytes | None:
        if isinstance(self._said, Exception):
            raise ReadError("broken") from self._said
        return self._said

    def close(self) -> None:
        self.closed = True


def test_alert_of_tls_is_not_lost_because_it_came_early() -> None:
    stream: Any = Stream(ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] required"))
    with pytest.raises(ReadError) as caught:
        _check_silence(stream)
    assert isinstance(caught.value.__cause__, ssl.SSLError)
    assert stream.closed


def test_connection_that_is_silent_or_broken_is_left_to_its_first_use() -> None:
    for said in (None, b"", ConnectionResetError("reset")):
        stream: Any = Stream(said)
        _check_silence(stream)
        assert not stream.closed


def test_words_of_another_protocol_are_named() -> None:
    stream: Any = Stream(b"SSH-2.0-OpenSSH_9.2\r\n")
    with pytest.raises(RemoteProtocolError, match="nobody asked for; the server speaks SSH"):
        _check_silence(stream)
    assert stream.closed
