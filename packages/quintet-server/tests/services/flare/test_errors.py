"""Whatever comes in, the answer is the envelope and never a 500 (contract §1, §12)."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from quintet_server.services.flare.routes import ROUTES
from quintet_server.store.keys import create_key

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
WRITES = [
    ("POST", "/jobs"),
    ("POST", "/jobs/export"),
    ("POST", "/workers/register"),
    ("POST", "/workers/poll"),
    ("POST", "/workers/heartbeat"),
    ("POST", "/workers/ack"),
    ("PUT", "/recurring/rjob_x"),
    ("POST", "/webhooks"),
    ("PUT", "/webhooks/wh_x"),
    ("POST", "/alerts"),
    ("PUT", "/alerts/alert_x"),
]


def check_envelope(answer: httpx.Response, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) - {"details"} == {"code", "message", "request_id"}
    assert error["code"] == code
    assert error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]
    return error


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"a":1,}',
        b"{'a': 1}",
        b'{"a":NaN}',
        b'{"a":1e400}',
        b'{"job_type":"\\ud800"}',
        b'{"job_type":"\xff"}',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b'{"a":' + b"[" * 2000,
        b"[]",
        b"null",
        b'"text"',
        b"3",
        b"true",
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_a_body_that_is_no_json_object_is_400(api, method, path, body):
    check_envelope(await api.call(method, path, content=body), 400, "invalid_request")


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_a_body_beyond_the_limit_is_413(api, method, path):
    huge = b'{"job_type":"' + b"x" * 1_400_000 + b'"}'
    check_envelope(await api.call(method, path, content=huge), 413, "payload_too_large")

    async def chunks():
        for _ in range(24):
            yield b" " * 65_536

    check_envelope(await api.call(method, path, content=chunks()), 413, "payload_too_large")


async def test_the_place_of_a_json_mistake_is_told(api):
    answer = await api.call("POST", "/jobs", content=b'{\n "job_type": oops}')
    assert "line 2" in answer.json()["error"]["message"]


async def test_the_content_type_of_a_body_does_not_matter(api):
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "\xff", ""):
        answer = await api.call(
            "POST",
            "/jobs",
            content=b'{"job_type":"t"}',
            headers={b"content-type": content_type.encode("latin-1")},
        )
        assert answer.status_code == 201


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nope",
        "Basic abc",
        "bearer zf_live_sk_00",
        "Bearer \xff",
        "Bearer \x00",
    ],
)
async def test_every_route_without_a_good_key_is_401(api, authorization):
    headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
    async with httpx.AsyncClient(transport=api.http._transport, base_url=api.http.base_url) as bare:
        for method, path, _ in ROUTES:
            answer = await bare.request(method, path.replace("{id}", "x"), headers=headers)
            check_envelope(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_revoked_expired_and_foreign_keys_are_401(api):
    async with api.runtime.db.transaction() as conn:
        gone = timedelta(days=-1)
        expired, _ = await create_key(conn, "flare", project="default", lifetime=gone)
        revoked, row = await create_key(conn, "flare", project="default")
        foreign, _ = await create_key(conn, "flowmaestro", project="default")
        await conn.execute("UPDATE api_keys SET revoked_at = now() WHERE id = %s", (row.id,))
    for key in (expired, revoked, foreign):
        answer = await api.get("/jobs", headers={"Authorization": f"Bearer {key}"})
        check_envelope(answer, 401, "unauthorized")
        assert key not in answer.text


async def test_a_key_of_any_shape_works_when_it_is_known(api):
    async with api.runtime.db.transaction() as conn:
        secret = "zf_test_sk_local_development_key"
        await create_key(conn, "flare", project="shapes", secret=secret)
    answer = await api.get("/jobs", headers={"Authorization": f"bearer {secret}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["", "/", "/nothing", "/jobs/", "/jobs/x/y", "/jobs//cancel", "/jobs/a%2Fb"],
)
async def test_an_unknown_path_is_404(api, path):
    check_envelope(await api.get(path), 404, "not_found")


async def test_the_bare_mount_is_an_unknown_path(api):
    check_envelope(await api.get(f"http://test{api.mount}"), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/jobs"),
        ("PATCH", "/jobs/x"),
        ("GET", "/workers/poll"),
        ("PUT", "/jobs/x/cancel"),
        ("POST", "/metrics/summary"),
        ("FROBNICATE", "/jobs"),
        ("OPTIONS", "/jobs"),
    ],
)
async def test_a_wrong_method_is_405(api, method, path):
    answer = await api.call(method, path)
    check_envelope(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


async def test_a_request_id_is_echoed_or_minted(api):
    for good in ("abc-123", "~" * 128):
        answer = await api.get("/jobs", headers={"X-Request-Id": good})
        assert answer.headers["x-request-id"] == good
    for bad in ("", "a b", "x" * 129, "ü"):
        answer = await api.get("/jobs", headers={b"x-request-id": bad.encode("latin-1")})
        assert ULID.fullmatch(answer.headers["x-request-id"])
    answer = await api.get("/jobs/nope", headers={"X-Request-Id": "mine"})
    assert answer.json()["error"]["request_id"] == "mine"


async def test_junk_headers_disturb_nobody(api):
    headers = {
        "Last-Event-ID": "\x7f",
        "Idempotency-Key-": "x",
        "Accept": "application/xml",
        "Accept-Encoding": "zstd;q=9",
        "X-Forwarded-For": "';--",
        "traceparent": "00-nonsense",
        "Cookie": "a=b; =;",
        "Range": "bytes=0-1",
    }
    assert (await api.get("/jobs", headers=headers)).status_code == 200


@pytest.mark.parametrize("key", ["", "k" * 201, "ü", "tab\there"])
async def test_a_bad_idempotency_key_is_400_and_writes_nothing(api, key):
    headers = {b"idempotency-key": key.encode("latin-1")}
    answer = await api.post("/jobs", {"job_type": "t"}, headers=headers)
    check_envelope(answer, 400, "invalid_request")
    assert (await api.get("/jobs")).json()["jobs"] == []


async def test_the_audit_log_is_not_for_api_keys(api):
    answer = await api.get(f"/projects/{api.project_id}/audit-log/export")
    check_envelope(answer, 401, "unauthorized")


async def test_a_database_that_is_away_is_503_with_retry_after(started):
    async with started() as api:
        await api.get("/jobs")
        await api.runtime.db.close()
        for method, path, body in (
            ("GET", "/jobs", None),
            ("POST", "/jobs", {"job_type": "t"}),
            ("POST", "/workers/ack", {"job_id": "j", "worker_id": "w", "status": "failed"}),
        ):
            answer = await api.call(method, path, json=body)
            check_envelope(answer, 503, "service_unavailable")
            assert answer.headers["retry-after"] == "1"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = [
    "job_type",
    "payload",
    "queue",
    "run_at",
    "max_attempts",
    "timeout_seconds",
    "tags",
    "parent_job_id",
    "worker_id",
    "queues",
    "job_types",
    "capacity",
    "recurring_schedules",
    "job_id",
    "status",
    "progress",
    "duration_ms",
    "error",
    "attempt",
    "cron_expression",
    "timezone",
    "enabled",
    "url",
    "events",
    "alert_type",
    "channel",
    "destination",
    "format",
    "from",
    "until",
    "state",
]
sensible = st.sampled_from(
    [
        "t",
        "default",
        "w1",
        "succeeded",
        "* * * * *",
        "UTC",
        "2030-01-01T00:00:00Z",
        1,
        True,
        ["t"],
        {},
    ]
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(
    route=st.sampled_from(WRITES),
    body=st.dictionaries(st.sampled_from(FIELDS), json_values | sensible, max_size=8),
)
async def test_no_body_of_any_shape_makes_the_server_stumble(api, route, body):
    body["wait_seconds"] = 0
    answer = await api.call(route[0], route[1], json=body)
    assert answer.status_code < 500, (route, body, answer.text)
    if answer.status_code >= 400:
        assert set(answer.json()) == {"error"}


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(
    path=st.sampled_from(
        [
            "/jobs",
            "/recurring",
            "/webhooks",
            "/activity",
            "/alerts",
            "/metrics/summary",
            "/metrics/throughput",
            "/metrics/queues",
            "/metrics/job-types",
        ]
    ),
    query=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "limit",
                    "cursor",
                    "state",
                    "queue",
                    "job_type",
                    "tag",
                    "created_after",
                    "created_before",
                    "period",
                    "granularity",
                ]
            ),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
            | st.sampled_from(["1", "a:b", "24h", "hour", "pending", "2030-01-01T00:00:00Z"]),
        ),
        max_size=5,
    ),
)
async def test_no_query_of_any_shape_makes_the_server_stumble(api, path, query):
    answer = await api.get(path, params=query)
    assert answer.status_code in {200, 400}, (path, query, answer.text)


def test_every_write_of_the_route_table_is_tried_above():
    fixed = {path.replace("rjob_x", "{id}").replace("wh_x", "{id}") for _, path in WRITES}
    fixed = {path.replace("alert_x", "{id}") for path in fixed}
    bodyless = ("/cancel", "/retry", "/trigger", "/rotate-secret", "/test")
    writes = {
        path
        for method, path, _ in ROUTES
        if method in {"POST", "PUT"} and not path.endswith(bodyless)
    }
    assert fixed == writes
