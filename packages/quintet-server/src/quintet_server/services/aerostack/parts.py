"""The engines that only Aerostack has, from their settings to the parts of the service."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from quintet_server.engines.callables import Callables
from quintet_server.engines.hooks.target import guarded_client
from quintet_server.engines.identity import Passwords, Tokens
from quintet_server.engines.kv import KvSettings, open_kv
from quintet_server.engines.objects import Objects, ObjectSettings
from quintet_server.engines.sqlite import Databases, SqliteSettings
from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.settings import AerostackSettings

__all__ = ["start_parts"]

FOLDER = "aerostack"


async def start_parts(
    runtime: Any, settings: AerostackSettings, stack: AsyncExitStack
) -> Aerostack:
    """Start the engines; `stack` stops them, last started first."""
    data_dir = runtime.settings.server.data_dir / FOLDER
    allow_private = runtime.settings.server.allow_private_targets
    http = guarded_client(allow_private=allow_private)
    stack.push_async_callback(http.aclose)
    sqlite = Databases(SqliteSettings(), data_dir / "sqlite", now=runtime.clock.now)
    kv = open_kv(KvSettings(), runtime.db, runtime.clock)
    objects = Objects(runtime.db, ObjectSettings(), data_dir / "objects")
    passwords = Passwords()
    tokens = Tokens(runtime.db, runtime.bus, runtime.clock)
    callables = Callables()
    stack.push_async_callback(passwords.stop)
    stack.push_async_callback(callables.stop)
    for engine in (sqlite, kv, objects, tokens):
        stack.push_async_callback(engine.stop)
        await engine.start()
    return Aerostack(
        settings=settings,
        db=runtime.db,
        clock=runtime.clock,
        keys=runtime.keys,
        queue=runtime.queue,
        schedules=runtime.schedules,
        follower=runtime.follower,
        chat=runtime.chat,
        embedder=runtime.embedder,
        vectors=runtime.vectors,
        sqlite=sqlite,
        kv=kv,
        objects=objects,
        passwords=passwords,
        tokens=tokens,
        callables=callables,
        http=http,
        allow_private_targets=allow_private,
        data_dir=data_dir,
    )
