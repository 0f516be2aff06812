"""The engine is the one asked for, else the environment's, else the native one."""

from __future__ import annotations

import importlib.util
import time
from typing import Any, cast

import httpx
import pytest

from quintet import (
    ApiClient,
    AsyncApiClient,
    AsyncNativeTransport,
    ClientOptions,
    NativeTransport,
    Service,
)
from quintet.errors import ConfigurationError
from quintet.testing import AsyncScriptedTransport, ScriptedTransport
from quintet.transport.aio_engine import AsyncEngine
from quintet.transport.choosing import VARIABLE, achoose_transport, choose_transport, chosen
from quintet.transport.engine import Engine
from quintet.transport.httpx import AsyncHttpxTransport, HttpxTransport
from quintet.transport.lazy import AsyncLazyTransport, LazyTransport
from quintet.transport.own_httpx import AsyncOwnHttpxTransport, OwnHttpxTransport


@pytest.fixture(autouse=True)
def no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def no_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "httpx" else find(name)
    )


@pytest.mark.parametrize(
    ("asked", "variable", "engine", "by"),
    [
        (None, None, "native", "default"),
        (None, "", "native", "default"),
        (None, "httpx", "httpx", "environment"),
        (None, " HTTPX ", "httpx", "environment"),
        (None, "native", "native", "environment"),
        ("native", "httpx", "native", "argument"),
        ("NATIVE", "httpx", "native", "argument"),
        (" Httpx ", None, "httpx", "argument"),
        (None, "Native", "native", "environment"),
        ("httpx", None, "httpx", "argument"),
        ("httpx", "nonsense", "httpx", "argument"),
    ],
)
def test_argument_counts_more_than_the_environment(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, variable: str | None, engine: str, by: str
) -> None:
    if variable is not None:
        monkeypatch.setenv(VARIABLE, variable)
    choice = chosen(asked)
    assert (choice.engine, choice.by) == (engine, by)


def test_unknown_word_is_refused_and_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r'^transport is \'htpx\'.*"native".*"httpx"'):
        chosen("htpx")
    monkeypatch.setenv(VARIABLE, "pigeon")
    with pytest.raises(ConfigurationError, match=f"environment variable {VARIABLE} is 'pigeon'"):
        chosen()


@pytest.mark.usefixtures("no_httpx")
def test_httpx_that_is_not_there_is_said_when_the_client_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError, match=r'pip install "quintet\[httpx\]"'):
        choose_transport(None, "httpx", time.monotonic)
    monkeypatch.setenv(VARIABLE, "httpx")
    with pytest.raises(ConfigurationError, match=f"{VARIABLE} is .*not installed"):
        achoose_transport(None, None, time.monotonic)
    assert isinstance(choose_transport(None, "native", time.monotonic), LazyTransport)


@pytest.mark.parametrize(
    ("asked", "blocking", "awaited"),
    [
        ("native", Engine, AsyncEngine),
        (None, Engine, AsyncEngine),
        ("httpx", OwnHttpxTransport, AsyncOwnHttpxTransport),
    ],
)
async def test_word_becomes_its_engine_at_the_first_request(
    asked: Any, blocking: type, awaited: type
) -> None:
    lazy: Any = choose_transport(None, asked, time.monotonic)
    assert isinstance(lazy, LazyTransport)
    assert isinstance(lazy._made(), blocking)
    lazy.close()
    lazy = achoose_transport(None, asked, time.monotonic)
    assert isinstance(lazy, AsyncLazyTransport)
    assert isinstance(lazy._made(), awaited)
    await lazy.close()


def test_environment_counts_as_it_is_when_the_client_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lazy: Any = choose_transport(None, None, time.monotonic)
    monkeypatch.setenv(VARIABLE, "httpx")
    assert isinstance(lazy._made(), Engine)
    lazy.close()


def test_transport_and_client_that_are_given_are_used_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "nonsense")
    scripted, ascripted = ScriptedTransport([]), AsyncScriptedTransport([])
    assert choose_transport(None, scripted, time.monotonic) is scripted
    assert achoose_transport(None, ascripted, time.monotonic) is ascripted
    with httpx.Client() as client:
        assert isinstance(choose_transport(client, None, time.monotonic), HttpxTransport)
    native = NativeTransport()
    assert choose_transport(None, native, time.monotonic) is native
    anative = AsyncNativeTransport()
    assert achoose_transport(None, anative, time.monotonic) is anative


