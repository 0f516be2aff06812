"""Domains: one host once, one default per team."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from .resources import CAMPAIGNS, DOMAINS, make, new_host, refused

pytestmark = pytest.mark.engines


async def _defaults(api: Any) -> list[str]:
    return [one["id"] for one in await api.ask("GET", "/domains") if one["isDefault"]]


async def test_domain_with_a_host_has_every_default(api: Any) -> None:
    host = new_host()
    made = await api.ask("POST", "/domains", {"host": host}, 201)
    token = made["verification"]["token"]
    common = ("id", "teamId", "version", "createdAt", "updatedAt")
    assert {name: value for name, value in made.items() if name not in common} == {
        "name": host,
        "host": host,
        "status": "pending",
        "isDefault": True,
        "fallbackUrl": None,
        "verification": {"path": f"/.well-known/ghostflow/{token}", "token": token},
        "lastCheckedAt": None,
        "lastError": None,
    }
    assert len(token) == 32


OUT_OF_BOUNDS: tuple[tuple[str, Any], ...] = (
    ("host", "http://a.example"),
    ("host", "a.example:80"),
    ("host", ""),
    ("host", None),
    ("isDefault", "yes"),
    ("fallbackUrl", "a.example"),
    ("fallbackUrl", "https://a.example/{sub1}"),
    ("fallbackUrl", "javascript:alert(1)"),
)


async def test_domain_field_out_of_bounds_is_named(api: Any) -> None:
    for field, value in OUT_OF_BOUNDS:
        fields = await refused(api, DOMAINS, **{field: value})
        assert fields == [field], value
    assert await api.ask("GET", "/domains") == []


async def test_host_is_kept_in_one_spelling_and_once_on_the_server(api: Any) -> None:
    name = uuid.uuid4().hex
    made = await make(api, DOMAINS, host=f"{name}.BÜCHER.example.", name="Books")
    assert (made["host"], made["name"]) == (f"{name}.xn--bcher-kva.example", "Books")
    other = await api.other_project()
    body = {"host": f"{name}.bücher.example"}
    for client in (api, other):
        error = await client.refused("POST", "/domains", body, 409, "CONFLICT")
        assert error["details"] == [{"field": "host", "reason": "is taken"}]
    second = await make(other, DOMAINS)
    await other.refused("PATCH", f"/domains/{second['id']}", body, 409, "CONFLICT")
    await api.ask("DELETE", f"/domains/{made['id']}")
    taken = await other.ask("PATCH", f"/domains/{second['id']}", body)
    assert taken["host"] == made["host"]


async def test_of_two_domains_with_one_host_at_the_same_moment_one_is_made(api: Any) -> None:
    other, body = await api.other_project(), {"host": new_host()}
    answers = await asyncio.gather(*(client.post("/domains", body) for client in (api, other, api)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_domain_of_this_very_machine_is_active_at_once_and_told(api: Any) -> None:
    made = await make(api, DOMAINS, host=f"{uuid.uuid4().hex}.localhost")
    assert made["status"] == "active"
    events = await api.sql(
        "SELECT stream, type, data FROM events WHERE project_id = %s", api.project_id
    )
    assert events == [(made["id"], "domain.verified", made)]
    await api.ask("PATCH", f"/domains/{made['id']}", {"fallbackUrl": "https://a.example/"})
    [[count]] = await api.sql("SELECT count(*) FROM events WHERE project_id = %s", api.project_id)
    assert count == 1


async def test_domain_under_another_host_has_to_be_verified_again(api: Any) -> None:
    made = await make(api, DOMAINS, host=f"{uuid.uuid4().hex}.localhost", name="Mine")
    host = new_host()
    changed = await api.ask("PATCH", f"/domains/{made['id']}", {"host": host})
    assert (changed["status"], changed["name"]) == ("pending", "Mine")
    unnamed = await api.ask("PATCH", f"/domains/{made['id']}", {"name": host})
    follows = await api.ask("PATCH", f"/domains/{made['id']}", {"host": new_host()})
    assert unnamed["name"] == host
    assert follows["name"] == follows["host"]
    same = await api.ask("PATCH", f"/domains/{made['id']}", {"host": follows["host"].upper()})
    assert same == follows


async def test_one_domain_of_a_team_is_the_default_whatever_happens(api: Any) -> None:
    first, second = await make(api, DOMAINS, isDefault=False), await make(api, DOMAINS)
    third = await make(api, DOMAINS, isDefault=True)
    assert (first["isDefault"], second["isDefault"], third["isDefault"]) == (True, False, True)
    assert await _defaults(api) == [third["id"]]
    changed = await api.ask("PATCH", f"/domains/{second['id']}", {"isDefault": True})
    assert changed["isDefault"]
    assert await _defaults(api) == [second["id"]]
    item = f"/domains/{second['id']}"
    error = await api.refused("PATCH", item, {"isDefault": False}, 409, "CONFLICT")
    assert error["details"][0]["field"] == "isDefault"
    await api.ask("PATCH", f"/domains/{third['id']}", {"isDefault": False, "name": "n"})
    assert await _defaults(api) == [second["id"]]
    await api.ask("DELETE", item)
    assert await _defaults(api) == [first["id"]]
    # Whoever lost or got it has another version.
    assert (await api.ask("GET", f"/domains/{first['id']}"))["version"] == 3
    await api.ask("DELETE", f"/domains/{third['id']}")
    assert await _defaults(api) == [first["id"]]
    await api.ask("DELETE", f"/domains/{first['id']}")
    assert (await make(api, DOMAINS))["isDefault"]


async def test_active_domain_becomes_the_default_before_older_ones(api: Any) -> None:
    first, _ = await make(api, DOMAINS), await make(api, DOMAINS)
    active = await make(api, DOMAINS, host=f"{uuid.uuid4().hex}.localhost")
    await api.ask("DELETE", f"/domains/{first['id']}")
    assert await _defaults(api) == [active["id"]]


async def test_races_for_the_default_leave_exactly_one(api: Any) -> None:
    made = await asyncio.gather(*(api.post("/domains", DOMAINS.body()) for _ in range(4)))
    assert {answer.status_code for answer in made} == {201}
    ids = [answer.json()["id"] for answer in made]
    assert len(await _defaults(api)) == 1
    for _ in range(3):
        answers = await asyncio.gather(
            *(api.patch(f"/domains/{id}", {"isDefault": True}) for id in ids),
            api.post("/domains", DOMAINS.body(isDefault=True)),
        )
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert len(await _defaults(api)) == 1
    answers = await asyncio.gather(
        *(api.delete(f"/domains/{id}") for id in ids[:2]),
        *(api.patch(f"/domains/{id}", {"isDefault": True}) for id in ids[2:]),
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await _defaults(api)) == 1


async def test_domain_of_a_campaign_is_not_deleted(api: Any) -> None:
    domain = await make(api, DOMAINS)
    campaign = await make(api, CAMPAIGNS, domainId=domain["id"])
    error = await api.refused("DELETE", f"/domains/{domain['id']}", None, 409, "CONFLICT")
    assert campaign["id"] in error["message"]
    await api.ask("PATCH", f"/campaigns/{campaign['id']}", {"domainId": None})
    await api.ask("DELETE", f"/domains/{domain['id']}")


async def test_search_and_status_filter_domains_by_host_too(api: Any) -> None:
    host = new_host()
    await make(api, DOMAINS, host=host, name="Main")
    local = await make(api, DOMAINS, host=f"{uuid.uuid4().hex}.localhost", name="Local")
    for params, expected in (
        ({"search": host[:12].upper()}, ["Main"]),
        ({"search": "mai"}, ["Main"]),
        ({"status": "active"}, ["Local"]),
        ({"status": "failed"}, []),
        ({"status": "all", "sort": "name"}, ["Local", "Main"]),
        ({"sort": "-name", "limit": 1}, ["Main"]),
    ):
        page = await api.get("/domains", params=params)
        assert [one["name"] for one in page.json()] == expected
    assert local["status"] == "active"
