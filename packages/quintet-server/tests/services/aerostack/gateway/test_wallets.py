"""Wallets: what an answer costs, what is refused, and that no unit is lost or spent twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from quintet_server.services.aerostack.gateway import charging
from quintet_server.services.aerostack.gateway.consumers import revoke_consumer_key

from ..talking import Talk, bearer

COMPLETIONS = "/ai/gateway/default/chat/completions"


async def assert_exact(talk: Talk) -> None:
    """The balance is what the ledger says, of every wallet."""
    rows = await talk.sql(
        "SELECT w.balance, (SELECT coalesce(sum(l.units), 0) FROM aerostack_gateway_ledger l"
        "                    WHERE l.wallet_id = w.id)"
        " FROM aerostack_gateway_wallets w WHERE w.project_id = %s",
        talk.project_id,
    )
    assert rows
    assert all(balance == entries for balance, entries in rows), rows


async def test_many_answers_at_once_lose_no_unit(talk: Talk) -> None:
    key = await talk.consumer(balance=1_000_000)
    answers = await asyncio.gather(*(talk.complete(key) for _ in range(25)))
    assert {answer.status_code for answer in answers} == {200}
    wallet = await talk.wallet(key)
    assert (wallet["balance"], wallet["total_consumed"], wallet["reserved"]) == (999_750, 250, 0)
    await assert_exact(talk)
    usage = await talk.get("/ai/gateway/me/usage?api_slug=default", headers=bearer(key))
    assert usage.json()["total_requests"] == 25
    assert usage.json()["total_tokens"] == 250


async def test_answers_at_once_cannot_spend_the_same_units(talk: Talk) -> None:
    key = await talk.consumer(balance=100)
    go_on = asyncio.Event()
    talk.model.says("one", go_on)
    first = asyncio.create_task(talk.complete(key))
    await talk.until(lambda: len(talk.model.requests) == 1)
    assert (await talk.wallet(key))["reserved"] == 100
    refused = await talk.complete(key)
    go_on.set()
    assert (await first).status_code == 200
    assert refused.status_code == 429
    assert refused.json()["details"]["reason"] == "UNITS_RESERVED"
    assert refused.headers["retry-after"] == "1"
    assert (await talk.complete(key)).status_code == 200
    assert (await talk.wallet(key))["balance"] == 80


async def test_answer_is_cut_to_what_the_wallet_pays(talk: Talk) -> None:
    key = await talk.consumer(balance=50)
    assert (await talk.complete(key, max_tokens=10)).status_code == 200
    assert talk.model.requests[-1]["max_tokens"] == 10
    assert (await talk.complete(key)).status_code == 200
    # 40 units are left, and the prompt takes about 9 of them.
    assert 30 <= talk.model.requests[-1]["max_tokens"] < 40


async def test_empty_wallet_is_429_that_is_not_repeated(talk: Talk) -> None:
    key = await talk.consumer(balance=10)
    assert (await talk.complete(key)).status_code == 200
    answer = await talk.complete(key)
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert answer.json()["details"]["reason"] == "BALANCE_EXHAUSTED"
    assert answer.json()["error"]["code"] == "insufficient_quota"
    assert answer.headers["x-should-retry"] == "false"
    assert len(talk.model.requests) == 1


async def test_hard_limit_is_of_a_month_and_the_soft_one_is_said(later: Talk) -> None:
    limits = {"plan_type": "postpaid", "hard_limit": 25, "soft_limit": 10}
    key = await later.consumer(balance=0, **limits)
    first, second = await later.complete(key), await later.complete(key)
    assert "x-aerostack-soft-limit" not in first.headers
    assert second.headers["x-aerostack-soft-limit"] == "reached"
    refused = await later.complete(key)
    assert refused.status_code == 429
    assert refused.json()["details"]["reason"] == "HARD_LIMIT_REACHED"
    wallet = await later.wallet(key)
    assert (wallet["hard_limit"], wallet["soft_limit"]) == (25, 10)
    assert (wallet["month_consumed"], wallet["soft_limit_reached"]) == (20, True)
    assert wallet["balance"] == -20
    await later.advance(32 * 86_400)
    assert (await later.wallet(key))["month_consumed"] == 0
    assert (await later.complete(key)).status_code == 200
    assert (await later.wallet(key))["total_consumed"] == 30
    await assert_exact(later)


async def test_prices_are_per_token_and_per_request(talk: Talk) -> None:
    await talk.define("gateway-api", "costly", units_per_token=3, units_per_request=100)
    key = await talk.consumer(balance=10_000)
    await talk.complete(key, "costly")
    assert (await talk.wallet(key, "costly"))["total_consumed"] == 130


async def test_free_api_is_served_to_an_empty_wallet(talk: Talk) -> None:
    await talk.define("gateway-api", "free", units_per_token=0)
    key = await talk.consumer(balance=0)
    assert (await talk.complete(key, "free")).status_code == 200
    assert (await talk.wallet(key, "free"))["balance"] == 0


async def test_stream_that_is_left_pays_for_what_was_generated_only(talk: Talk) -> None:
    key = await talk.consumer(balance=5_000)
    never = asyncio.Event()
    talk.model.says("word " * 40, never)
    async with talk.streaming(COMPLETIONS, {}, headers=bearer(key)) as (_, frames):
        await anext(frames)
        await anext(frames)
        assert (await talk.wallet(key))["reserved"] > 1_000
    await talk.until(lambda: talk.model.left == 1)
    [(note, units)] = await talk.eventually(
        "SELECT l.note, l.units FROM aerostack_gateway_ledger l"
        " JOIN aerostack_gateway_wallets w ON w.id = l.wallet_id"
        " WHERE w.project_id = %s AND l.kind = 'usage'",
        talk.project_id,
    )
    assert note["is_complete"] is False
    # 200 characters of answer, two of prompt, at four bytes to a token.
    assert (note["completion_tokens"], note["prompt_tokens"], units) == (50, 1, -51)
    wallet = await talk.wallet(key)
    assert (wallet["balance"], wallet["reserved"]) == (4_949, 0)


async def test_request_that_got_nothing_costs_nothing(talk: Talk) -> None:
    key = await talk.consumer(balance=5_000)
    talk.model.says(500)
    assert (await talk.complete(key)).status_code == 502
    wallet = await talk.wallet(key)
    assert (wallet["balance"], wallet["reserved"]) == (5_000, 0)


@pytest.mark.parametrize("stream", [False, True])
async def test_answer_that_could_not_be_charged_is_no_success(
    talk: Talk, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise psycopg.OperationalError("gone")

    key = await talk.consumer()
    monkeypatch.setattr(charging, "spend_units", fails)
    if stream:
        async with talk.streaming(COMPLETIONS, {}, headers=bearer(key)) as (_, frames):
            error = [frame async for frame in frames][-1]
    else:
        answer = await talk.complete(key)
        assert answer.status_code == 503
        error = answer.json()
    assert error["details"]["reason"] == "SERVICE_UNAVAILABLE"


async def test_units_of_a_server_that_died_are_free_after_a_while(later: Talk) -> None:
    key = await later.consumer(balance=100)
    await later.sql(
        "SELECT aerostack_gateway_hold(id, 1, 100, 900) FROM aerostack_gateway_wallets"
        " WHERE project_id = %s AND kind = 'consumer'",
        later.project_id,
    )
    assert (await later.complete(key)).status_code == 429
    await later.advance(901)
    assert (await later.wallet(key))["reserved"] == 0
    assert (await later.complete(key)).status_code == 200


async def test_test_key_pays_from_a_wallet_of_its_own(talk: Talk) -> None:
    live = await talk.consumer(balance=5_000)
    test = await talk.consumer_key(is_test=True)
    assert (live[:9], test[:9]) == ("ask_live_", "ask_test_")
    assert (await talk.complete(test)).status_code == 200
    assert (await talk.wallet(test))["balance"] == 4_990
    assert (await talk.wallet(live))["balance"] == 5_000


async def test_more_units_in_the_definition_are_one_more_purchase(talk: Talk) -> None:
    key = await talk.consumer(balance=1_000)
    await talk.complete(key)
    await talk.define("gateway-consumer", "ann", balance=1_500)
    await talk.define("gateway-consumer", "ann", balance=1_500)
    wallet = await talk.wallet(key)
    assert (wallet["total_purchased"], wallet["balance"]) == (1_500, 1_490)
    assert await talk.ledger() == [("purchase", 1_000), ("usage", -10), ("purchase", 500)]


async def test_entries_of_the_ledger_are_final(talk: Talk) -> None:
    await talk.consumer()
    for statement in (
        "UPDATE aerostack_gateway_ledger SET units = 0",
        "DELETE FROM aerostack_gateway_ledger",
    ):
        with pytest.raises(psycopg.errors.RaiseException):
            await talk.sql(statement)
    await talk.sql("DELETE FROM projects WHERE id = %s", talk.project_id)
    assert await talk.ledger() == []


async def test_wallet_and_usage_need_an_api_and_a_sensible_number_of_days(talk: Talk) -> None:
    for path, field in [
        ("/ai/gateway/me/wallet", "api_slug"),
        ("/ai/gateway/me/usage?api_slug=default&days=0", "days"),
        ("/ai/gateway/me/usage?api_slug=default&days=x", "days"),
        ("/ai/gateway/me/usage?api_slug=default&days=367", "days"),
    ]:
        answer = await talk.get(path)
        assert answer.status_code == 400, path
        assert field in answer.json()["details"]["fieldErrors"]
    assert (await talk.get("/ai/gateway/me/wallet?api_slug=no")).status_code == 404


async def test_usage_is_by_day(later: Talk) -> None:
    key = await later.consumer()
    await later.complete(key)
    await later.advance(3 * 86_400)
    await later.complete(key)
    await later.complete(key)
    path = "/ai/gateway/me/usage?api_slug=default"
    usage = (await later.get(path, headers=bearer(key))).json()
    assert (usage["days"], usage["total_requests"], usage["total_units"]) == (30, 3, 30)
    assert [day["requests"] for day in usage["by_day"]] == [1, 2]
    today = (await later.get(f"{path}&days=1", headers=bearer(key))).json()
    assert (today["total_requests"], today["total_tokens"]) == (2, 20)


async def test_key_that_is_revoked_or_expired_is_401(later: Talk) -> None:
    key = await later.consumer()
    brief = await later.consumer_key(lifetime=timedelta(seconds=60))
    assert (await later.complete(brief)).status_code == 200
    await later.advance(61)
    assert (await later.complete(brief)).json()["details"]["reason"] == "KEY_EXPIRED"
    async with later.runtime.db.transaction() as conn:
        assert await revoke_consumer_key(conn, key) is not None
    assert (await later.complete(key)).json()["details"]["reason"] == "KEY_REVOKED"
    [(stored,)] = await later.sql(
        "SELECT count(*) FROM aerostack_gateway_keys WHERE prefix = %s", key
    )
    assert stored == 0


# Units used elsewhere.


async def test_billing_log_charges_the_consumer(talk: Talk) -> None:
    key = await talk.consumer(balance=100)
    body = {"consumerId": "ann", "apiId": "default", "units": 130, "metric": "pages"}
    assert await talk.ask("/gateway/billing/log", body) == {"success": True, "loggedUnits": 130}
    assert (await talk.wallet(key))["balance"] == -30
    assert (await talk.complete(key)).status_code == 429
    await assert_exact(talk)


async def test_billing_log_with_an_idempotency_key_charges_once(talk: Talk) -> None:
    key = await talk.consumer(balance=100)
    body = {"consumerId": "ann", "apiId": "default", "units": 7}
    headers = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(
        *(talk.post("/gateway/billing/log", body, headers=headers) for _ in range(5))
    )
    assert [answer.status_code for answer in answers] == [200] * 5
    assert (await talk.wallet(key))["balance"] == 93
    other = await talk.post("/gateway/billing/log", {**body, "units": 8}, headers=headers)
    assert other.status_code == 409


async def test_billing_log_without_a_key_charges_every_time(talk: Talk) -> None:
    key = await talk.consumer(balance=1_000)
    body = {"consumerId": "ann", "apiId": "default", "units": 7}
    await asyncio.gather(*(talk.ask("/gateway/billing/log", body) for _ in range(20)))
    assert (await talk.wallet(key))["balance"] == 860
    await assert_exact(talk)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("consumerId", {"consumerId": "nobody"}),
        ("apiId", {"apiId": "nothing"}),
        ("units", {"units": -1}),
        ("units", {"units": 1.5}),
        ("units", {"units": "7"}),
        ("consumerId", {"consumerId": None}),
        ("metric", {"metric": 5}),
        ("metric", {"metric": "a\0b"}),
        ("consumerId", {"consumerId": "\0"}),
    ],
)
async def test_odd_billing_log_is_400_with_its_field(
    talk: Talk, field: str, change: dict[str, Any]
) -> None:
    await talk.consumer()
    body = {"consumerId": "ann", "apiId": "default", "units": 7, **change}
    error = await talk.refused("/gateway/billing/log", body, 400, "VALIDATION_ERROR")
    assert field in error["details"]["fieldErrors"]


async def test_billing_log_wants_the_projects_key(talk: Talk) -> None:
    key = await talk.consumer()
    body = {"consumerId": "ann", "apiId": "default", "units": 7}
    answer = await talk.post("/gateway/billing/log", body, headers=bearer(key))
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_INVALID_KEY")
    weak = await talk.with_scopes("ai:chat")
    await weak.http.aclose()
    answer = await talk.post("/gateway/billing/log", body, headers=bearer(weak.key))
    assert answer.status_code == 403
