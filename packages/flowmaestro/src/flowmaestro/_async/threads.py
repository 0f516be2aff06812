"""``client.threads``: conversations with agents, message by message or token by token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

from flowmaestro import _wire as wire
from flowmaestro._arguments import given, milliseconds
from flowmaestro._async.calls import AsyncResource
from flowmaestro._service import IDLE_TIMEOUT, MESSAGE_TIMEOUT
from flowmaestro._shapes import lift_message, messages_of

if TYPE_CHECKING:
    from flowmaestro._async.streams import AsyncEventStream
    from flowmaestro._turns import Turn
    from flowmaestro.types import (
        DeletionResponse,
        Message,
        MessageEvent,
        MessageListResponse,
        SentMessageResponse,
        ThreadResponse,
    )
    from quintet._async.streams import AsyncEventStream as RuntimeStream
    from quintet.core.attempts import Plan
    from quintet.core.sse.fallbacks import Detour
    from quintet.core.sse.session import EventRules


class AsyncThreads(AsyncResource):
    """Conversations; :meth:`~AsyncAgents.create_thread` of an agent begins one."""

    async def get(self, thread_id: str, *, timeout: float | None = None) -> ThreadResponse:
        """Return a thread.

        Raises:
            NotFoundError: There is none with this id, or it was deleted.
        """
        found = await self._calls.answer(
            wire.GET_THREAD, path={"thread_id": thread_id}, timeout=timeout
        )
        return cast("ThreadResponse", found)

    async def delete(self, thread_id: str, *, timeout: float | None = None) -> DeletionResponse:
        """Delete a thread.

        Raises:
            NotFoundError: There is none with this id, or it was deleted before.
        """
        found = await self._calls.deletion(
            wire.DELETE_THREAD, {"id": thread_id}, path={"thread_id": thread_id}, timeout=timeout
        )
        return cast("DeletionResponse", found)

    async def list_messages(
        self,
        thread_id: str,
        page: int | None = None,
        per_page: int | None = None,
        *,
        timeout: float | None = None,
    ) -> MessageListResponse:
        """Return one page of a thread's messages, oldest first.

        ``response["data"]`` is a list; for code written for the other form of this answer,
        ``response["data"]["messages"]`` is that list too.

        Args:
            thread_id: Whose messages.
            page: Counts from 1.
            per_page: 1 to 100; the service's default is 20.
            timeout: Seconds for one attempt of this call.

        Raises:
            NotFoundError: There is no such thread.
        """
        found = await self._calls.page(
            wire.LIST_MESSAGES,
            shape=messages_of,
            path={"thread_id": thread_id},
            query=given(page=page, per_page=per_page),
            timeout=timeout,
        )
        return cast("MessageListResponse", found)

    async def iter_messages(
        self,
        thread_id: str,
        *,
        per_page: int = 100,
        max_items: int | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[Message]:
        """Iterate over a thread's messages, oldest first, fetching pages as they are needed.

        Args:
            thread_id: Whose messages.
            per_page: Messages per request.
            max_items: Stop after this many.
            timeout: Seconds for one attempt of each request.

        Raises:
            PagingError: The service sends the same page again and again.
        """

        async def fetch(page: int | None, size: int | None) -> MessageListResponse:
            return await self.list_messages(thread_id, page, size, timeout=timeout)

        async for item in self._calls.items(fetch, per_page, max_items):
            yield item

    async def send_message(
        self,
        thread_id: str,
        content: str,
        *,
        wait: float | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> SentMessageResponse:
        """Send a message and return the agent's answer.

        It is never sent twice: once the service may have it, a failure is raised, with
        ``outcome_unknown`` if no answer came.

        Args:
            thread_id: In which conversation.
            content: What to say; not empty.
            wait: Seconds for which the service is to wait for the agent; 120 at most, and by
                default.
            idempotency_key: A key of your own. A service that honours it stores the message once
                however often it is sent, so the call is repeated like one that only reads.
            timeout: Seconds for the whole exchange; 130 or the client's, if that is longer.

        Raises:
            ServiceTimeoutError: The agent was not done in ``wait``; it goes on, and the message
                is stored. A built-in ``TimeoutError`` too.
            ConflictError: An answer is still being written in this thread; nothing was stored.
            NotFoundError: There is no such thread.
            ServerError: The agent failed.
        """
        found = await self._calls.answer(
            wire.SEND_MESSAGE,
            path={"thread_id": thread_id},
            json=given(content=content, timeout=milliseconds("wait", wait)),
            idempotency_key=idempotency_key,
            timeout=timeout,
            at_least=MESSAGE_TIMEOUT,
        )
        lift_message(found["data"])
        return cast("SentMessageResponse", found)

    def send_message_stream(
        self,
        thread_id: str,
        content: str,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        idle_timeout: float | None = IDLE_TIMEOUT,
    ) -> AsyncEventStream[MessageEvent]:
        """Send a message and return the agent's answer as it is written.

        The message is sent when the iteration begins, and never twice: a connection that breaks
        is taken up by reading the thread's events, and if that does not help, by looking for the
        finished answer. A service that cannot stream is asked for the whole answer, which then
        comes as one token. The tokens together are the ``content`` of ``message:completed``.

        Args:
            thread_id: In which conversation.
            content: What to say; not empty.
            idempotency_key: A key of your own. A service that honours it stores the message once
                however often it is sent, so the call is repeated like one that only reads.
            timeout: Seconds until the answer begins; 130 or the client's, if that is longer.
            idle_timeout: Seconds of silence after which a connection counts as dead, ``None`` for
                never.

        Raises:
            StreamError: While iterating: the stream broke for good, or an event is not readable.
            ConflictError: While iterating: an answer is still being written in this thread.
            NotFoundError: While iterating: there is no such thread.
        """
        from flowmaestro._turns import Turn

        api, turn = self._calls.api, Turn(thread_id)
        path = {"thread_id": thread_id}
        limit = self._calls.attempt_seconds(timeout, MESSAGE_TIMEOUT)
        whole = api.plan(
            wire.with_key(wire.SEND_MESSAGE, idempotency_key),
            path=path,
            json={"content": content},
            idempotency_key=idempotency_key,
            timeout=limit,
        )
        from quintet.core.sse.fallbacks import Detour, Fallbacks

        fallbacks = Fallbacks(
            answered=turn.read_first,
            refused={501: Detour(whole, turn.read_first)},
            resume=lambda: self._events_plan(turn),
            rescue=lambda: self._search(turn),
        )
        source = api.events(
            wire.with_key(wire.SEND_MESSAGE_STREAM, idempotency_key),
            _rules(idle_timeout),
            path=path,
            json={"content": content, "stream": True},
            idempotency_key=idempotency_key,
            timeout=limit,
            max_retries=self._calls.max_retries,
            fallbacks=fallbacks,
        )
        return _stream(source, turn)

    def stream(
        self,
        thread_id: str,
        *,
        message_id: str | None = None,
        last_event_id: str = "",
        idle_timeout: float | None = IDLE_TIMEOUT,
    ) -> AsyncEventStream[MessageEvent]:
        """Return the events of an answer being written, or just written, from its beginning.

        With no answer ever asked for, it waits for the first.

        Args:
            thread_id: In which conversation.
            message_id: Which answer; the newest without it.
            last_event_id: Go on after this event.
            idle_timeout: Seconds of silence after which a connection counts as dead, ``None`` for
                never.

        Raises:
            StreamError: While iterating: the stream broke for good, or an event is not readable.
            NotFoundError: While iterating: there is no such thread.
        """
        from flowmaestro._turns import Turn
        from quintet.core.sse.fallbacks import Fallbacks

        turn = Turn(thread_id, message_id)
        source = self._calls.api.events(
            wire.THREAD_EVENTS,
            _rules(idle_timeout),
            path={"thread_id": thread_id},
            query=given(message_id=message_id),
            last_event_id=last_event_id,
            timeout=self._calls.attempt_seconds(),
            max_retries=self._calls.max_retries,
            fallbacks=Fallbacks(
                resume=lambda: self._events_plan(turn), rescue=lambda: self._search(turn)
            ),
        )
        return _stream(source, turn)

    def _events_plan(self, turn: Turn) -> Plan:
        return self._calls.api.plan_events(
            wire.THREAD_EVENTS,
            path={"thread_id": turn.thread_id},
            query=given(message_id=turn.message_id),
            timeout=self._calls.attempt_seconds(),
            max_retries=self._calls.max_retries,
        )

    def _search(self, turn: Turn) -> Detour | None:
        """Return the look for a finished answer; ``None`` if it is not known which it would be."""
        from flowmaestro._turns import PER_PAGE
        from quintet.core.sse.fallbacks import Detour

        def page(number: int) -> Plan:
            return self._calls.api.plan(
                wire.LIST_MESSAGES,
                path={"thread_id": turn.thread_id},
                query={"page": number, "per_page": PER_PAGE},
                timeout=self._calls.attempt_seconds(),
            )

        if turn.message_id is None:
            return None
        return Detour(page(1), turn.reader_of_messages(page))


def _stream(source: RuntimeStream, turn: Turn) -> AsyncEventStream[MessageEvent]:
    from flowmaestro._async.streams import AsyncEventStream
    from flowmaestro._events import MESSAGE_ENDS

    return AsyncEventStream(source, MESSAGE_ENDS, turn.note)


def _rules(idle_timeout: float | None) -> EventRules:
    # Imported here, like all that streams need: most programs read no stream.
    from flowmaestro._events import ends_message, is_greeting
    from quintet.core.sse.session import EventRules

    return EventRules(
        is_terminal=ends_message, idle_timeout=idle_timeout, numbered=True, greets=is_greeting
    )
