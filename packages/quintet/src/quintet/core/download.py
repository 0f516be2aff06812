"""A large body, handed on in pieces: constant memory, an idle timeout instead of a total one."""

from __future__ import annotations

from quintet.core.call import CallContext, Plan, open_exchange
from quintet.core.decoding import BodyDecoder
from quintet.core.effects import Close, Emit, Program, Read
from quintet.core.response import check_declared_length
from quintet.errors import QuintetError

__all__ = ["download"]

_BOUND = "max_bytes"


def download(
    plan: Plan, context: CallContext, max_bytes: int | None, idle_timeout: float | None
) -> Program[None]:
    """Emit the exchange when its head has come, then the decoded body in pieces.

    Once a piece has been emitted nothing is repeated: half a body cannot be taken back.

    Raises:
        QuintetError: In the SDK's class for it.
    """
    opened = yield from open_exchange(plan, context)
    exchange = opened.exchange
    yield Emit(exchange)
    try:
        check_declared_length(exchange.headers, max_bytes, _BOUND)
        decoder = BodyDecoder(exchange.headers.get("content-encoding"), max_bytes, _BOUND)
        # All of it may have come with the head; then there is only the end left to read.
        whole: bytes | None = getattr(exchange, "whole", None)
        while True:
            until = None if idle_timeout is None else context.clock.monotonic() + idle_timeout
            raw: bytes = whole or (yield Read(exchange, until, idle_timeout))
            whole = None
            for piece in decoder.pieces(raw):
                yield Emit(piece)
            if not raw:
                decoder.finish()
                break
    except QuintetError as error:
        yield Close(exchange)
        raise opened.adopt(error) from error.__cause__
    except Exception:
        yield Close(exchange)
        raise
    yield Close(exchange)
