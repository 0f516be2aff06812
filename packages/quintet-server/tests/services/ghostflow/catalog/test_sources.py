"""Sources, and the templates they can begin with."""

from __future__ import annotations

from typing import Any

import pytest

from quintet_server.services.ghostflow.catalog.templates import TEMPLATES
from quintet_server.services.ghostflow.clicks.macros import KNOWN, compile_template

from .resources import CAMPAIGNS, SOURCES, make, refused

pytestmark = pytest.mark.engines

FIELDS = {"externalId", "cost", "currency", *(f"sub{number}" for number in range(1, 11))}
_COMMON = ("id", "teamId", "version", "createdAt", "updatedAt")


async def test_source_with_a_name_has_every_default(api: Any) -> None:
    made = await api.ask("POST", "/sources", {"name": "Source"}, 201)
    assert {name: value for name, value in made.items() if name not in _COMMON} == {
        "name": "Source",
        "postbackUrl": None,
        "postbackOn": ["approved"],
        "params": {},
        "cost": {"model": "none"},
        "templateKey": None,
    }


async def test_source_keeps_every_field_it_is_given(api: Any) -> None:
    given = {
        "name": "All",
        "postbackUrl": "https://src.example/pb?c={external_id}&p={payout}",
        "postbackOn": ["reversed", "approved", "pending", "rejected"],
        "params": {field.upper(): field for field in FIELDS},
        "cost": {"model": "cpc", "amount": 0.05, "currency": "EUR"},
    }
    made = await api.ask("POST", "/sources", given, 201)
    assert {name: made[name] for name in given} == given
    changed = await api.ask(
        "PATCH", f"/sources/{made['id']}", {"postbackUrl": None, "postbackOn": [], "params": {}}
    )
    assert (changed["postbackUrl"], changed["postbackOn"], changed["params"]) == (None, [], {})


OUT_OF_BOUNDS: tuple[tuple[str, Any, str], ...] = (
    ("postbackUrl", "src.example/pb", "postbackUrl"),
    ("postbackUrl", "https://{external_id}/", "postbackUrl"),
    ("postbackOn", ["paid"], "postbackOn.0"),
    ("postbackOn", "approved", "postbackOn"),
    ("params", {"a": "sub11"}, "params.a"),
    ("params", {"a": "clickId"}, "params.a"),
    ("params", [], "params"),
    ("params", {f"p{number}": "sub1" for number in range(51)}, "params"),
    ("cost", {"model": "cpa"}, "cost.amount"),
    ("templateKey", "nobody", "templateKey"),
)


async def test_source_field_out_of_bounds_is_named(api: Any) -> None:
    for field, value, at_fault in OUT_OF_BOUNDS:
        fields = await refused(api, SOURCES, **{field: value})
        assert fields == [at_fault], value
    assert await api.ask("GET", "/sources") == []


async def test_parameter_name_must_be_one(api: Any) -> None:
    for name in ("", " ", "x" * 101, "a\nb", " a"):
        [at_fault] = await refused(api, SOURCES, params={name: "sub1"})
        assert at_fault.startswith("params.")


async def test_templates_are_a_list_at_a_path_of_their_own(api: Any) -> None:
    reader = await api.with_scopes("read:sources")
    listed = await reader.ask("GET", "/sources/templates")
    assert [one["key"] for one in listed] == [one.key for one in TEMPLATES]
    for one in listed:
        assert set(one) == {"key", "name", "params", "postbackUrl", "cost"}
    other = await api.with_scopes("read:offers")
    await other.refused("GET", "/sources/templates", None, 403, "AUTH_INSUFFICIENT_SCOPE")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
async def test_template_makes_a_source(api: Any, template: Any) -> None:
    assert set(template.params.values()) <= FIELDS
    assert len(set(template.params.values())) == len(template.params)
    if template.postback_url is not None:
        macros = compile_template(template.postback_url).macros
        assert macros <= KNOWN
        # The source is told its own click id, and every brace is a macro.
        assert "external_id" in macros
        assert template.postback_url.count("{") == len(macros)
    made = await make(api, SOURCES, templateKey=template.key)
    shown = template.shown()
    assert made["params"] == shown["params"]
    assert made["postbackUrl"] == shown["postbackUrl"]
    assert made["cost"]["model"] == shown["cost"]["model"]
    assert made["templateKey"] == template.key


async def test_template_leaves_alone_what_is_said(api: Any) -> None:
    made = await make(
        api,
        SOURCES,
        templateKey="mgid",
        params={"x": "sub1"},
        postbackUrl=None,
        cost={"model": "none"},
    )
    assert (made["params"], made["postbackUrl"], made["cost"]) == (
        {"x": "sub1"},
        None,
        {"model": "none"},
    )
    # A change of the key is a change of the key alone.
    changed = await api.ask("PATCH", f"/sources/{made['id']}", {"templateKey": "taboola"})
    assert (changed["params"], changed["postbackUrl"]) == ({"x": "sub1"}, None)


async def test_source_in_use_is_not_deleted(api: Any) -> None:
    source = await make(api, SOURCES)
    campaign = await make(api, CAMPAIGNS, sourceId=source["id"])
    error = await api.refused("DELETE", f"/sources/{source['id']}", None, 409, "CONFLICT")
    assert campaign["id"] in error["message"]
    await api.ask("PATCH", f"/campaigns/{campaign['id']}", {"status": "archived"})
    await api.ask("DELETE", f"/sources/{source['id']}")
