"""`sdk.gateway` on the server: consumers and users chat and pay, programs bill."""

from __future__ import annotations

import uuid

import pytest

from aerostack import SDK, errors
from tests.e2e.aerostack.faces import Face

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

HI = {"messages": [{"role": "user", "content": "Hi there"}]}
COST = 9
"""Units of the answer: the scripted model counts 5 tokens of the prompt and 4 words."""


async def consumed(face: Face, sdk: SDK, token: str) -> float:
    found = await face.do(sdk.gateway.gateway_get_wallet, "support", token=token)
    return float(found.wallet.total_consumed)


async def test_consumer_chats_and_pays(face: Face, shared: SDK, consumer: str) -> None:
    assert consumer.startswith("ask_live_")
    wallet = (await face.do(shared.gateway.gateway_get_wallet, "support", token=consumer)).wallet
    assert (wallet.plan_type, wallet.total_purchased) == ("prepaid", 100_000)
    assert (wallet.hard_limit, wallet.soft_limit) == (90_000, 80_000)
    assert wallet.balance == 100_000 - wallet.total_consumed

    chat = shared.gateway.gateway_chat_completions
    answer = await face.do(chat, "support", HI, token=consumer)
    assert answer.choices[0].message.content == answer.response == "You said: Hi there"
    assert await consumed(face, shared, consumer) == wallet.total_consumed + COST


async def test_consumer_streams_and_pays(face: Face, shared: SDK, consumer: str) -> None:
    before = await consumed(face, shared, consumer)
    stream = await face.do(
        shared.gateway.gateway_chat_completions_stream, "support", HI, token=consumer
    )
    assert await face.finish(stream.text()) == "You said: Hi there"
    stream = await face.do(
        shared.gateway.gateway_chat_completions, "support", {**HI, "stream": True}, token=consumer
    )
    assert "".join(chunk.text for chunk in await face.all(stream)) == "You said: Hi there"
    assert await consumed(face, shared, consumer) == before + 2 * COST


async def test_user_who_signed_in_chats(face: Face, shared: SDK) -> None:
    user = {"email": f"{uuid.uuid4().hex}@mail.example", "password": "correct horse"}
    token = (await face.do(shared.authentication.auth_signup, user)).token
    answer = await face.do(shared.gateway.gateway_chat_completions, "support", HI, token=token)
    assert answer.response == "You said: Hi there"
    assert await consumed(face, shared, token) == COST


async def test_key_of_the_project_chats_without_a_token(face: Face, shared: SDK) -> None:
    answer = await face.do(shared.gateway.gateway_chat_completions, "support", HI)
    assert answer.response == "You said: Hi there"


async def test_project_without_definitions_has_one_api(face: Face, sdk: SDK) -> None:
    answer = await face.do(sdk.gateway.gateway_chat_completions, "default", HI)
    assert answer.response == "You said: Hi there"


async def test_empty_wallet_is_too_many(face: Face, shared: SDK, broke: str) -> None:
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(shared.gateway.gateway_chat_completions, "support", HI, token=broke)
    assert (caught.value.status_code, caught.value.data.code) == (429, "RATE_LIMIT_EXCEEDED")


async def test_stranger_and_unknown_api_are_refused(face: Face, shared: SDK, consumer: str) -> None:
    chat = shared.gateway.gateway_chat_completions
    with pytest.raises(errors.ErrorResponse) as stranger:
        await face.do(chat, "support", HI, token="ask_live_nobody")
    assert (stranger.value.status_code, stranger.value.data.code) == (401, "AUTH_INVALID_KEY")
    with pytest.raises(errors.ErrorResponse) as unknown:
        await face.do(chat, "nothing", HI, token=consumer)
    assert unknown.value.status_code == 404


async def test_units_used_elsewhere_are_billed(face: Face, shared: SDK, consumer: str) -> None:
    before = await consumed(face, shared, consumer)
    log = {"consumer_id": "ann", "api_id": "support", "units": 7, "metric": "pages"}
    billed = await face.do(shared.gateway.gateway_billing_log, log)
    assert (billed.success, billed.logged_units) == (True, 7)
    once = {"http_headers": {"Idempotency-Key": uuid.uuid4().hex}}
    for _ in range(2):
        await face.do(shared.gateway.gateway_billing_log, log, **once)
    assert await consumed(face, shared, consumer) == before + 14


async def test_bill_for_nobody_is_refused(face: Face, shared: SDK) -> None:
    log = {"consumer_id": "nobody", "api_id": "support", "units": 1}
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(shared.gateway.gateway_billing_log, log)
    assert caught.value.status_code in (400, 404)
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(shared.gateway.gateway_billing_log, {**log, "units": -1})
    assert (caught.value.status_code, caught.value.data.code) == (400, "VALIDATION_ERROR")
