"""A running GhostFlow, called over HTTP.

`api` is a team of its own on a server that the tests share, called in process: sockets matter to no
rule tested with it. `wire` is the same over a real socket. `alone` and `started(...)` have a server
and a database to themselves, to move the clock or to change settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from quintet_server.runtime import Runtime
from quintet_server.services.ghostflow.service import MOUNT, service
from quintet_server.services.ghostflow.settings import GhostFlowSettings

from .. import serving
from ..serving import ServiceClient

Started = Callable[..., AbstractAsyncContextManager["Api"]]


class Api(ServiceClient):
    """A client of one team."""

    service = "ghostflow"
    mount = MOUNT

    async def ask(
        self, method: str, path: str, body: Any = None, status: int = 200, **options: Any
    ) -> Any:
        """The JSON of an answer that has `status`."""
        if body is not None:
            options["json"] = body
        answer = await self.call(method, path, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(
        self, method: str, path: str, body: Any, status: int, code: str, **options: Any
    ) -> dict[str, Any]:
        """The error object of a request that is refused like this."""
        error: dict[str, Any] = await self.ask(method, path, body, status, **options)
        assert error["code"] == code, error
        assert isinstance(error["message"], str)
        assert error["message"]
        assert error["requestId"]
        return error

    async def at_root(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request without a key at the root of the host: links, postbacks."""
        url = f"{self.http.base_url.scheme}://{self.http.base_url.netloc.decode()}{path}"
        headers = {"Authorization": "", **options.pop("headers", {})}
        request = self.http.build_request(method, url, headers=headers, **options)
        if request.headers["authorization"] == "":
            del request.headers["authorization"]
        return await self.http.send(request, follow_redirects=False)

    async def team_id(self) -> UUID:
        """Whose everything is in the service's own tables."""
        statement = "SELECT id FROM ghostflow_teams WHERE project_id = %s"
        [[found]] = await self.sql(statement, self.project_id)
        assert isinstance(found, UUID)
        return found

    async def advance(self, **by: float) -> None:
        """Move the clock of the whole server forward: `advance(hours=1)`. Only `alone`."""
        [[before]] = await self.sql("SELECT extract(epoch FROM shift)::float8 FROM clock")
        [[after]] = await self.sql(
            "UPDATE clock SET shift = shift + make_interval(days => %s, hours => %s, mins => %s, "
            "secs => %s) RETURNING extract(epoch FROM shift)::float8",
            *(int(by.get("days", 0)), int(by.get("hours", 0)), int(by.get("minutes", 0))),
            by.get("seconds", 0.0),
        )
        assert after > before
        await self.until(lambda: abs(self.runtime.clock.shift_seconds - after) < 0.001)


def run(database_url: str, folder: Path, **settings: Any) -> AbstractAsyncContextManager[Runtime]:
    # A test may send as many requests as it likes, unless it is about their number.
    limits = {
        "requests_per_minute": 0,
        "auth_failures_per_minute": 100_000,
        "click_wait_seconds": 60.0,  # also where others want the database's processor too
        **settings,
    }
    allow = bool(limits.pop("allow_private_targets", True))
    return serving.running(
        service(GhostFlowSettings(**limits)), database_url, folder, allow_private_targets=allow
    )


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hashes as expensive as they should be would take most of the tests' time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUINTET_PASSWORD_MEMORY_BYTES", "8192")
        patch.setenv("QUINTET_PASSWORD_PASSES_COUNT", "1")
        yield


(shared_database_url, shared_runtime, shared_url, api, wire, started, alone) = serving.fixtures(
    Api, run
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them on one loop."""
    serving.share_one_loop(Path(__file__).parent, items)
