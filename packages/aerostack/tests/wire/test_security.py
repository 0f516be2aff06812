"""Keys and passwords stay where they belong."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import traceback
from typing import Any

import httpx
import pytest

from aerostack import errors, models
from quintet.testing import check_secret_hygiene

from .conftest import KEY, Face
from .peer import answer

CHAT = {"messages": [{}], "model": "m"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("supplied", [False, True])
async def test_redirect_to_another_origin_is_an_error_and_the_key_stays(
    play: Any, face: Face, status: int, supplied: bool
) -> None:
    thief = play(answer(200, {"response": "stolen"}))
    peer = play(answer(status, None, body=b"", location=f"{thief.url}/ai/chat"))
    kind = httpx.AsyncClient if face.is_async else httpx.Client
    native: Any = kind(trust_env=False, follow_redirects=True)
    sdk = face.sdk(peer, **(face.client(native) if supplied else {}))
    with pytest.raises(errors.SDKError, match="Redirects are not followed") as caught:
        await face.do(sdk.ai.ai_chat, CHAT)
    assert caught.value.status_code == status
    assert thief.url in caught.value.message
    assert thief.requests == []
    await face.close(native)


async def test_redirect_of_a_post_is_not_followed_as_a_get(play: Any, face: Face) -> None:
    peer = play(answer(302, None, body=b"", location="/v1/elsewhere"), answer(200, {}))
    sdk = face.sdk(peer)
    with pytest.raises(errors.SDKError, match="the location is /v1/elsewhere"):
        await face.do(sdk.ai.ai_chat, CHAT)
    assert [request.method for request in peer.requests] == ["POST"]


async def test_debug_log_shows_requests_and_answers_without_secrets(
    play: Any, face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    peer = play(answer(200, {"token": "eyJ.secret.token", "user": {"email": "a@b.example"}}))
    logger = logging.getLogger("test.aerostack")
    sdk = face.sdk(peer, debug_logger=logger)
    with caplog.at_level(logging.DEBUG, logger.name):
        await face.do(
            sdk.authentication.auth_signin, {"email": "a@b.example", "password": "hunter2hunter2"}
        )
    records = [record for record in caplog.records if record.name == logger.name]
    assert len(records) == 2, "one record per request and per answer"
    text = "\n".join(record.getMessage() for record in records)
    assert "/v1/auth/signin" in text and "a@b.example" in text and "Status Code: 200" in text
    for secret in (KEY, "hunter2hunter2", "eyJ.secret.token"):
        assert secret not in text


async def test_debug_log_tells_of_failures_and_of_chunked_chats(play: Any, face: Face) -> None:
    lines: list[str] = []

    class Logger:
        def debug(self, message: str, *args: Any, **kwargs: Any) -> None:
            lines.append(message % args)

    peer = play(None)
    sdk = face.sdk(peer, debug_logger=Logger())
    with pytest.raises(httpx.RequestError):
        await face.do(sdk.cache.cache_get, {"key": "k"})
    assert lines[0].startswith("Request:") and lines[1].startswith("No response:")


def test_secrets_in_models_are_masked() -> None:
    shown = [
        models.Security(api_key_auth="ac_secret_x"),
        models.AuthSigninRequestBody(email="a@b.example", password="hunter2"),
        models.AuthSignupRequestBody(email="a@b.example", password="hunter2"),
        models.AuthResponse(token="eyJ.x.y"),
        models.AuthResponse.model_validate({"refreshToken": "r3fresh", "api_key": "k3y"}),
    ]
    text = f"{shown!r} {shown}" + " ".join(map(str, shown))
    for secret in ("ac_secret_x", "hunter2", "eyJ.x.y", "r3fresh", "k3y"):
        assert secret not in text
    assert "a@b.example" in text


async def test_error_about_a_request_does_not_show_the_password(face: Face, play: Any) -> None:
    sdk = face.sdk(play(answer()))
    with pytest.raises(errors.RequestValidationError) as caught:
        await face.do(sdk.authentication.auth_signin, {"email": 1, "password": ["hunter2hunter2"]})
    chain = f"{caught.value} {caught.value!r} {caught.value.cause}"
    assert "password" in chain and "hunter2hunter2" not in chain


async def test_key_is_not_in_anything_an_error_shows(play: Any, face: Face) -> None:
    sdk = face.sdk(play(answer(500, {"code": "INTERNAL_ERROR", "message": "broke"})))
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.cache.cache_get, {"key": "k"})
    error = caught.value
    shown = f"{error!r} {error} {vars(error)} {error.raw_response.request.headers} {sdk!r}"
    assert KEY not in shown and KEY not in repr(sdk.sdk_configuration)


async def test_connection_is_closed_although_the_logger_fails(play: Any, face: Face) -> None:
    class Logger:
        def debug(self, message: str, *args: Any) -> None:
            if message.startswith("Response"):
                raise ZeroDivisionError

    begun: list[threading.Event] = []

    def held(conn: Any, _: Any) -> None:
        begun.append(threading.Event())
        gone = begun[-1]
        conn.send(answer(200, {"exists": True})[:-3])
        conn.hold()
        gone.set()

    peer = play(held)
    for limit_ms in (100, 3_000, 30_000):  # the answer has to begin in time, also on a busy machine
        sdk = face.sdk(peer, debug_logger=Logger(), timeout_ms=limit_ms)
        try:
            with pytest.raises(ZeroDivisionError):
                await face.do(sdk.cache.cache_get, {"key": "k"})
        except httpx.TimeoutException:
            continue
        break
    else:
        pytest.fail("no answer ever began")
    for gone in begun:
        assert await asyncio.to_thread(gone.wait, 60)


def reported(error: BaseException) -> str:
    """What a crash report shows of the local variables beneath the test."""
    texts: list[str] = []
    told: traceback.TracebackException | None = traceback.TracebackException.from_exception(
        error, capture_locals=True
    )
    while told is not None:
        for frame in told.stack:
            if "/tests/" not in frame.filename:
                texts += (frame.locals or {}).values()
        told = told.__cause__ or told.__context__
    return "\n".join(texts)


@pytest.mark.parametrize("how", ["hangs up", "stalls", "takes nothing", "fails"])
async def test_key_is_in_no_view_of_an_error(play: Any, face: Face, how: str) -> None:
    step: dict[str, Any] = {
        "hangs up": None,
        "stalls": lambda conn, _: conn.hold(),
        "fails": answer(500, {"code": "INTERNAL_ERROR", "message": "broke"}),
    }
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf_url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        where = deaf_url if how == "takes nothing" else play(step[how])
        sdk = face.sdk(where, timeout_ms=300)
        endless = (b"x" * 65536 for _ in iter(int, 1))
        upload = {"key": "k", "file": {"file_name": "a", "content": endless}}
        with pytest.raises((errors.SDKBaseError, errors.NoResponseError)) as caught:
            if how == "takes nothing":
                await face.do(sdk.storage.storage_upload, upload)
            else:
                await face.do(sdk.cache.cache_get, {"key": "k"})
    check_secret_hygiene(KEY, caught.value, sdk, sdk.sdk_configuration, reported(caught.value))
