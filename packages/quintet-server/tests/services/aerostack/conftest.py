"""A running Aerostack, called over HTTP.

`api` is a project of its own on a server that the tests share, called in process: sockets matter to
no rule tested with it. `wire` is the same over a real socket, for streams and hang-ups. `alone` and
`started(...)` have a server and a database to themselves, to move the clock or to change settings.
"""

from __future__ import annotations

import textwrap
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import orjson
import pytest

from quintet_server.definitions.apply import apply_definitions
from quintet_server.runtime import Runtime
from quintet_server.services.aerostack.service import service
from quintet_server.services.aerostack.settings import AerostackSettings

from .. import serving
from ..serving import ServiceClient

Started = Callable[..., AbstractAsyncContextManager["Api"]]

MOUNT = "/v1"


class Api(ServiceClient):
    """A client of one project."""

    service = "aerostack"
    mount = MOUNT

    async def ask(self, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """The JSON of a POST that is answered with `status`."""
        answer = await self.post(path, {} if body is None else body, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(
        self, path: str, body: Any, status: int, code: str, reason: str | None = None
    ) -> dict[str, Any]:
        """The error object of a POST that is refused like this."""
        answer = await self.ask(path, body, status)
        assert answer["code"] == code, answer
        assert isinstance(answer["message"], str)
        if reason is not None:
            assert answer["details"]["reason"] == reason, answer
        return dict(answer)

    async def leave(self) -> None:
        """Rest the project's consumers: each would look for jobs as long as the server runs."""
        if await self.sql("SELECT FROM aerostack_consumers WHERE project_id = %s", self.project_id):
            await self.sql("DELETE FROM aerostack_consumers WHERE project_id = %s", self.project_id)

    async def apply(self, folder: Path, *documents: dict[str, Any] | str) -> list[str]:
        """What `quintet apply` does with these documents (YAML text or values); the outcomes."""
        file = folder / f"{uuid.uuid4().hex}.yaml"
        texts = []
        for document in documents:
            if isinstance(document, str):
                texts.append(textwrap.dedent(document).strip() + f"\nproject: {self.project}\n")
            else:  # JSON is YAML
                filled = {"service": "aerostack", "project": self.project, **document}
                texts.append(orjson.dumps(filled).decode())
        file.write_text("\n---\n".join(texts))
        kinds = [kind for one in self.runtime.services for kind in one.definitions]
        applied = await apply_definitions(self.runtime.db, file, kinds)
        return [one.outcome for one in applied]


async def new_key(
    runtime: Runtime, project: str = "default", scopes: tuple[str, ...] | None = None
) -> str:
    return await serving.new_key(runtime, "aerostack", project, scopes)


def _running(
    database_url: str, folder: Path, *, allow_private_targets: bool = True, **settings: Any
) -> AbstractAsyncContextManager[Runtime]:
    return serving.running(
        service(AerostackSettings(**settings)),
        database_url,
        folder,
        allow_private_targets=allow_private_targets,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    serving.share_one_loop(Path(__file__).parent, items)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hashes as expensive as they should be would take most of the tests' time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUINTET_PASSWORD_MEMORY_BYTES", "8192")
        patch.setenv("QUINTET_PASSWORD_PASSES_COUNT", "1")
        yield


shared_database_url, shared_runtime, shared_url, api, wire, started, alone = serving.fixtures(
    Api, _running
)
