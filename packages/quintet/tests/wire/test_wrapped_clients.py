"""A wrapper as the documentation of a service shows it.

It derives from a protocol class whose methods do nothing, overrides two of them, and inherits an
``aclose`` that closes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from quintet import open_body
from quintet.errors import (
    StatusError,
)
from quintet.multipart import FilePart, multipart

from .peer import Peer, always, answer, in_turn, once
from .worlds import GET, KEYED, POST, World

Play = Callable[..., Peer]


class AsyncHttpClient(Protocol):
    async def send(
        self, request: Any, *, stream: bool = False, auth: Any = None, follow_redirects: Any = None
    ) -> Any: ...

    def build_request(self, method: str, url: str, **options: Any) -> Any: ...

    async def aclose(self) -> None: ...


class CustomClient(AsyncHttpClient):
    def __init__(self, client: AsyncHttpClient) -> None:
        self.client = client
        self.built: list[dict[str, Any]] = []

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = httpx.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx.USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        request.headers["Client-Level-Header"] = "added by client"
        answer: httpx.Response = await self.client.send(
            request, stream=stream, auth=auth, follow_redirects=follow_redirects
        )
        return answer

    def build_request(
        self,
        method: str,
        url: Any,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        params: Any = None,
        headers: Any = None,
        cookies: Any = None,
        timeout: Any = httpx.USE_CLIENT_DEFAULT,
        extensions: Any = None,
    ) -> httpx.Request:
        self.built.append({"timeout": timeout})
        request: httpx.Request = self.client.build_request(
            method,
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            extensions=extensions,
        )
        return request


@pytest.fixture
async def custom() -> Any:
    async with httpx.AsyncClient(trust_env=False) as native:
        yield CustomClient(native)  # type: ignore[arg-type]


async def test_documented_wrapper_sees_every_request(play: Play, custom: CustomClient) -> None:
    peer = play(in_turn(once(answer(b"", "503 Busy")), always(answer(b'{"ok": 1}'))))
    world = World(blocking=False)
    client = world.client(peer.url, http_client=custom, max_retries=1)
    response = await client.request(KEYED, json={"a": 1})
    assert response.json() == {"ok": 1}
    assert [each.header("client-level-header") for each in peer.requests] == [
        "added by client",
        "added by client",
    ]
    assert len(custom.built) == 2
    await world.close_all()
    assert not custom.client.is_closed  # type: ignore[attr-defined]


async def test_documented_wrapper_streams_bodies_both_ways(
    play: Play, custom: CustomClient, tmp_path: Path
) -> None:
    data = bytes(range(256)) * 2000
    path = tmp_path / "example.file"
    path.write_bytes(data)
    peer = play(always(answer(data)))
    client = World(blocking=False).client(peer.url, http_client=custom)
    with path.open("rb") as file:
        form = multipart([FilePart("file", "example.file", open_body(file))])
        await client.request(KEYED, body=form, content_type=form.content_type)
    assert data in peer.requests[0].body
    assert peer.requests[0].header("content-length") == str(form.length)
    async with client.download(GET) as stream:
        pieces = [piece async for piece in stream]
    assert b"".join(pieces) == data
    assert len(pieces) > 1


async def test_documented_wrapper_is_not_taken_to_another_origin(
    play: Play, custom: CustomClient
) -> None:
    elsewhere = play(always(answer()))
    peer = play(always(answer(b"", "307 Go", f"Location: {elsewhere.url}/")))
    client = World(blocking=False).client(peer.url, http_client=custom)
    with pytest.raises(StatusError) as caught:
        await client.request(POST)
    assert caught.value.status == 307
    assert elsewhere.requests == []
