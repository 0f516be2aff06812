"""The client that the vendor's guide shows, on our server, and what it needs of every answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.ghostflow import GhostFlowServer

pytestmark = [pytest.mark.compat, pytest.mark.xdist_group("ghostflow")]

PROGRAM = Path(__file__).parent / "programs" / "ghostflow_guide.py"
LIMITS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


@pytest.fixture(scope="module")
def printed(python: Path, ghostflow_server: GhostFlowServer) -> list[str]:
    """What the program prints; it ends without an exception."""
    plain = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [str(python), str(PROGRAM)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={
            **plain,
            "GF_BASE_URL": ghostflow_server.api,
            "GF_API_KEY": ghostflow_server.team(),
            "GF_NARROW_KEY": ghostflow_server.team("read:stats"),
            "GF_STRICT_KEY": ghostflow_server.team(requests_per_minute=2),
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def seen(printed: list[str]) -> Any:
    """What it saw besides."""
    return json.loads(printed[-1])


def test_usage_prints_what_the_guide_says(printed: list[str]) -> None:
    found, created, missing, _ = printed
    assert re.fullmatch(r"Found 0 campaigns, \d+ requests left", found)
    assert re.fullmatch(r"Created campaign [0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}", created)
    assert missing == "Campaign does not exist"


def test_put_and_delete_are_answered_with_json(printed: list[str], seen: Any) -> None:
    id = printed[1].rpartition(" ")[2]
    assert (seen["put"]["id"], seen["put"]["name"]) == (id, "Winter Promo")
    assert seen["put"]["url"] == "https://example.com/promo"
    assert (seen["revoked"]["name"], seen["revoked"]["status"]) == ("CI", "revoked")
    assert seen["deleted"] == {"id": id, "deleted": True}
    limit, reset, after = seen["limits"]
    assert limit == after == 100_000
    assert abs(reset - time.time()) < 120


def test_errors_reach_the_client_with_their_codes(seen: Any) -> None:
    assert seen["left"] == [1, 0]
    assert seen["refusals"] == {
        "deleted": [404, "NOT_FOUND", True],
        "unknown key": [401, "AUTH_INVALID_API_KEY", True],
        "no permission": [403, "AUTH_INSUFFICIENT_SCOPE", True],
        "too fast": [429, "RATE_LIMITED", True],
        "fields": [400, "VALIDATION_ERROR", True],
    }


def test_every_answer_is_what_the_client_can_read(seen: Any) -> None:
    codes = {}
    for name, answer in seen["answers"].items():
        headers, body = answer["headers"], answer["body"]
        status, _, _ = name.partition(" ")
        assert answer["status"] == int(status), name
        assert headers["content-type"].startswith("application/json"), name
        assert "location" not in headers, name
        assert all(re.fullmatch(r"\d+", headers[limit]) for limit in LIMITS), name
        if status != "200":
            assert body.keys() <= {"code", "message", "details", "requestId"}, name
            assert isinstance(body["message"], str), name
            assert body["requestId"] == headers["x-request-id"], name
            codes[name] = body["code"]
    assert codes == {
        "401 none": "AUTH_REQUIRED",
        "401 wrong": "AUTH_INVALID_API_KEY",
        "400 json": "VALIDATION_ERROR",
        "400 array": "VALIDATION_ERROR",
        "404 route": "NOT_FOUND",
        "404 slash": "NOT_FOUND",
        "404 root": "NOT_FOUND",
        "404 id": "NOT_FOUND",
        "405 method": "METHOD_NOT_ALLOWED",
        "413 size": "PAYLOAD_TOO_LARGE",
        "415 type": "UNSUPPORTED_MEDIA_TYPE",
        "429 limit": "RATE_LIMITED",
    }
    assert seen["answers"]["200 list"]["body"] == []


def test_headers_that_the_status_asks_for_are_there(seen: Any) -> None:
    answers = {name: answer["headers"] for name, answer in seen["answers"].items()}
    assert answers["401 none"]["www-authenticate"] == "Bearer"
    assert set(answers["405 method"]["allow"].split(", ")) >= {"GET", "POST"}
    assert 1 <= int(answers["429 limit"]["retry-after"]) <= 60
    assert answers["200 list"]["x-total-count"] == "0"
