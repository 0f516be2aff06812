"""Outgoing webhooks of one process, wired together."""

from __future__ import annotations

import asyncio
import ssl

from quintet_server.engines.hooks.deliveries import Deliveries
from quintet_server.engines.hooks.formats import Formats
from quintet_server.engines.hooks.sender import Sender
from quintet_server.engines.hooks.settings import HookSettings
from quintet_server.engines.hooks.subscriptions import Subscriptions
from quintet_server.engines.hooks.target import guarded_client
from quintet_server.engines.work.lane_worker import LaneWorker
from quintet_server.engines.work.queue import Queue
from quintet_server.store.background import end, repeat

LANE = "hooks"


class Hooks:
    """Subscriptions, deliveries and the worker that sends them.

    Services register with `formats` before :meth:`start`.
    """

    def __init__(
        self,
        queue: Queue,
        settings: HookSettings | None = None,
        *,
        allow_private_targets: bool = False,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """`verify`: the TLS context for https targets, the system's authorities by default."""
        self.settings = settings or HookSettings()
        self.formats = Formats()
        self._client = guarded_client(
            allow_private=allow_private_targets,
            timeout_seconds=self.settings.timeout_seconds,
            verify=verify,
        )
        self.subscriptions = Subscriptions(
            queue.db, self.formats, self.settings, allow_private=allow_private_targets
        )
        sender = Sender(self._client, self.settings)
        self.deliveries = Deliveries(queue.db, self.formats, sender, self.settings)
        self._worker = LaneWorker(
            queue, LANE, self.deliveries.handle, concurrency=self.settings.concurrency_count
        )
        self._tidying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to send."""
        await self.subscriptions.spell_out_again()
        self._worker.start()
        period = self.settings.tidy_period_seconds
        tidying = repeat(self.deliveries.tidy, every_seconds=period, failure="hooks_tidy_failed")
        self._tidying = asyncio.create_task(tidying, name="hooks-tidy")

    async def drain(self) -> None:
        """Let deliveries under way end, hand back the rest. Drain before the queue is closed.

        Requests that are still served can send by hand.
        """
        if self._tidying is not None:
            await end(self._tidying)
        await self._worker.stop(drain_seconds=self.settings.timeout_seconds)

    async def stop(self) -> None:
        """Drain, and close every connection."""
        await self.drain()
        await self._client.aclose()
