"""A running Amdahl, called over HTTP.

`api` is a project of its own on a server that the tests share, called in process: sockets matter to
no rule tested with it. `wire` is the same over a real socket, for streams and hang-ups. `alone` and
`started(...)` have a server and a database to themselves, to move the clock or to change settings.
"""

from __future__ import annotations

import textwrap
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import orjson
import pytest

from quintet_server.definitions.apply import apply_definitions
from quintet_server.runtime import Runtime
from quintet_server.services.amdahl.service import MOUNT, service
from quintet_server.services.amdahl.settings import AmdahlSettings
from quintet_server.store.keys import create_key

from .. import serving
from ..serving import ServiceClient

Started = Callable[..., AbstractAsyncContextManager["Api"]]


class Api(ServiceClient):
    """A client of one business."""

    service = "amdahl"
    mount = MOUNT

    async def ask(
        self, method: str, path: str, body: Any = None, status: int = 200, **options: Any
    ) -> Any:
        """The JSON of an answer that has `status`; None when it has no body."""
        if body is not None:
            options["json"] = body
        answer = await self.call(method, path, **options)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def refused(
        self, method: str, path: str, body: Any, status: int, code: str, **options: Any
    ) -> dict[str, Any]:
        """The error object of a request that is refused like this."""
        answer = await self.ask(method, path, body, status, **options)
        error: dict[str, Any] = answer["error"]
        assert error["code"] == code, answer
        assert isinstance(error["message"], str)
        assert error["message"]
        assert error["request_id"]
        return error

    async def apply(self, folder: Path, *documents: dict[str, Any] | str) -> list[str]:
        """What `quintet apply` does with these documents (YAML text or values); the outcomes."""
        file = folder / f"{uuid.uuid4().hex}.yaml"
        texts = []
        for document in documents:
            if isinstance(document, str):
                texts.append(textwrap.dedent(document).strip() + f"\nproject: {self.project}\n")
            else:  # JSON is YAML
                filled = {"service": "amdahl", "project": self.project, **document}
                texts.append(orjson.dumps(filled).decode())
        file.write_text("\n---\n".join(texts))
        kinds = [kind for one in self.runtime.services for kind in one.definitions]
        applied = await apply_definitions(self.runtime.db, file, kinds)
        return [one.outcome for one in applied]

    async def with_role(self, role: str, *scopes: str) -> Api:
        """A client of the same business whose key belongs to a user of this role."""
        async with self.runtime.db.transaction() as conn:
            secret, _ = await create_key(
                conn,
                self.service,
                project=self.project,
                scopes=scopes or None,
                attributes={"role": role, "user_id": f"usr_{role}"},
            )
        other = type(self)(self.runtime, self.http._transport, secret, self.project)
        other.project_id = self.project_id
        return other


def _running(
    database_url: str, folder: Path, *, allow_private_targets: bool = True, **settings: Any
) -> AbstractAsyncContextManager[Runtime]:
    settings.setdefault("requests_per_minute", 100_000)
    return serving.running(
        service(AmdahlSettings(**settings)),
        database_url,
        folder,
        allow_private_targets=allow_private_targets,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    serving.share_one_loop(Path(__file__).parent, items)


shared_database_url, shared_runtime, shared_url, api, wire, started, alone = serving.fixtures(
    Api, _running
)
