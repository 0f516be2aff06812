"""Embedded pages: who may show what where, and that everything else shows nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import pytest_asyncio
from psycopg.types.json import Jsonb

from quintet_server.services.amdahl.pages.embedding import tokens
from quintet_server.services.amdahl.pages.embedding.secrets import ensure_secret

from ..conftest import Api
from .conftest import Pages

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"Accept": "application/json"}
SECRET_WORD = "Figures of the quarter"


class Embeds:
    """The embeds of one page."""

    def __init__(self, api: Api, page: dict[str, Any]) -> None:
        self.api = api
        self.id = page["id"]

    async def mint(self, audience: str = "self", status: int = 200, **body: Any) -> Any:
        path = f"/pages/{self.id}/embed-token"
        return await self.api.ask("POST", path, {"audience": audience, **body}, status)

    async def load(self, url: str, accept: dict[str, str] = HTML) -> httpx.Response:
        """What a browser gets, which has no key."""
        transport = self.api.http._transport
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
            return await browser.get(url, headers=accept)

    async def shows(self, url: str) -> bool:
        """Whether there is something to see; if not, it must be nothing at all."""
        answer = await self.load(url)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/html")
        as_json = await self.load(url, JSON)
        if SECRET_WORD in answer.text:
            assert as_json.status_code == 200, as_json.text
            return True
        assert answer.text.endswith("<title></title><body></body></html>")
        assert as_json.status_code == 401
        assert as_json.json()["error"]["code"] == "unauthenticated"
        return False


@pytest_asyncio.fixture(loop_scope="session")
async def embeds(api: Api, pages: Pages) -> Embeds:
    spec = {"type": "Heading", "text": SECRET_WORD}
    return Embeds(api, await pages.create(spec=spec))


async def test_embed_url_shows_the_page_without_a_key(api: Api, embeds: Embeds) -> None:
    made = await embeds.mint("public", origins=["https://a.test", "http://localhost:3000"])

    prefix = f"http://test/embed-page/{api.project}/{embeds.id}?t="
    assert made["embed_url"] == prefix + made["token"]
    answer = await embeds.load(made["embed_url"])
    assert answer.status_code == 200
    assert SECRET_WORD in answer.text
    assert "<script" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith("frame-ancestors https://a.test http://localhost:3000")
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    rendered = (await embeds.load(made["embed_url"], JSON)).json()
    assert rendered["page_id"] == embeds.id
    assert rendered["resolved_spec"]["root"]["props"]["text"] == SECRET_WORD


@pytest.mark.parametrize(
    ("audience", "ancestors"), [("self", "'none'"), ("workspace", "'self'"), ("public", "*")]
)
async def test_embed_without_origins_is_framed_as_its_audience_suggests(
    embeds: Embeds, audience: str, ancestors: str
) -> None:
    answer = await embeds.load((await embeds.mint(audience))["embed_url"])
    assert answer.headers["content-security-policy"].endswith(f"frame-ancestors {ancestors}")


async def test_embed_with_another_token_or_place_shows_nothing(
    api: Api, pages: Pages, embeds: Embeds
) -> None:
    url = (await embeds.mint())["embed_url"]
    path, token = url.split("?t=")
    other = await pages.create("Other")
    stranger = await api.other_project()

    assert await embeds.shows(url)
    for wrong in (
        path,
        f"{path}?t=",
        f"{path}?t=%00.%00",
        f"{path}?t={token[:-2]}",
        f"{path}?t={token}AA",
        f"{path}?t={'A' + token[1:]}",
        url.replace(embeds.id, other["id"]),
        url.replace(embeds.id, "nothing"),
        url.replace(f"/{api.project}/", f"/{stranger.project}/"),
        url.replace(f"/{api.project}/", "/nobody%00/"),
    ):
        assert not await embeds.shows(wrong), wrong


async def test_embed_expires_at_its_second(api: Api, embeds: Embeds) -> None:
    made = await embeds.mint(ttl_seconds=60)
    claims = tokens.read_claims(made["token"])
    assert claims.exp - claims.iat == 60
    assert made["expires_at"].endswith(".000Z")

    async with api.runtime.db.connection() as conn:
        secret = await ensure_secret(conn, api.project_id)
    url = made["embed_url"].split("?t=")[0]
    for seconds, holds in ((-1, False), (60, True)):
        exp = int(api.runtime.clock.now()) + seconds
        again = tokens.Claims(
            *(claims.pid, claims.biz, claims.aud, claims.sub, claims.rules, claims.origins),
            *(claims.kid, claims.iat, exp),
        )
        assert await embeds.shows(f"{url}?t={tokens.sign(again, secret.secret)}") is holds


async def test_embed_ends_with_a_rotated_secret(api: Api, embeds: Embeds) -> None:
    old = (await embeds.mint())["embed_url"]
    editor = await api.with_role("editor")
    rotate = "/pages/embed-secret/rotate"
    await editor.refused("POST", rotate, None, 403, "role_too_low")

    answer = await api.ask("POST", rotate)

    new = await embeds.mint()
    assert tokens.read_claims(new["token"]).kid == answer["kid"]
    assert not await embeds.shows(old)
    assert await embeds.shows(new["embed_url"])


async def test_embed_of_an_archived_page_shows_nothing(pages: Pages, embeds: Embeds) -> None:
    url = (await embeds.mint())["embed_url"]
    await pages.archive(embeds.id)

    assert not await embeds.shows(url)
    await embeds.mint(status=409)
    await pages.patch(embeds.id, status="published")
    assert await embeds.shows(url)


async def test_embed_has_the_rights_of_its_maker_today(
    api: Api, pages: Pages, embeds: Embeds
) -> None:
    editor = await api.with_role("editor")
    url = (await Embeds(editor, {"id": embeds.id}).mint())["embed_url"]
    assert await embeds.shows(url)

    await pages.patch(embeds.id, page_grants=["admin"])
    assert not await embeds.shows(url)
    await pages.patch(embeds.id, page_grants=[])
    assert await embeds.shows(url)
    scopes = "UPDATE api_keys SET scopes = '{data:read}' WHERE project_id = %s AND scopes = %s"
    [[own]] = await api.sql(
        "SELECT scopes FROM api_keys WHERE id = %s", tokens.read_claims(url.split("?t=")[1]).sub
    )
    await api.sql(scopes, api.project_id, own)
    assert not await embeds.shows(url)


async def test_embed_for_others_needs_an_admin(api: Api, embeds: Embeds) -> None:
    editor = Embeds(await api.with_role("editor"), {"id": embeds.id})
    for audience in ("workspace", "public"):
        assert (await editor.mint(audience, 403))["error"]["code"] == "role_too_low"
    assert (await editor.mint("self"))["token"]


@pytest.mark.parametrize(
    "body",
    [
        {"audience": "world"},
        {"ttl_seconds": 59},
        {"ttl_seconds": 86_401},
        {"origins": ["https://a.test/path"]},
        {"origins": ["https://a.test; script-src *"]},
        {"origins": ["javascript:alert(1)"]},
        {"origins": ["https://a.test"] * 21},
        {"rules": {"unknown": 1}},
        {"audience": None},
    ],
)
async def test_embed_with_a_bad_wish_is_refused(embeds: Embeds, body: dict[str, Any]) -> None:
    error = (await embeds.mint(status=400, **{"audience": "public", **body}))["error"]
    assert error["code"] == "invalid_argument"


async def test_refused_rule_is_named_as_a_rule(embeds: Embeds) -> None:
    for rules, field in (({"unknown": 1}, "rules.unknown"), ({"word": 5}, "rules.word")):
        error = (await embeds.mint(status=400, rules=rules))["error"]
        assert error["details"]["field"] == field
        assert error["message"].startswith(f"{field}: ")


async def test_rules_fix_the_parameters_of_an_embed(api: Api, pages: Pages) -> None:
    query = {
        "name": "q",
        "sql": "SELECT @word AS word",
        "params": {"word": {"type": "string", "required": True}},
    }
    spec = {"type": "Stat", "value": {"$value": {"query": "q", "field": "word"}}}
    embeds = Embeds(api, await pages.create(spec=spec, declared_queries=[query]))
    await embeds.mint(status=400)  # the page cannot be rendered without the word

    url = (await embeds.mint(rules={"word": SECRET_WORD}))["embed_url"]

    assert await embeds.shows(url)
    assert await embeds.shows(f"{url}&word=other")
    # A page that asks for something else by now has nothing to show.
    await pages.patch(embeds.id, spec={"type": "Divider"}, declared_queries=[])
    assert not await embeds.shows(url)


async def test_loads_of_embeds_are_limited_by_workspace(embeds: Embeds) -> None:
    limit = Jsonb({"embeds_per_minute": 1})
    change = "UPDATE projects SET settings = %s WHERE id = %s"
    await embeds.api.sql(change, limit, embeds.api.project_id)
    url = (await embeds.mint())["embed_url"]

    assert (await embeds.load(url)).status_code == 200
    answer = await embeds.load(url)

    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "rate_limited"
    assert int(answer.headers["retry-after"]) >= 1
    assert not await embeds.shows(url[:-3])  # what shows nothing costs nothing
