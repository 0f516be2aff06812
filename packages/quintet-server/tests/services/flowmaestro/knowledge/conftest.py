"""A knowledge base to ask, and the usual steps with one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio

FAQ = {
    "password.md": "# Passwords\n\nTo change a forgotten password, open the account page and "
    "choose reset. A mail with a link arrives within a minute.",
    "prices.txt": "The monthly price is ten euros. Students pay half.",
    "refunds.html": "<h1>Refunds</h1><p>You get your money back within thirty days.</p>",
    "cats.md": "Cats sleep on warm roofs and hunt mice at night.",
}


class Desk:
    """One project's knowledge bases, applied from a folder."""

    def __init__(self, api: Any, folder: Any) -> None:
        self.api = api
        self.folder = folder

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.folder / "docs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    async def apply(self, name: str = "faq", documents: Any = None, **spec: Any) -> str:
        """Apply one knowledge base; the folder `docs` is in it unless said otherwise."""
        documents = [{"path": "docs"}] if documents is None else documents
        document = {
            "kind": "knowledge_base",
            "name": name,
            "spec": {"documents": documents, **spec},
        }
        [outcome] = await self.api.apply(self.folder, document)
        return outcome

    async def indexed(self, id: str = "kb_faq") -> dict[str, Any]:
        """The knowledge base once nothing of it is pending."""
        async with asyncio.timeout(60):
            while (base := await self.api.data(f"/knowledge-bases/{id}"))["documents"]["pending"]:
                await asyncio.sleep(0.02)
        return base

    async def ask(self, query: str, id: str = "kb_faq", **body: Any) -> dict[str, Any]:
        answer = await self.api.post(f"/knowledge-bases/{id}/query", {"query": query, **body})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def names(self, query: str, **body: Any) -> list[str]:
        return [hit["document_name"] for hit in (await self.ask(query, **body))["results"]]


@pytest.fixture
def desk(api, tmp_path) -> Desk:
    return Desk(api, tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def faq(desk) -> Desk:
    """Four documents, indexed."""
    desk.write(FAQ)
    assert await desk.apply() == "created"
    await desk.indexed()
    return desk
