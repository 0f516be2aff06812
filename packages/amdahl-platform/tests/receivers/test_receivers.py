"""The receivers among the examples, each through the test client of its framework."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from amdahl.webhooks import sign_webhook
from examples.amdahl import deliveries

SECRET = "whsec_0123456789abcdef"
Post = Callable[[bytes, dict[str, str]], tuple[int, Any]]


def flask_post(body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    pytest.importorskip("flask")
    from examples.amdahl.flask_receiver import app

    answer = app.test_client().post("/hooks/amdahl", data=body, headers=headers)
    return answer.status_code, answer.get_json()


def fastapi_post(body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    pytest.importorskip("fastapi")
    from starlette.testclient import TestClient

    from examples.amdahl.fastapi_receiver import app

    answer = TestClient(app).post("/hooks/amdahl", content=body, headers=headers)
    return answer.status_code, answer.json()


def django_post(body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    pytest.importorskip("django")
    from django.test import Client, override_settings

    from examples.amdahl import django_receiver

    # Django is configured once in a process, perhaps by another package's example.
    with override_settings(ROOT_URLCONF=django_receiver):
        answer = Client().post(
            "/hooks/amdahl", data=body, content_type="application/json", headers=headers
        )
    return answer.status_code, answer.json()


@pytest.fixture(params=[flask_post, fastapi_post, django_post], ids=["flask", "fastapi", "django"])
def post(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Post:
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    deliveries._seen.clear()
    while not deliveries.work.empty():
        deliveries.work.get()
    found: Post = request.param
    return found


def body_of(**fields: Any) -> bytes:
    return json.dumps({"id": "evt_1", "event": "session.completed", **fields}).encode()


def test_genuine_delivery_is_accepted_and_queued_once(post: Post) -> None:
    body = body_of(text="ü \u2028")
    headers = {**sign_webhook(body, SECRET), "X-Webhook-Delivery": "d1"}
    assert post(body, headers) == (202, {"received": True, "new": True})
    assert post(body, headers) == (202, {"received": True, "new": False})
    event = deliveries.work.get_nowait()
    assert (event.event, event.dedupe_key, event.delivery_id) == (
        "session.completed",
        "evt_1",
        "d1",
    )
    assert deliveries.work.empty()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        sign_webhook(body_of(), "whsec_of_someone_else"),
        sign_webhook(b"{}", SECRET),
        sign_webhook(body_of(), SECRET, timestamp=time.time() - 3600),
        {"X-Webhook-Signature": "junk"},
    ],
)
def test_anything_else_is_refused(post: Post, headers: dict[str, str]) -> None:
    assert post(body_of(), headers) == (401, {"error": "invalid_signature"})
    assert deliveries.work.empty()


def test_genuine_body_that_is_no_json_is_refused_too(post: Post) -> None:
    assert post(b"oops", sign_webhook(b"oops", SECRET))[0] == 401
