"""Templates: the same for everybody, and each of them a page that works."""

from __future__ import annotations

import pytest

from quintet_server.services.amdahl.pages.templates import SLUGS, templates

from ..conftest import Api
from .conftest import Pages


async def test_templates_are_listed_and_read(api: Api) -> None:
    found = await api.ask("GET", "/pages/templates")

    assert [each["slug"] for each in found["items"]] == list(SLUGS)
    assert found["next_cursor"] is None
    assert "spec" not in found["items"][0]
    one = await api.ask("GET", "/pages/templates/pipeline-health")
    assert one["spec"]["root"]["type"] == "Section"
    await api.refused("GET", "/pages/templates/unknown", None, 404, "not_found")


@pytest.mark.parametrize("slug", SLUGS)
async def test_template_becomes_a_page_that_renders(api: Api, pages: Pages, slug: str) -> None:
    found = templates()[slug].shape()
    content = {key: found[key] for key in ("name", "spec", "declared_queries")}

    verdict = await api.ask("POST", "/pages/validate", content)
    page = await pages.create(**content)

    assert verdict["errors"] == verdict["warnings"] == []
    assert page["spec"] == found["spec"]  # written in the canonical form
    rendered = await api.ask("POST", f"/pages/{page['id']}/render", {})
    by_sql = {query["name"] for query in found["declared_queries"] if query["source"] == "sql"}
    errors = {name: rendered["results"][name]["error"] for name in by_sql}
    assert errors == dict.fromkeys(by_sql)


async def test_templates_tell_the_truth_about_the_deals(api: Api, pages: Pages) -> None:
    deals = [("won", 100.0), ("lost", 20.0), ("lost", 30.0), ("open", 60_000.0), ("open", 7.0)]
    for number, (status, amount) in enumerate(deals):
        await api.sql(
            "INSERT INTO amdahl_deals (project_id, deal_id, deal_name, deal_amount, deal_stage,"
            " deal_stage_status) VALUES (%s, %s, %s, %s, %s, %s)",
            *(api.project_id, f"d{number}", f"Deal {number}", amount, f"{status} stage", status),
        )
    await api.sql(
        'INSERT INTO amdahl_interactions (project_id, id, "timestamp", deal_id)'
        " VALUES (%s, 'i1', quintet_now(), 'd4'), (%s, 'i2', quintet_now() - interval '9 days',"
        " 'd3')",
        *(api.project_id, api.project_id),
    )

    async def rows(slug: str, **params: object) -> dict[str, list[dict[str, object]]]:
        found = templates()[slug].shape()
        content = {key: found[key] for key in ("name", "spec", "declared_queries")}
        page = await pages.create(**content)
        path = f"/pages/{page['id']}/render"
        answer = await api.ask("POST", path, {"params": params})
        return {name: result["rows"] for name, result in answer["results"].items()}

    health = await rows("pipeline-health", quiet_days=7)
    [totals] = health["totals"]
    assert (totals["open_deals"], totals["open_amount"]) == (2, 60_007.0)
    assert float(str(totals["win_rate"])) == pytest.approx(1 / 3)
    assert [row["deal_name"] for row in health["quiet"]] == ["Deal 3"]
    [closed] = (await rows("win-rate-gauge"))["closed"]
    assert float(str(closed["win_rate"])) == pytest.approx(100 / 3)
    sizes = (await rows("deal-size-distribution"))["sizes"]
    assert [(row["size"], row["deals"]) for row in sizes] == [("below 10k", 4), ("50k to 100k", 1)]
    stages = (await rows("pipeline-funnel"))["stages"]
    assert [row["stage"] for row in stages] == ["lost stage", "open stage", "won stage"]
