"""Tracking links, with parameters to tell placements apart."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, strategies as st

from ghostflow.cli import main
from ghostflow.cli.links import encoded, link_of
from ghostflow.cli.wording import CommandError

from .rig import CAMPAIGN, Service


def test_link_of_a_campaign_is_all_that_is_printed(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["links", "summer", "--sub1", "banner", "--sub10", "a b", "--external-id", "x&y"]
    assert main([*arguments, "--cost", "0.3", "--param", "utm_source=news=1"]) == 0
    assert capsys.readouterr().out == (
        "http://tracker.test/c/summer"
        "?sub1=banner&sub10=a%20b&external_id=x%26y&cost=0.3&utm_source=news%3D1\n"
    )


def test_without_a_name_every_active_campaign_has_its_link(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["links"]) == 0
    assert capsys.readouterr().out == "http://tracker.test/c/summer  Summer Promo\n"
    service.answers["GET /campaigns"] = []
    assert main(["links"]) == 0
    assert capsys.readouterr().out == "no active campaigns\n"


def test_link_of_a_paused_campaign_is_printed_with_a_warning(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["links", "winter"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "http://tracker.test/c/winter\n"
    assert "is paused" in shown.err


def test_links_as_json(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["links", CAMPAIGN, "--json", "--sub2", "é"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "id": CAMPAIGN,
        "name": "Summer Promo",
        "url": "http://tracker.test/c/summer?sub2=%C3%A9",
    }


@pytest.mark.parametrize(
    "placeholder", ["{keyword}", "${CLICK_ID}", "[ZONE]", "%%SITE%%", "__CID__", "{{ad.id}}"]
)
def test_placeholders_of_networks_stay_as_they_are(placeholder: str) -> None:
    assert encoded(placeholder) == placeholder
    assert encoded(f"a b{placeholder}&") == f"a%20b{placeholder}%26"


@given(st.text(st.characters(exclude_characters="{}[]%_$", exclude_categories=["Cs"])))
def test_value_without_placeholders_arrives_as_it_was(value: str) -> None:
    link = link_of({"trackingUrl": "http://t/c/x?k=1"}, [("sub1", value)])
    assert parse_qsl(urlsplit(link).query, keep_blank_values=True) == [("k", "1"), ("sub1", value)]


def test_service_that_names_no_link_is_told() -> None:
    with pytest.raises(CommandError, match="names no link"):
        link_of({"name": "A"}, [])
