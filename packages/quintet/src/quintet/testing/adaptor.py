"""An SDK as the checks see it: how to make a client, what to call, and one client on a script."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from quintet.errors import QuintetError
from quintet.testing.clock import FakeClock
from quintet.transport.scripted import AsyncScriptedTransport, Reply, ScriptedTransport

__all__ = ["Adaptor", "Bench", "Call", "Check", "StreamCall"]


@dataclass(frozen=True)
class Call:
    """One method of an SDK.

    Attributes:
        perform: Calls it on a client; returns its result, or an awaitable of it.
        answer: A successful answer to it.
    """

    perform: Callable[[Any], Any]
    answer: Reply


@dataclass(frozen=True)
class StreamCall:
    """One streaming method of an SDK.

    Attributes:
        open: Calls it on a client; returns the stream, or an awaitable of it.
        events: The text of a whole stream, its terminal event included.
        ids: What tells the items that the stream gives apart, in order.
        identity: Returns that of an item; its ``id`` by default.
        resumes: Whether a stream that breaks is taken up again with ``Last-Event-ID``.  What
            cannot be, such as an answer that would be made anew, ends with an error.
    """

    open: Callable[[Any], Any]
    events: bytes
    ids: tuple[Any, ...]
    identity: Callable[[Any], Any] = attrgetter("id")
    resumes: bool = True


@dataclass(frozen=True)
class Adaptor:
    """One SDK, in one of its two worlds.

    Attributes:
        name: For messages.
        blocking: Whether its client blocks.
        make: Makes a client.  Called with the keywords ``transport``, ``clock``, ``hooks`` and
            ``max_retries``, and at times ``timeout``, ``deadline`` or ``max_response_bytes``.
        error: The base class of all its exceptions.
        key: The credential that ``make`` puts in.
        read: A call that changes nothing.
        write: A call that carries an idempotency key, None if there is none.
        unsafe: A write that must not be repeated once it may have arrived, None if there is none.
        stream: A stream, None if there is none.
        idempotency_header: The header of the key.
        request_id_header: The header of the request id.
        retried: Statuses that are retried.
        given_up: Statuses that are not.
        play: Makes the transport that plays a script, from the script and the fake clock of the
            client; a scripted transport by default.  With another one the checks run over
            whatever that is: it must have the attributes of a scripted one.
    """

    name: str
    blocking: bool
    make: Callable[..., Any]
    error: type[BaseException]
    key: str
    read: Call
    write: Call | None = None
    unsafe: Call | None = None
    stream: StreamCall | None = None
    idempotency_header: str = "Idempotency-Key"
    request_id_header: str = "X-Request-Id"
    retried: tuple[int, ...] = (429, 503)
    given_up: tuple[int, ...] = (400, 401, 403, 404)
    play: Callable[[Iterable[Any], FakeClock], Any] | None = None

    @property
    def calls(self) -> list[Call]:
        """Every call there is."""
        return [call for call in (self.read, self.write, self.unsafe) if call is not None]


Check = Callable[[Adaptor], Awaitable[None]]


class Bench:
    """One client of the SDK on a script."""

    def __init__(self, adaptor: Adaptor, *script: Any, **options: Any) -> None:
        self.adaptor = adaptor
        self.clock = FakeClock(randoms=[0.5])
        self.seen: list[Any] = []
        kind = ScriptedTransport if adaptor.blocking else AsyncScriptedTransport
        self.transport: Any = adaptor.play(script, self.clock) if adaptor.play else kind(script)
        self.client = adaptor.make(
            transport=self.transport,
            clock=self.clock,
            hooks=(self.seen.append,),
            **{"max_retries": 2, **options},
        )

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return len(self.transport.requests)

    async def succeed(self, call: Call) -> Any:
        """Return the result of a call that must succeed."""
        try:
            result = call.perform(self.client)
            result = await result if inspect.isawaitable(result) else result
        except (self.adaptor.error, QuintetError) as error:
            raise AssertionError(f"the call must succeed here, and it raised: {error}") from error
        self._nothing_is_open()
        return result

    async def fail(self, perform: Callable[[Any], Any]) -> QuintetError:
        """Return the error of a call that must fail."""
        try:
            result = perform(self.client)
            if inspect.isawaitable(result):
                await result
        except self.adaptor.error as error:
            self._nothing_is_open()
            if isinstance(error, QuintetError):
                return error
            raise AssertionError(
                f"{type(error).__name__} must derive from QuintetError as well"
            ) from error
        except Exception as foreign:
            raise AssertionError(
                f"{type(foreign).__name__} is no {self.adaptor.error.__name__}: {foreign}"
            ) from foreign
        raise AssertionError("the call must fail here, and it succeeded")

    async def open(self, call: StreamCall) -> Any:
        """Return a stream of a call."""
        stream = call.open(self.client)
        return await stream if inspect.isawaitable(stream) else stream

    async def refuse(self, call: StreamCall) -> QuintetError:
        """Return the error of a stream that must fail."""
        return await self.fail(lambda client: self.follow(call))

    async def follow(self, call: StreamCall) -> tuple[Any, ...]:
        """Open a stream and iterate to its end; return what tells its items apart."""
        stream = await self.open(call)
        items = list(stream) if self.adaptor.blocking else [item async for item in stream]
        return tuple(map(call.identity, items))

    async def close(self, thing: Any) -> None:
        """Close a client or a stream."""
        if self.adaptor.blocking:
            thing.close()
        else:
            await thing.aclose()

    def _nothing_is_open(self) -> None:
        still = self.transport.open_exchanges
        assert still == 0, f"{still} exchanges were left open"
