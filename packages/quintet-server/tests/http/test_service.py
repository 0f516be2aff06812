"""A whole service on the wire: envelopes, ids, routes, documents."""

from __future__ import annotations

import httpx
import pytest


def test_handler_sees_principal_and_request_id(client: httpx.Client, project: str) -> None:
    answer = client.get("/who", headers={"X-Request-Id": "abc-1"})
    assert answer.status_code == 200
    assert answer.json() == {"project": project, "id": "abc-1"}
    assert answer.headers["x-request-id"] == "abc-1"


def test_request_id_is_minted_when_absent(client: httpx.Client) -> None:
    first, second = client.get("/who"), client.get("/who")
    assert len(first.headers["x-request-id"]) == 26
    assert first.json()["id"] == first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize("given", [b"x" * 129, b"a b", b"caf\xc3\xa9", b"", b"a\tb"])
def test_request_id_that_is_not_visible_ascii_is_replaced(
    client: httpx.Client, given: bytes
) -> None:
    answer = client.get("/who", headers=[(b"x-request-id", given)])
    assert len(answer.headers["x-request-id"]) == 26


def test_unknown_route_answers_404_in_the_envelope(client: httpx.Client) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json()["oops"] == "not_found"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_trailing_slash_is_another_path_and_never_a_redirect(client: httpx.Client) -> None:
    assert client.get("/who/").status_code == 404


@pytest.mark.parametrize(("path", "allowed"), [("/who", "GET, HEAD"), ("/items", "POST")])
def test_wrong_method_answers_405_with_what_is_allowed(
    client: httpx.Client, path: str, allowed: str
) -> None:
    answer = client.request("DELETE", path)
    assert answer.status_code == 405
    assert answer.json()["oops"] == "method_not_allowed"
    assert answer.headers["allow"] == allowed


def test_refusal_of_a_handler_is_rendered_with_details_and_headers(client: httpx.Client) -> None:
    answer = client.get("/refuse")
    assert answer.status_code == 418
    assert answer.headers["x-tea"] == "green"
    assert answer.json() == {
        "oops": "teapot",
        "message": "short and stout",
        "details": {"a": 1},
        "request_id": answer.headers["x-request-id"],
    }


def test_accident_answers_500_in_the_envelope_without_its_cause(client: httpx.Client) -> None:
    answer = client.get("/crash")
    assert answer.status_code == 500
    assert answer.json()["oops"] == "internal"
    assert "secret detail" not in answer.text


def test_typed_route_validates_and_names_the_field(client: httpx.Client) -> None:
    assert client.post("/items", json={"name": "a", "count": 1}).status_code == 201
    answer = client.post("/items", json={"name": "a", "count": 0})
    assert answer.status_code == 400
    assert answer.json()["oops"] == "bad_request"
    assert answer.json()["details"][0]["field"] == "count"


def test_typed_route_with_bad_path_parameter_answers_400(client: httpx.Client) -> None:
    answer = client.get("/number/seven")
    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "number"


def test_openapi_document_lists_typed_routes_and_needs_no_key(
    client: httpx.Client, probe: object
) -> None:
    answer = httpx.get(f"{client.base_url}openapi.json", trust_env=False, timeout=60)
    document = answer.json()
    assert document["info"]["title"] == "Probe"
    assert "/items" in document["paths"]
    assert document["servers"] == [{"url": "/probe"}]
    assert client.get("/docs").status_code == 200


def test_root_answers_health_readiness_and_404(probe: object, client: httpx.Client) -> None:
    root = str(client.base_url).replace("/probe/", "")
    assert httpx.get(f"{root}/healthz", trust_env=False, timeout=60).json()["status"] == "ok"
    assert httpx.get(f"{root}/readyz", trust_env=False, timeout=60).json()["status"] == "ready"
    assert httpx.get(f"{root}/other", trust_env=False, timeout=60).status_code == 404


def test_metrics_count_by_route_template(lone_client: httpx.Client) -> None:
    lone_client.get("/number/1")
    lone_client.get("/number/2")
    lone_client.get("/unknown/x")
    text = httpx.get(
        str(lone_client.base_url).replace("/probe/", "/metrics"), trust_env=False, timeout=60
    ).text
    assert (
        'quintet_http_requests_total{method="GET",route="/number/{number}",service="probe",'
        'status="200"} 2.0' in text
    )
    assert "/unknown/x" not in text
    assert "quintet_database_pool_size " in text
