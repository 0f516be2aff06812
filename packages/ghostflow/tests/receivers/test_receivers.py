"""The receivers among the examples, each through the test client of its framework."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen
from wsgiref.util import setup_testing_defaults

import pytest

from examples.ghostflow import deliveries, source_receiver
from ghostflow import PostbackTemplate, sign_webhook

ROOT = Path(__file__).resolve().parents[4]
SECRET = "whsec_0123456789abcdef"
TEMPLATE = "http://127.0.0.1/sale?id={external_id}&sum={payout}&order={tx_id}&token=s3"
Post = Callable[[bytes, dict[str, str]], tuple[int, Any]]


def flask_post(body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    pytest.importorskip("flask")
    from examples.ghostflow.flask_receiver import app

    answer = app.test_client().post("/hooks/ghostflow", data=body, headers=headers)
    return answer.status_code, answer.get_json()


def fastapi_post(body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    pytest.importorskip("fastapi")
    from starlette.testclient import TestClient

    from examples.ghostflow.fastapi_receiver import app

    answer = TestClient(app).post("/hooks/ghostflow", content=body, headers=headers)
    return answer.status_code, answer.json()


def django_post(body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    pytest.importorskip("django")
    from django.test import Client, override_settings

    from examples.ghostflow import django_receiver

    # Django is configured once in a process, perhaps by another package's example.
    with override_settings(ROOT_URLCONF=django_receiver):
        answer = Client().post(
            "/hooks/ghostflow", data=body, content_type="application/json", headers=headers
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
    return json.dumps({"id": "1", "type": "conversion.created", "data": fields}).encode()


def test_genuine_delivery_is_accepted_and_queued_once(post: Post) -> None:
    body = body_of(payout=12.5, tx="ü \u2028")
    headers = sign_webhook(body, SECRET)
    assert post(body, headers) == (202, {"received": True, "new": True})
    assert post(body, headers) == (202, {"received": True, "new": False})
    event = deliveries.work.get_nowait()
    assert (event.id, event.type) == ("1", "conversion.created")
    assert event.object["payout"] == Decimal("12.5")
    assert deliveries.work.empty()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        sign_webhook(body_of(), "whsec_of_someone_else"),
        sign_webhook(b"{}", SECRET),
        sign_webhook(body_of(), SECRET, timestamp=time.time() - 3600),
        {"X-GhostFlow-Signature": "junk"},
    ],
)
def test_anything_else_is_refused(post: Post, headers: dict[str, str]) -> None:
    assert post(body_of(), headers) == (401, {"error": "invalid_signature"})
    assert deliveries.work.empty()


def test_genuine_body_that_is_no_json_is_refused_too(post: Post) -> None:
    assert post(b"oops", sign_webhook(b"oops", SECRET))[0] == 401


def call_source(url: str) -> int:
    """Call the traffic source as the tracker would; return the status."""
    parts = urlsplit(url)
    environ: dict[str, Any] = {"PATH_INFO": parts.path, "QUERY_STRING": parts.query}
    setup_testing_defaults(environ)
    statuses = []
    source_receiver.application(environ, lambda status, _headers: statuses.append(status))
    return int(statuses[0].split()[0])


def test_source_says_where_it_listens_and_counts_there() -> None:
    command = [sys.executable, "-u", "-m", "examples.ghostflow.source_receiver", "--port", "0"]
    environment = {**os.environ, "POSTBACK_TEMPLATE": TEMPLATE}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            origin = process.stdout.readline().removeprefix("listening on ").strip()
            asked = PostbackTemplate(TEMPLATE).expand(external_id="c", payout="1", tx_id="T")
            with urlopen(asked.replace("http://127.0.0.1", origin), timeout=10) as answer:
                assert json.load(answer) == {"received": True}
        finally:
            process.terminate()


def test_source_without_a_template_says_what_is_missing() -> None:
    environment = {name: text for name, text in os.environ.items() if name != "POSTBACK_TEMPLATE"}
    command = [sys.executable, "-m", "examples.ghostflow.source_receiver"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert "POSTBACK_TEMPLATE" in done.stderr


@pytest.fixture
def sold(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], Decimal | None]:
    monkeypatch.setenv("POSTBACK_TEMPLATE", TEMPLATE)
    source_receiver.sold.clear()
    return source_receiver.sold


def test_source_counts_a_postback_that_comes_twice_once(
    sold: dict[tuple[str, str], Decimal | None],
) -> None:
    url = PostbackTemplate(TEMPLATE).expand(external_id="click & 1", payout="12.5", tx_id="T1")
    assert [call_source(url), call_source(url)] == [200, 200]
    assert sold == {("click & 1", "T1"): Decimal("12.5")}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/sale?id=1&sum=2&order=3&token=other",
        "http://127.0.0.1/sale?id=1&sum=2&order=3",
        "http://127.0.0.1/other?id=1&sum=2&order=3&token=s3",
        "http://127.0.0.1/sale?id=1&sum=much&order=3&token=s3",
    ],
)
def test_source_refuses_what_is_not_by_its_template(
    sold: dict[tuple[str, str], Decimal | None], url: str
) -> None:
    assert call_source(url) == 400
    assert sold == {}
