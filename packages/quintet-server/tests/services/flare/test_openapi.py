"""The OpenAPI document, and settings as the environment gives them."""

from __future__ import annotations

from quintet_server.services.flare.routes import ROUTES
from quintet_server.services.flare.settings import FlareSettings


async def test_the_document_is_public_and_has_every_route(api):
    answer = await api.get("/openapi.json", headers={"Authorization": ""})
    assert answer.status_code == 200
    document = answer.json()
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    assert described == {(method, path) for method, path, _ in ROUTES}
    schemas = document["components"]["schemas"]
    assert "max_attempts" in schemas["CreateJob"]["properties"]
    assert "from" in schemas["Export"]["properties"]
    create = document["paths"]["/jobs"]["post"]
    assert create["responses"]["201"]
    assert create["summary"]


async def test_every_reference_in_the_document_leads_somewhere(api):
    document = (await api.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]

    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas


async def test_the_answer_to_a_create_matches_its_description(api):
    document = (await api.get("/openapi.json")).json()
    assert set(await api.create()) == set(document["components"]["schemas"]["Job"]["properties"])


def test_every_setting_is_an_environment_variable(monkeypatch):
    monkeypatch.setenv("QUINTET_FLARE_JOBS_PER_DAY", "7")
    monkeypatch.setenv("QUINTET_FLARE_WEBHOOK_RETRY_DELAYS_SECONDS", "[0.1, 0.2]")
    monkeypatch.setenv("QUINTET_FLARE_CANCEL_PROCESSING", "0")
    settings = FlareSettings()
    assert settings.jobs_per_day == 7
    assert settings.webhook_retry_delays_seconds == (0.1, 0.2)
    assert settings.cancel_processing is False


def test_every_setting_says_what_it_is_for():
    for name, field in FlareSettings.model_fields.items():
        assert field.description, name
