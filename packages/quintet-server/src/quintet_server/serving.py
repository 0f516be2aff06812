"""Running a server in the foreground: what ``quintet serve`` does."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable

import structlog

from quintet_server.instances import announce
from quintet_server.logs import configure_logging
from quintet_server.runtime import Runtime
from quintet_server.server import CannotListen, bind, make_server, url_of
from quintet_server.services import load_services
from quintet_server.settings import Settings
from quintet_server.store.database import DatabaseTooOld, DatabaseUnreachable
from quintet_server.store.embedded import EmbeddedPostgresError
from quintet_server.store.migrate import MigrationError

__all__ = ["StartFailed", "run_server", "serve"]

_log = structlog.get_logger(__name__)

_EXPECTED = (
    *(CannotListen, DatabaseTooOld, DatabaseUnreachable),
    *(EmbeddedPostgresError, MigrationError, OSError),
)


class StartFailed(Exception):
    """The server could not start for a reason its user can do something about."""


def run_server(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until a signal says stop; ``ready(url)`` is called once calls are accepted.

    Raises :class:`StartFailed`.
    """
    configure_logging(settings.log)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve(settings, ready))
    except _EXPECTED as error:
        raise StartFailed(str(error)) from error


async def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """The same in a running event loop. Signals are handled in the main thread only."""
    listener = bind(settings.server)
    url = url_of(listener)
    runtime = Runtime(settings, load_services())
    with contextlib.closing(listener), contextlib.ExitStack() as stack:
        if not await _started(runtime):
            return
        try:

            def announced() -> None:
                server = settings.server
                stack.enter_context(announce(server.data_dir, url, server.database_url))
                _log.info("ready", url=url)
                ready(url)

            await make_server(runtime, announced).serve(sockets=[listener])
        finally:
            await runtime.stop()
    _log.info("stopped")


async def _started(runtime: Runtime) -> bool:
    """Start it. False: SIGTERM came meanwhile, and what had started has stopped again."""
    loop = asyncio.get_running_loop()
    starting = asyncio.ensure_future(runtime.start())
    is_unwanted = False

    def end() -> None:
        nonlocal is_unwanted
        if not is_unwanted:  # a second signal must not break off the cleaning up
            is_unwanted = True
            starting.cancel()

    # It stays until the server's own takes its place, so that none falls in between.
    with contextlib.suppress(ValueError, RuntimeError):  # not the main thread: see there
        loop.add_signal_handler(signal.SIGTERM, end)
    try:
        await starting
    except BaseException as error:
        with contextlib.suppress(ValueError, RuntimeError):
            loop.remove_signal_handler(signal.SIGTERM)
        if is_unwanted and isinstance(error, asyncio.CancelledError):
            return False
        raise
    if is_unwanted:  # it was about to return
        await runtime.stop()
    return not is_unwanted


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
