"""`GET /conversions`."""

from __future__ import annotations

from ..objects import Objects


async def test_list_pages_through_everything_newest_first(objects: Objects) -> None:
    click = await objects.click()
    made = [(await objects.report(click, txId=str(n)))["id"] for n in range(5)]
    seen: list[str] = []
    params = {"limit": "2"}
    while True:
        answer = await objects.api.get("/conversions", params=params)
        assert answer.headers["x-total-count"] == "5"
        seen += [one["id"] for one in answer.json()]
        if "x-next-cursor" not in answer.headers:
            break
        params["cursor"] = answer.headers["x-next-cursor"]
    assert seen == made[::-1]


async def test_list_with_filters_shows_what_matches(objects: Objects) -> None:
    click = await objects.click()
    one = await objects.report(click, txId="1", status="pending")
    two = await objects.report(await objects.click(offer_id=None), txId="2", event="lead")

    async def found(**filters: object) -> list[str]:
        return [each["txId"] for each in await objects.conversions(sort="at", **filters)]

    assert await found() == ["1", "2"]
    assert await found(status="pending,rejected") == ["1"]
    assert await found(clickId=click) == ["1"]
    assert await found(txId="2") == ["2"]
    assert await found(event="!lead") == ["1"]
    assert await found(offerId="unknown") == ["2"]
    assert await found(campaignId=str(objects.campaign_id)) == ["1", "2"]
    assert await found(**{"from": two["receivedAt"]}) == ["2"]
    assert await found(to=one["receivedAt"]) == []


async def test_list_of_days_has_the_whole_days_of_the_zone(objects: Objects) -> None:
    # Midnight of 26 October 2025 in Berlin, which had 25 hours, and the last minute of it.
    times = ["2025-10-25T21:59:59Z", "2025-10-25T22:00:00Z", "2025-10-26T22:59:59Z"]
    click = await objects.click()
    for number, at in enumerate([*times, "2025-10-26T23:00:00Z"]):
        made = await objects.report(click, txId=str(number))
        statement = "UPDATE ghostflow_conversions SET received_at = %s WHERE id = %s"
        await objects.api.sql(statement, at, made["id"])

    async def found(**filters: str) -> list[str]:
        return [each["txId"] for each in await objects.conversions(sort="receivedAt", **filters)]

    day = {"from": "2025-10-26", "to": "2025-10-26"}
    assert await found(**day, timezone="Europe/Berlin") == ["1", "2"]
    assert await found(**day) == ["2", "3"]
    assert await found(**{"from": day["from"]}, timezone="Europe/Berlin") == ["1", "2", "3"]
    assert await found(to="2025-10-25", timezone="Europe/Berlin") == ["0"]
    [team] = await objects.api.ask("GET", "/teams")
    await objects.api.ask("PATCH", f"/teams/{team['id']}", {"timezone": "Europe/Berlin"})
    assert await found(**day) == ["1", "2"]


async def test_list_with_a_filter_that_is_none_names_it(objects: Objects) -> None:
    day, instant = "2025-10-26", "2025-10-27T00:00:00Z"
    for name, params in [
        ("status", {"status": "paid"}),
        ("clickId", {"clickId": "x"}),
        ("from", {"from": "x"}),
        ("from", {"from": "2025-02-29"}),
        ("from", {"from": day, "to": "2025-10-25"}),
        ("to", {"from": day, "to": instant}),
        ("timezone", {"from": day, "timezone": "Europe/Atlantis"}),
        ("sort", {"sort": "payout"}),
    ]:
        error = await objects.api.refused(
            "GET", "/conversions", None, 400, "VALIDATION_ERROR", params=params
        )
        assert error["details"][0]["field"] == name
