"""Finding things by id, slug or name."""

from __future__ import annotations

import pytest

from ghostflow.cli.naming import Names, find, find_id
from ghostflow.cli.wording import CommandError

from .rig import CAMPAIGN, CAMPAIGNS, OFFER, OTHER, Service, refused


@pytest.mark.parametrize("word", [CAMPAIGN, "summer", "Summer Promo", "SUMMER promo"])
def test_campaign_is_found_by_whatever_it_is_called(service: Service, word: str) -> None:
    assert find(service.client(), "campaign", word)["id"] == CAMPAIGN


def test_archived_campaigns_are_looked_through_as_well(service: Service) -> None:
    find(service.client(), "campaign", "summer")
    assert service.queries("GET /campaigns") == [{"status": "all"}]


def test_id_is_taken_for_itself(service: Service) -> None:
    assert find_id(service.client(), "offer", OFFER) == OFFER
    assert service.asked == []


@pytest.mark.parametrize("word", ["spring", OTHER])
def test_what_nothing_is_called_is_said(service: Service, word: str) -> None:
    with pytest.raises(CommandError, match=rf"NOT_FOUND: no campaign '{word}'.*campaigns list"):
        find(service.client(), "campaign", word)


@pytest.mark.parametrize(
    ("noun", "where"),
    [
        ("source", "`ghostflow sources list`"),
        ("network", "`GhostFlowClient().networks.list()`"),
        ("domain", "`GhostFlowClient().domains.list()`"),
    ],
)
def test_where_to_look_instead_is_something_there_is(
    service: Service, noun: str, where: str
) -> None:
    service.answers[f"GET /{noun}s"] = []
    with pytest.raises(CommandError) as caught:
        find(service.client(), noun, "nope")
    assert where in str(caught.value)


def test_name_of_several_asks_for_an_id(service: Service) -> None:
    service.answers["GET /campaigns"] = [
        {"id": CAMPAIGN, "name": "Twin", "slug": "a"},
        {"id": OTHER, "name": "Twin", "slug": "Twin2"},
    ]
    client = service.client()
    with pytest.raises(CommandError, match="2 campaigns are called 'Twin'; use a slug: a, Twin2"):
        find(client, "campaign", "Twin")
    assert find(client, "campaign", "Twin2")["id"] == OTHER


def test_name_of_several_without_slugs_asks_for_an_id(service: Service) -> None:
    service.answers["GET /offers"] = [{"id": id, "name": "Twin"} for id in (OFFER, OTHER)]
    with pytest.raises(
        CommandError, match=f"2 offers are called 'Twin'; use an id: {OFFER}, {OTHER}"
    ):
        find(service.client(), "offer", "Twin")


def test_names_are_fetched_once_and_again_for_what_is_new(service: Service) -> None:
    names = Names(service.client())
    assert names.of("campaign", None) == "–"
    assert [names.of("campaign", id) for id in (CAMPAIGN, OTHER, CAMPAIGN)] == [
        "Summer Promo",
        "Winter",
        "Summer Promo",
    ]
    assert len(service.asked) == 1
    service.answers["GET /campaigns"] = [*CAMPAIGNS, {"id": "new", "name": "New"}]
    assert names.of("campaign", "new") == "New"
    assert [names.of("campaign", "gone") for _ in range(3)] == ["gone"] * 3
    assert len(service.asked) == 3


def test_names_that_may_not_be_read_stay_ids(service: Service) -> None:
    service.answers["GET /offers"] = refused(403, "AUTH_INSUFFICIENT_SCOPE")
    assert Names(service.client()).of("offer", OFFER) == OFFER
