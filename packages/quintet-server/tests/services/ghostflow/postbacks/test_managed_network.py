"""From the network a user makes to the conversion it reports, all over the API."""

from __future__ import annotations

from ..conftest import Api
from ..objects import Objects
from .conftest import Source


async def test_network_made_over_the_api_reports_at_its_url(api: Api, source: Source) -> None:
    network = await api.ask(
        "POST",
        "/networks",
        {
            "name": "Network",
            "currency": "EUR",
            "paramMap": {"clickId": "aff_sub", "status": "state"},
            "statusMap": {"Confirmed!": "approved"},
        },
        201,
    )
    offer = {"name": "Offer", "url": "https://offer.example/{click_id}", "payout": 4.5}
    offer = await api.ask("POST", "/offers", {**offer, "networkId": network["id"]}, 201)
    told = {"name": "Source", "postbackUrl": source.url("id={external_id}&sum={payout}{currency}")}
    made = await api.ask("POST", "/sources", told, 201)
    objects = await Objects.of(api)
    click = await objects.click(
        offer_id=offer["id"],
        network_id=network["id"],
        source_id=made["id"],
        external_id="their-id",
    )
    path = network["postbackUrl"].partition("://")[2].partition("/")[2].partition("?")[0]
    params = {"aff_sub": click, "state": "confirmed!", "payout": "2"}
    answer = await api.at_root("GET", f"/{path}", params=params)
    assert answer.json()["status"] == "created", answer.text
    [conversion] = await objects.conversions()
    assert (conversion["payout"], conversion["payoutCurrency"]) == (2, "EUR")
    assert (conversion["status"], conversion["revenue"]) == ("approved", None)
    await api.until(lambda: bool(source.lines))
    assert source.queries == [{"id": ["their-id"], "sum": ["2EUR"]}]
    rotated = await api.ask("POST", f"/networks/{network['id']}/rotate-key")
    assert (await api.at_root("GET", f"/{path}", params=params)).status_code == 404
    answer = await api.at_root("GET", f"/postback/{rotated['postbackKey']}", params=params)
    assert answer.json() == {"status": "duplicate"}


async def test_document_names_what_there_is_to_call(api: Api) -> None:
    document = await api.ask("GET", "/openapi.json")
    paths = {name: set(document["paths"][name]) for name in ("/conversions", "/postbacks")}
    assert paths == {"/conversions": {"get", "post"}, "/postbacks": {"get"}}
    assert set(document["paths"]["/conversions/{id}"]) == {"get", "patch", "put"}
