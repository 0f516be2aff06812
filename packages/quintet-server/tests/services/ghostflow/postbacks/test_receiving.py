"""`GET|POST /postback/{postbackKey}`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from quintet_server.engines.work.batching import Batcher
from quintet_server.http.access_log import AccessLog
from quintet_server.services.ghostflow.conversions.access import Shared
from quintet_server.store.ids import new_uuid7

from ..conftest import Started
from ..objects import Objects


async def test_postback_that_is_new_creates_a_conversion(objects: Objects) -> None:
    click = await objects.click()
    answer = await objects.postback(click_id=click, payout="12.50", status="Sale", tx_id="T1")
    assert answer.status_code == 200
    [conversion] = await objects.conversions()
    assert answer.json() == {"status": "created", "conversionId": conversion["id"]}
    assert (conversion["payout"], conversion["status"]) == (12.5, "approved")
    assert (conversion["originalStatus"], conversion["txId"]) == ("Sale", "T1")
    assert conversion["networkId"] == str(objects.network_id)
    assert answer.headers["cache-control"] == "no-store"
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


async def test_postback_again_and_again_is_answered_for_what_it_is(objects: Objects) -> None:
    params = {"click_id": await objects.click(), "status": "lead", "payout": "1"}
    assert (await objects.told(**params))["status"] == "created"
    assert await objects.told(**params) == {"status": "duplicate"}
    assert await objects.told(**{**params, "payout": "2"}) == {"status": "updated"}
    assert await objects.told(**{**params, "status": "sale"}) == {"status": "updated"}
    ignored = await objects.told(**params)
    assert ignored["status"] == "ignored"
    assert "approved" in ignored["reason"]
    [conversion] = await objects.conversions()
    assert (conversion["status"], conversion["payout"]) == ("approved", 1)
    log = await objects.log(direction="in", sort="at")
    outcomes = ["created", "duplicate", "updated", "updated", "ignored"]
    assert [row["outcome"] for row in log] == outcomes
    assert {row["conversionId"] for row in log} == {conversion["id"]}
    assert log[-1]["reason"] == ignored["reason"]


async def test_postback_with_an_unknown_word_is_pending_and_keeps_it(objects: Objects) -> None:
    await objects.told(click_id=await objects.click(), status="Shipped")
    [conversion] = await objects.conversions()
    assert (conversion["status"], conversion["originalStatus"]) == ("pending", "Shipped")


async def test_postback_under_the_networks_own_names_and_words(objects: Objects) -> None:
    names = {"clickId": "s1", "payout": "sum"}
    await objects.change("network", param_map=names, status_map={"ok": "pending"})
    await objects.told(s1=await objects.click(), sum="4", status="OK")
    [conversion] = await objects.conversions()
    assert (conversion["status"], conversion["payout"]) == ("pending", 4)


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"payout": 12.345678, "tx_id": 7, "status": 1, "event": None, "more": [1]}},
        {"data": {"payout": "12.345678", "tx_id": "7", "status": "1"}},
        {"files": {"payout": (None, "12.345678"), "tx_id": (None, "7"), "status": (None, "1")}},
    ],
    ids=["json", "form", "multipart"],
)
async def test_postback_with_a_body_is_read_like_a_query(
    objects: Objects, body: dict[str, Any]
) -> None:
    params = {"click_id": await objects.click()}
    path = f"/postback/{objects.key}"
    answer = await objects.api.at_root("POST", path, params=params, **body)
    assert answer.json()["status"] == "created", answer.text
    [conversion] = await objects.conversions()
    assert (conversion["payout"], conversion["txId"]) == (12.345678, "7")
    assert conversion["status"] == "approved"
    [row] = await objects.log()
    assert row["params"] == {**params, "payout": "12.345678", "tx_id": "7", "status": "1"}
    assert row["method"] == "POST"


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[1]", 400),
        ("text/plain", b"x=1", 415),
        ("application/json", b'"' + b"x" * 70_000 + b'"', 413),
        ("multipart/form-data; boundary=x", b"nothing of the kind", 400),
    ],
)
async def test_postback_with_a_body_that_is_none_is_refused_and_logged(
    objects: Objects, kind: str, content: bytes, status: int
) -> None:
    path = f"/postback/{objects.key}"
    headers = {"Content-Type": kind}
    answer = await objects.api.at_root("POST", path, content=content, headers=headers)
    assert answer.status_code == status
    assert {"code", "message"} <= answer.json().keys()
    [row] = await objects.log()
    assert (row["outcome"], row["httpStatus"]) == ("invalid", status)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"payout": "NaN"}, "payout"),
        ({"payout": "-1"}, "payout"),
        ({"payout": "1000000001"}, "payout"),
        ({"currency": "{currency}"}, "currency"),
        ({"click_id": ""}, "click_id"),
    ],
)
async def test_postback_that_says_nonsense_is_refused_and_logged(
    objects: Objects, params: dict[str, str], field: str
) -> None:
    answer = await objects.postback(**{"click_id": await objects.click(), **params})
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["field"] == field
    assert await objects.conversions() == []
    [row] = await objects.log(outcome="invalid")
    assert (row["httpStatus"], row["params"][field]) == (400, params[field])


async def test_postback_to_an_unknown_key_is_not_found(objects: Objects) -> None:
    for key in ("A" * 32, "short", "x" * 31 + "%00"):
        answer = await objects.api.at_root("GET", f"/postback/{key}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert answer.json()["message"] == "No network has this postback key."
    assert await objects.log() == []


async def test_postback_with_a_macro_for_a_click_is_refused_and_logged_for_what_it_is(
    objects: Objects,
) -> None:
    answer = await objects.postback(click_id="{click_id}", payout="5")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    [row] = await objects.log()
    assert (row["outcome"], row["clickId"]) == ("invalid", "{click_id}")
    assert row["reason"] == "click_id: is '{click_id}', a macro that the network has not replaced"


async def test_postback_to_a_deleted_network_is_not_found(objects: Objects) -> None:
    click = await objects.click()
    await objects.api.sql(
        "UPDATE ghostflow_networks SET deleted_at = quintet_now() WHERE id = %s",
        objects.network_id,
    )
    assert (await objects.postback(click_id=click)).status_code == 404


async def test_network_that_is_changed_over_the_api_holds_for_the_next_postback(
    objects: Objects,
) -> None:
    click = await objects.click()
    assert (await objects.told(click_id=click))["status"] == "created"
    path = f"/networks/{objects.network_id}"
    await objects.api.ask("PATCH", path, {"paramMap": {"clickId": "s1"}})
    assert (await objects.postback(click_id=click)).status_code == 400
    assert await objects.told(s1=click) == {"status": "duplicate"}
    rotated = await objects.api.ask("POST", f"{path}/rotate-key")
    assert (await objects.postback(s1=click)).status_code == 404
    objects.key = rotated["postbackKey"]
    assert await objects.told(s1=click) == {"status": "duplicate"}


async def test_network_that_is_changed_elsewhere_is_read_anew(objects: Objects) -> None:
    click = await objects.click()
    assert (await objects.told(click_id=click))["status"] == "created"
    await objects.change("network", param_map={"clickId": "s1"})
    async with asyncio.timeout(60):  # as long as the notification takes
        while (await objects.postback(click_id=click)).status_code != 400:
            pass
    assert await objects.told(s1=click) == {"status": "duplicate"}


async def test_reports_that_race_are_each_judged_by_what_the_one_before_has_made(
    objects: Objects,
) -> None:
    click = await objects.click()
    answers = await asyncio.gather(
        *(objects.told(click_id=click, payout=str(n % 5), status="lead") for n in range(20)),
        *(objects.told(click_id=click, status="sale") for _ in range(5)),
    )
    [conversion] = await objects.conversions()
    kinds = [one["status"] for one in answers]
    assert kinds.count("created") == 1
    assert kinds.count("updated") == conversion["version"] - 1
    assert kinds.count("duplicate") == conversion["duplicateCount"]
    assert conversion["status"] == "approved"
    events = await objects.events(conversion["id"])
    assert [data["version"] for _, data in events] == list(range(1, conversion["version"] + 1))
    log = await objects.log(limit=100)
    assert sorted(row["outcome"] for row in log) == sorted(kinds)


async def test_postback_takes_two_round_trips_whatever_comes_of_it(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    click = await objects.click()
    statements: list[str] = []
    submit = Batcher.submit

    async def counted(self: Batcher[Any, Any], item: Any) -> Any:
        if b"ghostflow_" in getattr(item, "text", b""):  # others have nothing to do with postbacks
            statements.append("statement")
        return await submit(self, item)

    await objects.told(click_id=await objects.click())
    monkeypatch.setattr(Batcher, "submit", counted)
    monkeypatch.setattr(Shared, "alone", None)  # nothing is done twice
    seen = []
    for params in ({"status": "lead"}, {"status": "lead"}, {"payout": "9"}, {"status": "lead"}):
        statements.clear()
        told = await objects.told(click_id=click, **params)
        seen.append((told["status"], len(statements)))
    assert seen == [("created", 2), ("duplicate", 2), ("updated", 2), ("ignored", 2)]


async def test_postback_by_a_method_that_only_looks_changes_nothing(objects: Objects) -> None:
    click = await objects.click()
    answer = await objects.postback("HEAD", click_id=click)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert (await objects.postback("DELETE", click_id=click)).status_code == 405
    assert await objects.conversions() == []


async def test_postback_key_stays_out_of_the_servers_log(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(AccessLog, "write", lambda _self, **line: lines.append(line))
    # Methods that nobody knows, a body that is too large, a path with more to it: refused early.
    for method in ("GET", "HEAD", "DELETE", "TRACE", "PROPFIND", "X-ODD"):
        assert (await objects.postback(method)).status_code >= 400
    path = f"/postback/{objects.key}"
    await objects.api.at_root("GET", f"{path}/more")
    too_large = {"Content-Length": "9999999999"}
    assert (await objects.api.at_root("POST", path, headers=too_large)).status_code == 413
    await objects.api.at_root("GET", f"/postback/{'B' * 32}")
    assert [line["path"] for line in lines] == ["/postback/…"] * 9


@pytest.mark.parametrize(
    ("allowed", "status"),
    [(["127.0.0.0/8"], 200), (["203.0.113.0/24", "2001:db8::/32"], 403)],
)
async def test_postback_from_an_address_is_taken_if_it_is_allowed(
    objects: Objects, allowed: list[str], status: int
) -> None:
    await objects.change("network", require_ip=allowed)
    headers = {"X-Forwarded-For": "203.0.113.9"}
    params = {"click_id": await objects.click()}
    path = f"/postback/{objects.key}"
    answer = await objects.api.at_root("GET", path, params=params, headers=headers)
    assert answer.status_code == status
    [row] = await objects.log()
    assert row["outcome"] == ("created" if status == 200 else "forbidden")


async def test_postback_of_another_networks_click_is_forbidden_and_logged(
    objects: Objects,
) -> None:
    other = new_uuid7()
    await objects.api.sql(
        "INSERT INTO ghostflow_networks (id, team_id, name, postback_key) "
        "VALUES (%s, %s, 'Other', %s)",
        *(other, objects.team_id, other.hex),
    )
    click = await objects.click()
    answer = await objects.api.at_root("GET", f"/postback/{other.hex}?click_id={click}")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    [row] = await objects.log(networkId=str(other))
    assert (row["outcome"], row["clickId"]) == ("forbidden", click)
    # An offer that has moved to another network may be reported by both.
    await objects.change("offer", network_id=other)
    answer = await objects.api.at_root("GET", f"/postback/{other.hex}?click_id={click}")
    assert answer.status_code == 200
    assert (await objects.told(click_id=click))["status"] == "duplicate"


async def test_postback_of_a_click_without_a_network_is_the_senders(objects: Objects) -> None:
    await objects.told(click_id=await objects.click(offer_id=None, network_id=None))
    [conversion] = await objects.conversions()
    assert conversion["networkId"] == str(objects.network_id)


async def test_postback_of_another_teams_click_is_not_found(objects: Objects) -> None:
    stranger = await Objects.of(await objects.api.other_project())
    answer = await objects.postback(click_id=await stranger.click())
    assert (answer.status_code, answer.json()["code"]) == (404, "CLICK_NOT_FOUND")


async def test_postback_of_a_bots_click_counts(objects: Objects) -> None:
    click = await objects.click(is_bot=True, bot_reason="ua_crawler", is_unique=False)
    assert (await objects.told(click_id=click))["status"] == "created"


async def test_postback_fifty_times_at_once_makes_one_conversion(objects: Objects) -> None:
    params = {"click_id": await objects.click(), "tx_id": "T", "payout": "5"}
    answers = await asyncio.gather(*(objects.told(**params) for _ in range(50)))
    assert sorted(one["status"] for one in answers) == ["created"] + ["duplicate"] * 49
    [conversion] = await objects.conversions()
    assert (conversion["duplicateCount"], conversion["payout"]) == (49, 5)
    assert len(await objects.log(outcome="duplicate")) == 49


async def test_log_holds_no_secrets_and_is_the_teams_own(objects: Objects) -> None:
    params = {"click_id": await objects.click(), "token": "s3cret", "echo": objects.key}
    await objects.told(**params)
    [row] = await objects.log()
    assert row["params"] == {**params, "token": "[removed]", "echo": "[removed]"}
    statement = "SELECT p::text FROM ghostflow_postbacks p WHERE team_id = %s"
    [[stored]] = await objects.api.sql(statement, objects.team_id)
    assert "s3cret" not in stored
    assert objects.key not in stored
    other = await objects.api.other_project()
    assert await other.ask("GET", "/postbacks") == []
    writer = await objects.api.with_scopes("write:campaigns")
    await writer.refused("GET", "/postbacks", None, 403, "AUTH_INSUFFICIENT_SCOPE")


async def test_log_pages_and_filters(objects: Objects) -> None:
    clicks = [await objects.click() for _ in range(3)]
    for number, click in enumerate(clicks):
        await objects.told(click_id=click, tx_id=str(number), status="lead")
    answer = await objects.api.get("/postbacks", params={"limit": 2})
    cursor = answer.headers["x-next-cursor"]
    rest = await objects.log(limit=2, cursor=cursor)
    shown = [row["clickId"] for row in [*answer.json(), *rest]]
    assert shown == clicks[::-1]
    assert [row["txId"] for row in await objects.log(clickId=clicks[1])] == ["1"]
    assert [row["txId"] for row in await objects.log(txId="2", status="pending")] == ["2"]
    assert await objects.log(direction="out") == []
    assert len(await objects.log(campaignId=str(objects.campaign_id))) == 3
    params = {"direction": "sideways"}
    await objects.api.refused("GET", "/postbacks", None, 400, "VALIDATION_ERROR", params=params)


async def test_log_of_days_has_the_whole_days_of_the_zone(objects: Objects) -> None:
    for at in ("2025-10-25T21:59:59Z", "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z"):
        await objects.told(click_id=await objects.click())
        await objects.api.sql(
            "UPDATE ghostflow_postbacks SET at = %s WHERE team_id = %s AND at > '2026-01-01'",
            *(at, objects.team_id),
        )
    day = {"from": "2025-10-26", "to": "2025-10-26"}
    found = await objects.log(**day, timezone="Europe/Berlin")
    assert [row["at"] for row in found] == ["2025-10-25T22:00:00.000Z"]
    found = await objects.log(**day)
    assert [row["at"] for row in found] == ["2025-10-26T23:00:00.000Z"]
    assert len(await objects.log(to="2025-10-26T23:00:00Z")) == 2
    params = {"from": "2025-10-27", "to": "2025-10-26"}
    await objects.api.refused("GET", "/postbacks", None, 400, "VALIDATION_ERROR", params=params)


async def test_postbacks_beyond_the_limit_are_refused_until_time_passes(
    started: Started,
) -> None:
    async with started(postbacks_per_minute=2) as api:
        objects = await Objects.of(api)
        click = await objects.click()
        assert [(await objects.postback(click_id=click)).status_code for _ in range(2)] == [200] * 2
        refused = await objects.postback(click_id=click)
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        await api.advance(minutes=1)
        assert (await objects.postback(click_id=click)).status_code == 200
