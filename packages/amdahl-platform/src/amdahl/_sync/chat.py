# Generated from amdahl/_async/chat.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.chat``: conversations; each thing said is a run, followed like that of an agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from amdahl import _wire as wire
from amdahl._arguments import given, mapping, milliseconds, required, text
from amdahl._service import IDLE_TIMEOUT
from amdahl._shapes import shape_status
from amdahl._sync.calls import Resource
from amdahl._sync.pager import Pager, list_all

if TYPE_CHECKING:
    from amdahl._sync.streams import AgentStream
    from amdahl.types import Chat, ChatConfig, ChatList, ChatRun, ChatSummary, StartedChat

# Seconds that an answer may take once the service has held it.
_AFTER_HOLD = 5.0


class Chats(Resource):
    """Conversations of the key's workspace; scopes ``conversations:read`` and ``:write``."""

    def start(
        self,
        input: str,
        *,
        chat_id: str | None = None,
        agent: str | None = None,
        name: str | None = None,
        config: ChatConfig | Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> StartedChat:
        """Say something and return at once; :meth:`run` or :meth:`stream` bring the answer.

        It is said once however often the request has to be sent.

        Args:
            input: What to say.
            chat_id: The conversation that goes on; a new one begins if omitted.
            agent: Who answers; the service's default is ``"copilot"``.
            name: Of a new conversation, 1 to 200 characters; made of ``input`` if omitted.
            config: How to answer; see :class:`amdahl.types.ChatConfig`.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            ConflictError: The conversation is archived, or its last run has not ended yet.
            NotFoundError: There is no such conversation.
            QuotaError: Too many runs are under way.
        """
        body = given(
            input=text("input", input),
            chat_id=chat_id,
            agent=agent,
            name=name,
            config=mapping("config", cast("Mapping[str, Any] | None", config)),
        )
        found = self._calls.answer(
            wire.START_CHAT,
            json=body,
            shape=shape_status,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("StartedChat", found)

    def get(self, chat_id: str, *, timeout: float | None = None) -> Chat:
        """Return a conversation with its last runs, the oldest first.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.answer(
            wire.GET_CHAT, path={"chat_id": chat_id}, shape=_shape_chat, timeout=timeout
        )
        return cast("Chat", found)

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        offset: int | None = None,
        status: Literal["active", "archived"] | None = None,
        q: str | None = None,
        created_at_gte: str | None = None,
        created_at_lte: str | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        timeout: float | None = None,
    ) -> ChatList:
        """Return one page of conversations, newest first; :meth:`iter` walks them all.

        Args:
            limit: 1 to 200; the service's default is 50.
            cursor: ``next_cursor`` of the page before.
            offset: Conversations to skip; not with ``cursor``.
            status: Only those in this state; the active ones if omitted.
            q: Words of the name.
            created_at_gte: RFC 3339; not before this.
            created_at_lte: RFC 3339; not after this.
            updated_at_gte: RFC 3339; not changed before this.
            updated_at_lte: RFC 3339; not changed after this.
            timeout: Seconds for one attempt of this call.
        """
        query = given(
            limit=limit,
            cursor=cursor,
            offset=offset,
            status=status,
            q=q,
            created_at_gte=created_at_gte,
            created_at_lte=created_at_lte,
            updated_at_gte=updated_at_gte,
            updated_at_lte=updated_at_lte,
        )
        found = self._calls.page(wire.LIST_CHATS, key="chats", query=query, timeout=timeout)
        return cast("ChatList", found)

    def iter(
        self,
        *,
        status: Literal["active", "archived"] | None = None,
        q: str | None = None,
        created_at_gte: str | None = None,
        created_at_lte: str | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        limit: int | None = 100,
        timeout: float | None = None,
    ) -> Pager[ChatSummary]:
        """Return all conversations, fetched as they are needed; the filters are :meth:`list`'s.

        Args:
            status: Only those in this state; the active ones if omitted.
            q: Words of the name.
            created_at_gte: RFC 3339; not before this.
            created_at_lte: RFC 3339; not after this.
            updated_at_gte: RFC 3339; not changed before this.
            updated_at_lte: RFC 3339; not changed after this.
            limit: Conversations per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls,
            wire.LIST_CHATS,
            key="chats",
            status=status,
            q=q,
            created_at_gte=created_at_gte,
            created_at_lte=created_at_lte,
            updated_at_gte=updated_at_gte,
            updated_at_lte=updated_at_lte,
            limit=limit,
            timeout=timeout,
        )

    def update(
        self,
        chat_id: str,
        *,
        name: str | None = None,
        status: Literal["active", "archived"] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ChatSummary:
        """Rename a conversation, or put it away and take it back; what is omitted stays.

        Args:
            chat_id: What to change.
            name: 1 to 200 characters.
            status: ``"archived"`` puts it away.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.answer(
            wire.UPDATE_CHAT,
            path={"chat_id": chat_id},
            json=given(name=name, status=status),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("ChatSummary", found)

    def run(
        self,
        chat_id: str,
        run_id: str,
        *,
        wait_ms: int | None = None,
        include_events: bool = False,
        timeout: float | None = None,
    ) -> ChatRun:
        """Return a run as it is now, with its answer once it is complete.

        Args:
            chat_id: The conversation.
            run_id: Of :meth:`start`.
            wait_ms: Let the service hold the answer until the run settles, at most so long and at
                most 30 000.
            include_events: With what its stream has told so far.
            timeout: Seconds for one attempt of this call; by default what ``wait_ms`` needs is
                allowed for.

        Raises:
            NotFoundError: There is no such run.
        """
        wait_ms = milliseconds("wait_ms", wait_ms)
        found = self._calls.answer(
            wire.CHAT_RUN,
            path={"chat_id": chat_id, "run_id": run_id},
            query=given(wait_ms=wait_ms, include="events" if include_events else None),
            needs="status",
            shape=shape_status,
            timeout=timeout,
            at_least=None if wait_ms is None else wait_ms / 1000 + _AFTER_HOLD,
        )
        return cast("ChatRun", found)

    def stream(
        self,
        chat_id: str,
        run_id: str,
        *,
        last_event_id: str = "",
        stop_on_input: bool = False,
        idle_timeout: float | None = IDLE_TIMEOUT,
    ) -> AgentStream:
        """Return the events of a run, from its first to its last, like ``client.agents.stream``.

        Args:
            chat_id: The conversation.
            run_id: What to follow.
            last_event_id: Go on after this event.
            stop_on_input: End also when the run asks something; otherwise the stream stays open.
            idle_timeout: Seconds of silence after which a connection counts as dead, ``None`` for
                never.

        Raises:
            MisuseError: ``last_event_id`` is no text.
            StreamError: While iterating: the stream broke for good.
            NotFoundError: While iterating: there is no such run.
        """
        # Imported here: most programs follow no run.
        from amdahl._sync.streams import follow

        return follow(
            self._calls,
            wire.CHAT_EVENTS,
            wire.CHAT_RUN,
            {"chat_id": chat_id, "run_id": run_id},
            last_event_id=last_event_id,
            stop_on_input=stop_on_input,
            idle_timeout=idle_timeout,
        )

    def resume(
        self,
        chat_id: str,
        run_id: str,
        input: Mapping[str, Any],
        *,
        request_id: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ChatRun:
        """Answer what a run asks; it goes on.

        Args:
            chat_id: The conversation.
            run_id: A run whose status is ``"awaiting_input"``.
            input: The answer, as the schema of ``pending_input`` says.
            request_id: That of ``pending_input``: refuse to answer another question than this.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            InvalidArgumentError: The answer does not fit the schema.
            ConflictError: The run asks nothing, or something else.
        """
        found = self._calls.answer(
            wire.RESUME_CHAT,
            path={"chat_id": chat_id, "run_id": run_id},
            json=given(input=required("input", input), request_id=request_id),
            shape=shape_status,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("ChatRun", found)

    def cancel(self, chat_id: str, run_id: str, *, timeout: float | None = None) -> ChatRun:
        """Cancel a run; it ends within its next step. Twice is once.

        Raises:
            ConflictError: It has ended otherwise.
            NotFoundError: There is no such run.
        """
        found = self._calls.answer(
            wire.CANCEL_CHAT,
            path={"chat_id": chat_id, "run_id": run_id},
            json={},
            shape=shape_status,
            timeout=timeout,
        )
        return cast("ChatRun", found)


def _shape_chat(item: dict[str, Any]) -> None:
    for run in item.get("runs") or ():
        if isinstance(run, dict):
            shape_status(run)