async def test_asyncio_client_that_is_given_is_driven() -> None:
    async with httpx.AsyncClient() as client:
        made = achoose_transport(client, None, time.monotonic)
    assert isinstance(made, AsyncHttpxTransport)


@pytest.mark.parametrize("choose", [choose_transport, achoose_transport])
@pytest.mark.parametrize("transport", ["native", "httpx", ScriptedTransport([])])
def test_client_and_transport_together_are_refused(choose: Any, transport: Any) -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        choose(object(), transport, time.monotonic)


@pytest.mark.parametrize("choose", [choose_transport, achoose_transport])
def test_object_that_is_no_transport_is_refused(choose: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"NativeTransport; not int"):
        choose(None, 5, time.monotonic)
    with httpx.Client() as client, pytest.raises(ConfigurationError, match="as http_client"):
        choose(None, client, time.monotonic)


@pytest.mark.parametrize("kind", [ApiClient, AsyncApiClient])
def test_clients_take_the_word(kind: Any) -> None:
    service = Service(name="demo", user_agent="demo/1")
    options = ClientOptions(base_url="http://127.0.0.1:9")
    kind(service, options, tuple, transport="httpx")
    with pytest.raises(ConfigurationError, match="'h2'"):
        kind(service, options, tuple, transport="h2")


class _Plain:
    """Any object with the two methods, blocking."""

    def send(self, request: object, until: object, seconds: object) -> None: ...

    def close(self) -> None: ...


class _Awaited:
    """The same for asyncio; ``abandon`` is not missed until it is needed."""

    async def send(self, request: object, until: object, seconds: object) -> None: ...

    async def close(self) -> None: ...


class _Passing:
    """Passes everything on, as a wrapper does that knows nothing of what it wraps."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _PlainOfAwaited(_Passing):
    """Its ``send`` is a plain function that returns what is to be awaited."""

    def send(self, *given: Any) -> Any:
        return self._inner.send(*given)

    def close(self) -> Any:
        return self._inner.close()


BLOCKING: list[Any] = [
    NativeTransport(),
    ScriptedTransport([]),
    _Plain(),
    _Passing(NativeTransport()),
    choose_transport(None, "native", time.monotonic),
]
AWAITED: list[Any] = [
    AsyncNativeTransport(),
    AsyncScriptedTransport([]),
    _Awaited(),
    _Passing(AsyncNativeTransport()),
    _PlainOfAwaited(AsyncNativeTransport()),
    achoose_transport(None, "native", time.monotonic),
]


def test_transport_of_its_own_kind_is_taken_whatever_it_is() -> None:
    for each in BLOCKING:
        assert choose_transport(None, each, time.monotonic) is each
    for each in AWAITED:
        assert achoose_transport(None, each, time.monotonic) is each


@pytest.mark.parametrize("transport", BLOCKING, ids=lambda each: type(each).__name__)
def test_blocking_transport_is_refused_by_an_asyncio_client(transport: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"this one awaits.*quintet\.AsyncNativeTransport"):
        achoose_transport(None, transport, time.monotonic)


@pytest.mark.parametrize(
    "transport",
    [each for each in AWAITED if not isinstance(each, _PlainOfAwaited)],
    ids=lambda each: type(each).__name__,
)
def test_awaited_transport_is_refused_by_a_blocking_client(transport: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"this one blocks.*quintet\.NativeTransport"):
        choose_transport(None, transport, time.monotonic)


@pytest.mark.parametrize("choose", [choose_transport, achoose_transport])
@pytest.mark.parametrize("kind", [NativeTransport, AsyncNativeTransport, _Plain])
def test_class_in_place_of_an_object_is_refused(choose: Any, kind: type) -> None:
    with pytest.raises(ConfigurationError, match=rf"the class {kind.__name__}.*Transport\(\)"):
        choose(None, kind, time.monotonic)


def test_close_that_cannot_be_called_is_no_close() -> None:
    halves = _Plain()
    halves.close = None  # type: ignore[method-assign, assignment]
    with pytest.raises(ConfigurationError, match=r"send\(\) and close\(\)"):
        choose_transport(None, cast("Any", halves), time.monotonic)
