"""Every example of the documentation, as it stands there, against a local peer."""

from __future__ import annotations

import asyncio
import logging
import socket
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional, Union

import httpx
import pytest

import aerostack._service
from aerostack import SDK, errors, models

CHAT = """
    res = sdk.ai.ai_chat(request={
        "messages": [
            {},
        ],
        "model": "@cf/meta/llama-3-8b-instruct",
    })

    # Handle response
    print(res)
"""


def chat(options: str, imports: str = "") -> str:
    return f"from aerostack import SDK\n{imports}\nwith SDK(\n{options}\n) as sdk:\n{CHAT}"


KEY = '    api_key_auth="<YOUR_API_KEY_HERE>",'
RETRY = "from aerostack.utils import BackoffStrategy, RetryConfig"
CHATS = {
    "synchronous": chat(KEY),
    "server_idx": chat(f"    server_idx=0,\n{KEY}"),
    "server_url": chat(f'    server_url="http://localhost:8787/v1",\n{KEY}'),
    "retry_config": chat(
        '    retry_config=RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), False),\n' + KEY,
        RETRY,
    ),
    # The example for one call is no Python: an argument without a name after one that has a name.
    # These are the two ways to mend it.
    "retries by name": chat(KEY, RETRY).replace(
        '"@cf/meta/llama-3-8b-instruct",\n    })',
        '"@cf/meta/llama-3-8b-instruct",\n    },\n'
        '    retries=RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), False))',
    ),
    "retries by place": chat(KEY, RETRY)
    .replace("ai_chat(request={", "ai_chat({")
    .replace(
        '"@cf/meta/llama-3-8b-instruct",\n    })',
        '"@cf/meta/llama-3-8b-instruct",\n    },\n'
        '    RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), False))',
    ),
}
ASYNCHRONOUS = """
# Asynchronous Example
from aerostack import SDK
import asyncio

async def main():

    async with SDK(
        api_key_auth="<YOUR_API_KEY_HERE>",
    ) as sdk:

        res = await sdk.ai.ai_chat_async(request={
            "messages": [
                {},
            ],
            "model": "@cf/meta/llama-3-8b-instruct",
        })

        # Handle response
        print(res)

asyncio.run(main())
"""
UPLOAD = """
from aerostack import SDK

with SDK(
    api_key_auth="<YOUR_API_KEY_HERE>",
) as sdk:

    res = sdk.storage.storage_upload(request={
        "content_type": "image/jpeg",
        "file": {
            "content": open("example.file", "rb"),
            "file_name": "example.file",
        },
        "key": "avatars/user-123.jpg",
    })

    # Handle response
    print(res)
"""
ERRORS = """
from aerostack import SDK, errors

with SDK(
    api_key_auth="<YOUR_API_KEY_HERE>",
) as sdk:
    res = None
    try:

        res = sdk.authentication.auth_signin(request={
            "email": "someone@mail.example",
            "password": "nIQ75VVtUTq8bO4",
        })

        # Handle response
        print(res)

    except errors.SDKBaseError as e:
        # The base class for HTTP error responses
        print(e.message)
        print(e.status_code)
        print(e.body)
        print(e.headers)
        print(e.raw_response)

        # Depending on the method different errors may be thrown
        if isinstance(e, errors.ErrorResponse):
            print(e.data.code)  # errors.Code
            print(e.data.details)  # Optional[Dict[str, Any]]
            print(e.data.message)  # str
"""
CUSTOM_SYNC = """
from aerostack import SDK
import httpx

http_client = httpx.Client(headers={"x-custom-header": "someValue"})
s = SDK(client=http_client)
"""
CUSTOM_ASYNC = """
from aerostack import SDK
from aerostack.httpclient import AsyncHttpClient
import httpx

class CustomClient(AsyncHttpClient):
    client: AsyncHttpClient

    def __init__(self, client: AsyncHttpClient):
        self.client = client

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Union[
            httpx._types.AuthTypes, httpx._client.UseClientDefault, None
        ] = httpx.USE_CLIENT_DEFAULT,
        follow_redirects: Union[
            bool, httpx._client.UseClientDefault
        ] = httpx.USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        request.headers["Client-Level-Header"] = "added by client"

        return await self.client.send(
            request, stream=stream, auth=auth, follow_redirects=follow_redirects
        )

    def build_request(
        self,
        method: str,
        url: httpx._types.URLTypes,
        *,
        content: Optional[httpx._types.RequestContent] = None,
        data: Optional[httpx._types.RequestData] = None,
        files: Optional[httpx._types.RequestFiles] = None,
        json: Optional[Any] = None,
        params: Optional[httpx._types.QueryParamTypes] = None,
        headers: Optional[httpx._types.HeaderTypes] = None,
        cookies: Optional[httpx._types.CookieTypes] = None,
        timeout: Union[
            httpx._types.TimeoutTypes, httpx._client.UseClientDefault
        ] = httpx.USE_CLIENT_DEFAULT,
        extensions: Optional[httpx._types.RequestExtensions] = None,
    ) -> httpx.Request:
        return self.client.build_request(
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

s = SDK(async_client=CustomClient(httpx.AsyncClient()))
"""
RESOURCES = """
from aerostack import SDK
def main():

    with SDK(
        api_key_auth="<YOUR_API_KEY_HERE>",
    ) as sdk:
        # Rest of application here...
        return sdk

# Or when using async:
async def amain():

    async with SDK(
        api_key_auth="<YOUR_API_KEY_HERE>",
    ) as sdk:
        # Rest of application here...
        return sdk
"""
DEBUG = """
from aerostack import SDK
import logging

s = SDK(debug_logger=logging.getLogger("aerostack"))
"""


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A peer behind every address that the examples use."""
    from ..wire.peer import answer, error, play

    def serve(conn: Any, request: Any) -> None:
        if request.path == "/v1/auth/signin":
            conn.send(error(401, "AUTH_INVALID_CREDENTIALS", "wrong", details={"left": 2}))
        elif request.path == "/v1/storage/upload":
            conn.send(answer(200, {"url": "https://cdn.example/avatars/user-123.jpg"}))
        else:
            conn.send(answer(200, {"response": "Hello!"}))

    started = play([serve])
    monkeypatch.setenv("AEROSTACK_SERVER_URL", started.url)
    monkeypatch.setattr(aerostack._service, "SERVERS", (started.url, started.url))
    known = socket.getaddrinfo

    def lookup(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        here = (host, port) == ("localhost", 8787)
        return known(*(("127.0.0.1", started.port) if here else (host, port)), *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    yield started
    started.stop()


def run(source: str, **names: Any) -> dict[str, Any]:
    names["__name__"] = "__main__"
    exec(compile(textwrap.dedent(source), "guide", "exec"), names)
    return names


@pytest.mark.parametrize("name", CHATS)
def test_chat_of_the_guide_runs(name: str, peer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(CHATS[name])["res"]
    assert isinstance(result, models.AiChatResponseBody) and result.response == "Hello!"
    assert "Hello!" in capsys.readouterr().out
    assert peer.bodies() == [{"messages": [{}], "model": "@cf/meta/llama-3-8b-instruct"}]
    assert peer.headers("x-aerostack-key") == ["<YOUR_API_KEY_HERE>"]


def test_asynchronous_example_runs(peer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run(ASYNCHRONOUS)
    assert "Hello!" in capsys.readouterr().out


def test_upload_example_runs(peer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "example.file").write_bytes(b"picture")
    monkeypatch.chdir(tmp_path)
    with Path("example.file").open("rb") as file:
        found = run(UPLOAD, open=lambda name, mode: file if name == file.name else None)
    assert found["res"].url == "https://cdn.example/avatars/user-123.jpg"
    assert b"picture" in peer.requests[0].body and b"image/jpeg" in peer.requests[0].body


def test_error_example_runs(peer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ERRORS)["res"] is None
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["wrong", "401"]
    assert lines[2].startswith("{") and lines[3].startswith("Headers(")
    assert lines[4] == "<Response [401 Unauthorized]>"
    assert lines[5:] == ["AUTH_INVALID_CREDENTIALS", "{'left': 2}", "wrong"]


def test_client_example_runs_and_its_header_is_sent(
    peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEROSTACK_API_KEY", "ac_secret_env")
    names = run(CUSTOM_SYNC)
    assert names["s"].cache.cache_get({"key": "k"}) is not None
    assert peer.headers("x-custom-header") == ["someValue"]
    names["http_client"].close()


def test_wrapper_example_runs_and_every_request_passes_through_it(
    peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEROSTACK_API_KEY", "ac_secret_env")
    # The example does not show its imports from typing.
    names = run("from typing import Any, Optional, Union\n" + CUSTOM_ASYNC)
    sdk = names["s"]

    async def use() -> None:
        assert (await sdk.ai.ai_chat_async({"messages": [{}]})).response == "Hello!"
        await sdk.aclose()
        client = sdk.sdk_configuration.async_client
        await client.aclose()  # inherited, and does nothing
        assert not client.client.is_closed
        await client.client.aclose()

    asyncio.run(use())
    assert peer.headers("client-level-header") == ["added by client"]


def test_resource_example_runs(peer: Any) -> None:
    names = run(RESOURCES)
    for sdk in (names["main"](), asyncio.run(names["amain"]())):
        assert isinstance(sdk, SDK)
        with pytest.raises(errors.ClientClosedError):
            sdk.cache.cache_get({"key": "k"})


def test_debug_example_runs(
    peer: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AEROSTACK_API_KEY", "ac_secret_env")
    caplog.set_level(logging.DEBUG, "aerostack")
    with run(DEBUG)["s"] as sdk:
        sdk.ai.ai_chat({"messages": [{}]})
    assert "Request:" in caplog.text and "Response:" in caplog.text
    assert "ac_secret_env" not in caplog.text


def test_annotations_that_the_guide_names_are_importable() -> None:
    assert Union and Optional
    from aerostack import models, types, utils
    from aerostack.httpclient import AsyncHttpClient, HttpClient

    assert isinstance(httpx.Client(), HttpClient)
    assert isinstance(httpx.AsyncClient(), AsyncHttpClient)
    assert models and types and utils
