"""What an answer costs: units set aside before it, charged after it.

Before: as many units as the answer may cost at most, so that answers at the same time cannot spend
the same units. If there are fewer, the answer is cut to what they pay for (`finish_reason` is
`length` then). After: exactly what was generated, by the engine's own count; of an answer that was
broken off, the tokens that had been generated, and nothing if there were none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.model import ChatError, ChatRequest, Usage
from quintet_server.engines.chat.upstream import estimated_tokens
from quintet_server.http.errors import ApiError
from quintet_server.services.aerostack.ai.answering import Generated
from quintet_server.services.aerostack.ai.failures import NO_RETRY
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.gateway.apis import Api
from quintet_server.services.aerostack.gateway.wallets import (
    Held,
    Spent,
    hold_units,
    release_hold,
    spend_units,
)
from quintet_server.store.database import Connection, Database

__all__ = ["Bill", "open_bill", "reserve"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bill:
    """One answer that somebody pays for."""

    db: Database
    chat: Chat
    api: Api
    wallet: int
    request: ChatRequest
    """With a limit of tokens that the wallet can pay."""
    hold: int | None
    is_soft: bool
    request_id: str

    async def settle(self, generated: Generated) -> None:
        """Charge what was generated and give back the rest of what was set aside."""
        if generated.is_nothing:
            async with self.db.connection() as conn:
                await release_hold(conn, self.hold)
            return
        usage = generated.usage or await self._counted(generated.text)
        spent = Spent(
            self.api.units(usage.total_tokens),
            self.api.slug,
            {
                "request_id": self.request_id,
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "is_complete": generated.usage is not None,
            },
            requests=1,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
        )
        async with self.db.connection() as conn:
            await spend_units(conn, self.wallet, spent, hold=self.hold)

    async def _counted(self, text: str) -> Usage:
        """The tokens of an answer that was broken off, as the engine counts any text."""
        prompt = "\n".join(one.content for one in self.request.messages)
        try:
            tokens = await self.chat.count_tokens(prompt), await self.chat.count_tokens(text)
        except ChatError as error:  # the model is gone, the answer was there
            _log.info("tokens_estimated", error=error.message)
            tokens = estimated_tokens(prompt), estimated_tokens(text)
        return Usage(*tokens, sum(tokens))


async def open_bill(
    parts: Aerostack,
    conn: Connection,
    api: Api,
    wallet: int,
    request: ChatRequest,
    request_id: str,
) -> Bill:
    """Set units aside for an answer. Raises 429 when the wallet does not allow it."""
    if api.spec.max_tokens is not None:
        limit = min(request.max_tokens or api.spec.max_tokens, api.spec.max_tokens)
        request = replace(request, max_tokens=limit)
    prompt = parts.chat.estimated_prompt_tokens(request)
    answer = request.max_tokens or parts.settings.gateway_hold_tokens
    wanted = api.units(prompt + answer)
    held = await _held(parts, conn, api, wallet, least=api.units(prompt + 1), wanted=wanted)
    if held.granted is not None and held.granted < wanted:
        left = (held.granted - api.spec.units_per_request) // api.spec.units_per_token
        request = replace(request, max_tokens=max(1, left - prompt))
    return Bill(parts.db, parts.chat, api, wallet, request, held.hold, held.is_soft, request_id)


async def reserve(
    parts: Aerostack, conn: Connection, api: Api, wallet: int, tokens: int, request_id: str
) -> Bill:
    """Set units aside for work whose tokens are known. Raises 429 if there are not so many."""
    units = api.units(tokens)
    held = await _held(parts, conn, api, wallet, least=units, wanted=units)
    nothing = ChatRequest(())
    return Bill(parts.db, parts.chat, api, wallet, nothing, held.hold, held.is_soft, request_id)


async def _held(
    parts: Aerostack, conn: Connection, api: Api, wallet: int, *, least: int, wanted: int
) -> Held:
    seconds = parts.settings.gateway_hold_seconds
    held = await hold_units(conn, wallet, least=least, wanted=wanted, seconds=seconds)
    if held.granted is None:
        raise _refused(held, api)
    return held


def _refused(held: Held, api: Api) -> ApiError:
    details = {"apiSlug": api.slug, "limit": held.short_of}
    if held.is_held:
        message = (
            "The units left in the wallet are set aside for answers that are being generated; "
            "try again when they are done."
        )
        details["reason"] = "UNITS_RESERVED"
        return ApiError(429, "RATE_LIMIT_EXCEEDED", message, details, {"Retry-After": "1"})
    if held.short_of == "balance":
        details["reason"] = "BALANCE_EXHAUSTED"
        message = "The wallet's balance does not pay for this request: units have to be bought."
    else:
        details["reason"] = "HARD_LIMIT_REACHED"
        message = "The wallet's hard limit for this month does not allow this request."
    return ApiError(429, "RATE_LIMIT_EXCEEDED", message, details, NO_RETRY)
