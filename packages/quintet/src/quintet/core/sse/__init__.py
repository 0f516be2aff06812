"""Server-sent events: decoding, and going on after a drop."""

from __future__ import annotations

from quintet.core.sse.decoder import SSEDecoder
from quintet.core.sse.event import ServerSentEvent
from quintet.core.sse.reconnect import Reconnect

__all__ = ["Reconnect", "SSEDecoder", "ServerSentEvent"]
