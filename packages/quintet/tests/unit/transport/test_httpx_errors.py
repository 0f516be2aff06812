"""Errors that httpx's own ``except`` clauses catch."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import h11
import httpx
import pytest

from quintet.errors import (
    ConfigurationError,
    ConnectionFailure,
    DecodeError,
    ProtocolFailure,
    QuintetError,
    StatusError,
    TimeoutFailure,
    TransportError,
)
from quintet.transport import watch
from quintet.transport.failures import translate
from quintet.transport.httpx_errors import network_error


class SdkError(QuintetError):
    """Base of an SDK that asks for other arguments than httpx does."""

    def __init__(self, message: str, *, place: str = "here") -> None:
        super().__init__(message, place=place)


class SdkConnectionError(SdkError, ConnectionFailure):
    pass


def caused(error: Any, cause: Exception) -> Any:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutFailure("x", phase="pool"), httpx.PoolTimeout),
        (TimeoutFailure("x", phase="connect"), httpx.ConnectTimeout),
        (TimeoutFailure("x", phase="write"), httpx.WriteTimeout),
        (TimeoutFailure("x", phase="read"), httpx.ReadTimeout),
        (TimeoutFailure("x", phase="deadline"), httpx.TimeoutException),
        (ConnectionFailure("x", progress=0), httpx.ConnectError),
        (ConnectionFailure("x", progress=1), httpx.ReadError),
        (ProtocolFailure("x", progress=0), httpx.LocalProtocolError),
        (ProtocolFailure("x", progress=1), httpx.RemoteProtocolError),
        (TransportError("x"), httpx.TransportError),
    ],
)
def test_error_without_a_cause_is_classed_by_what_it_says(error: Any, kind: type) -> None:
    made = network_error(error)
    assert kind in type(made).__mro__
    assert isinstance(made, (httpx.RequestError, type(error)))
    assert isinstance(made, type(error))


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (watch.PoolTimeout(), httpx.PoolTimeout),
        (watch.ConnectTimeout(), httpx.ConnectTimeout),
        (watch.WriteTimeout(), httpx.WriteTimeout),
        (watch.ReadTimeout(), httpx.ReadTimeout),
        (watch.ConnectError("refused"), httpx.ConnectError),
        (watch.WriteError("broken pipe"), httpx.WriteError),
        (watch.ReadError("reset"), httpx.ReadError),
        (watch.ProxyError("403"), httpx.ProxyError),
        (h11.RemoteProtocolError("Server disconnected"), httpx.RemoteProtocolError),
        (h11.RemoteProtocolError("bad chunk"), httpx.RemoteProtocolError),
        (h11.LocalProtocolError("bad header"), httpx.LocalProtocolError),
        (httpx.CloseError("x"), httpx.CloseError),
        (httpx.UnsupportedProtocol("x"), httpx.UnsupportedProtocol),
        (httpx.DecodingError("x"), httpx.DecodingError),
        (httpx.TooManyRedirects("x"), httpx.TooManyRedirects),
        (OSError("odd"), httpx.ReadError),
    ],
)
def test_error_of_a_transport_is_classed_as_the_transport_called_it(
    failure: Exception, kind: type
) -> None:
    ours: Any = translate(failure, progress=1)
    made = network_error(ours)
    assert isinstance(made, kind)
    assert isinstance(made, httpx.RequestError)
    assert made.__cause__ is failure, "what was raised first stays reachable"


def test_error_keeps_its_class_its_facts_and_its_words() -> None:
    error = SdkConnectionError("could not connect", place="there")
    error.attempts, error.method, error.url = 3, "POST", "https://api.example/v1/x"
    error.__context__ = KeyError("x")
    made = network_error(error)
    assert isinstance(made, SdkConnectionError)
    assert isinstance(made, ConnectionError)
    assert (str(made), made.args, made.attempts) == (
        "could not connect",
        ("could not connect",),
        3,
    )
    assert made.place == "there"  # type: ignore[attr-defined]
    assert made.__context__ is error.__context__
    assert type(made).__name__ == "ConnectError"
    assert type(made).__module__ == __name__


def test_request_of_an_error_is_made_when_it_is_asked_for() -> None:
    made: Any = network_error(
        ConnectionFailure("x", method="POST", url="https://api.example/v1/x?q=1")
    )
    assert "_request" not in vars(made)
    assert isinstance(made.request, httpx.Request)
    assert (made.request.method, str(made.request.url)) == (
        "POST",
        "https://api.example/v1/x?q=1",
    )
    assert made.request is made.request
    other = httpx.Request("GET", "https://other.example")
    made.request = other
    assert made.request is other


def test_error_before_any_request_says_so_as_httpx_does() -> None:
    made: Any = network_error(ConnectionFailure("x"))
    with pytest.raises(RuntimeError, match="before a request"):
        _ = made.request


def test_classes_are_made_once() -> None:
    first, second = (network_error(ConnectionFailure("x")) for _ in range(2))
    assert type(first) is type(second)
    assert network_error(first) is first


def test_error_survives_a_pickle() -> None:
    made: Any = network_error(SdkConnectionError("x", place="there"))
    made.method, made.url = "GET", "https://api.example"
    _ = made.request
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is type(made)
    assert (str(again), again.place, again.request.method) == ("x", "there", "GET")


@pytest.mark.parametrize(
    "error",
    [
        StatusError("x"),
        DecodeError("x"),
        ConfigurationError("x"),
        caused(ConfigurationError("x"), httpx.InvalidURL("x")),
        caused(DecodeError("x"), httpx.ReadError("x")),
    ],
)
def test_errors_that_are_none_of_the_network_stay(error: QuintetError) -> None:
    assert network_error(error) is error


def test_without_httpx_errors_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fresh(ConnectionFailure):
        pass

    monkeypatch.setitem(sys.modules, "httpx", None)
    error = Fresh("x")
    assert network_error(error) is error


def test_importing_it_does_not_import_httpx() -> None:
    code = (
        "import sys, quintet.transport.httpx_errors, quintet.transport.httpx_objects\n"
        "assert 'httpx' not in sys.modules and 'asyncio' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
