# Generated from tests/unit/_async/test_former_defects.py by tools/async_to_sync; edit the source and run scripts/fix.
"""What the published sample client does wrong, by number, and this one does not.

=====  =========================================================================================
row    proven by
=====  =========================================================================================
1      ``test_d01_…``: a dropped connection is retried, and becomes this package's error
2      ``test_d02_…``: waits are random and grow; the service's hint is their least
3      ``test_d03_…``: every form of ``Retry-After`` is read, rubbish is not
4      ``test_d04_…``: nobody sleeps a day
5      ``test_d05_…``: a POST carries one key, and is repeated only where that is safe
6      ``test_d06_…``: the statuses that are repeated
7      ``test_d07_…``: odd rate-limit headers lose no result
8      ``test_d08_…``: an empty success is ``None``, one that is no JSON an error with the answer
9, 10  ``test_d09_…``, ``test_d10_…``: error bodies of every shape keep the status, and their code
11     ``test_d11_…``: the error has all there is
12     ``test_d12_…``: impossible options are refused by the constructor (and test_construction)
13     ``test_d13_…``: ``patch`` and the team
14     ``test_d14_…``: every query parameter can be sent, in the form that servers read
15     ``test_d15_…``: ids are encoded, empty ones and dot segments refused (and test_paths)
16     ``test_d16_…``: a redirect is an error
17     ``test_d17_…``: a missing key is named
18     ``test_d18_…``: closing, sharing, and nothing that replaces the credentials (and
       tests/wire/test_connections)
19     ``test_d19_…``: a timeout for the attempt and one for the call
20     ``test_d20_…``: who is asking, content type with a body only, hooks and logs without the key
21     ``test_d21_…``: pacing
22     ``test_d22_…``: a deletion whose repeat finds nothing has succeeded
=====  =========================================================================================
"""

from __future__ import annotations

import logging
import sys
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from ghostflow import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    ConflictError,
    GhostFlowClient,
    GhostFlowError,
    InvalidResponseError,
    MisuseError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    ValidationError,
)
from quintet.errors import ConnectionFailure, TimeoutFailure
from quintet.testing import FakeClock, check_secret_hygiene

from .rig import BASE, ID, KEY, LIMITS, client, header, hosted, ok, refused, reply, sent


def DROP(request: Any) -> Exception:
    return ConnectionFailure("the peer is gone", progress=1)


def UNREACHABLE(request: Any) -> Exception:
    return ConnectionFailure("connection refused", progress=0)


def LATE(request: Any) -> Exception:
    return TimeoutFailure("late", progress=1)


def test_d01_dropped_connection_is_retried_and_becomes_our_error() -> None:
    gf, transport = client(DROP, ok([]))
    assert gf.get("/campaigns")[0] == []
    assert len(transport.requests) == 2
    gf, _ = client(*[DROP] * 3)
    with pytest.raises(APIConnectionError) as caught:
        gf.get("/campaigns")
    assert (caught.value.code, caught.value.status) == ("CONNECTION_ERROR", 0)
    assert caught.value.attempts == 3
    assert isinstance(caught.value, ConnectionError)
    gf, _ = client(*[LATE] * 3)
    with pytest.raises(APITimeoutError) as late:
        gf.get("/campaigns")
    assert (late.value.code, late.value.status) == ("TIMEOUT", 0)
    assert isinstance(late.value, TimeoutError)


def test_d02_waits_are_random_and_grow_and_a_hint_is_their_least() -> None:
    clock = FakeClock(randoms=[0.5])
    gf, _ = client(*[reply(503)] * 3, ok([]), clock=clock, max_retries=3)
    gf.get("/campaigns")
    assert clock.sleeps == [0.25, 0.5, 1.0]
    clock = FakeClock(randoms=[0.5])
    gf, _ = client(reply(503, headers={"Retry-After": "3"}), ok([]), clock=clock)
    gf.get("/campaigns")
    assert clock.sleeps == [3.0]


@pytest.mark.parametrize(
    ("hint", "least", "most"),
    [
        ("7", 7, 7),
        ("1.5", 1.5, 1.5),
        ("Tue, 14 Nov 2023 22:13:27 GMT", 7, 7),
        ("Tuesday, 14-Nov-23 22:13:27 GMT", 7, 7),
        ("Tue Nov 14 22:13:27 2023", 7, 7),
        ("-1", 0, 0.5),
        ("nan", 0, 0.5),
        ("soon", 0, 0.5),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0, 0.5),
    ],
)
def test_d03_every_form_of_retry_after_is_read(hint: str, least: float, most: float) -> None:
    clock = FakeClock(randoms=[0.5])
    date_ = {"Date": "Tue, 14 Nov 2023 22:13:20 GMT", "Retry-After": hint}
    gf, _ = client(reply(429, headers=date_), ok([]), clock=clock)
    gf.get("/campaigns")
    (wait,) = clock.sleeps
    assert least <= wait <= most


def test_d04_hint_beyond_a_minute_is_raised_at_once() -> None:
    clock = FakeClock()
    answer = refused(429, "RATE_LIMITED", headers={"Retry-After": "86400"})
    gf, transport = client(answer, clock=clock)
    with pytest.raises(RateLimitedError) as caught:
        gf.get("/campaigns")
    assert caught.value.retry_after == 86400.0
    assert clock.sleeps == []
    assert len(transport.requests) == 1


def test_d04_hint_beyond_the_deadline_is_raised_at_once() -> None:
    clock = FakeClock()
    answer = refused(429, "RATE_LIMITED", headers={"Retry-After": "20"})
    gf, _ = client(answer, clock=clock, deadline=10.0)
    with pytest.raises(RateLimitedError):
        gf.get("/campaigns")
    assert clock.sleeps == []


CAMPAIGN = {"name": "Summer", "url": "https://example.com/promo"}


RESTING = reply(503, headers={"Retry-After": "1"})


@pytest.mark.parametrize("step", [RESTING, reply(500), reply(504), DROP, reply(408)])
def test_d05_post_to_the_hosted_service_is_not_repeated_if_it_may_have_worked(
    step: Any,
) -> None:
    gf, transport = hosted(step)
    with pytest.raises(GhostFlowError) as caught:
        gf.post("/campaigns", json=CAMPAIGN)
    assert len(transport.requests) == 1
    assert header(transport, "Idempotency-Key")
    # A 503 is mostly the service's own word for "I did nothing".
    assert caught.value.outcome_unknown is (caught.value.status != 503)


@pytest.mark.parametrize("step", [reply(429), UNREACHABLE])
def test_d05_post_to_the_hosted_service_is_repeated_if_nothing_can_have_happened(
    step: Any,
) -> None:
    gf, transport = hosted(step, ok({"id": ID}, 201))
    assert gf.post("/campaigns", json=CAMPAIGN)[0] == {"id": ID}
    keys = [header(transport, "Idempotency-Key", index) for index in (0, 1)]
    assert keys[0]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("options", [{}, {"idempotent_posts": True}])
@pytest.mark.parametrize("step", [reply(503), reply(500), DROP, reply(429), UNREACHABLE])
def test_d05_post_is_repeated_with_its_key_where_keys_are_known(
    step: Any, options: dict[str, Any]
) -> None:
    make = hosted if options else client
    gf, transport = make(step, ok({"id": ID}, 201), ok({"id": ID}, 201), **options)
    gf.campaigns.create("Summer", "https://example.com/promo")
    gf.campaigns.create("Summer", "https://example.com/promo")
    first, again, other = (header(transport, "Idempotency-Key", index) for index in range(3))
    assert first == again
    assert other != first
    assert transport.bodies[0] == transport.bodies[1]


def test_d05_key_of_the_callers_own_is_kept_and_changes_nothing_else() -> None:
    gf, transport = hosted(reply(500))
    with pytest.raises(ServerError):
        gf.campaigns.create("S", "https://a.example", idempotency_key="mine-1")
    assert header(transport, "Idempotency-Key") == "mine-1"
    assert len(transport.requests) == 1


def test_d05_key_that_is_still_under_way_is_asked_for_again() -> None:
    clock = FakeClock(randoms=[0.5])
    busy = refused(409, "IDEMPOTENCY_IN_PROGRESS", headers={"Retry-After": "1"})
    gf, transport = client(busy, ok({"id": ID}, 201), clock=clock)
    gf.campaigns.create("S", "https://a.example")
    assert clock.sleeps == [1.0]
    gf, transport = client(refused(409, "CONFLICT"))
    with pytest.raises(ConflictError):
        gf.campaigns.create("S", "https://a.example")
    assert len(transport.requests) == 1


@pytest.mark.parametrize("step", [reply(503), reply(429), DROP, UNREACHABLE, reply(500)])
@pytest.mark.parametrize("by_path", [True, False])
def test_d05_regenerating_a_key_is_never_repeated(step: Any, by_path: bool) -> None:
    gf, transport = client(step, max_retries=5)
    with pytest.raises(GhostFlowError):
        if by_path:
            gf.post(f"/api/v1/auth/api-keys/{ID}/regenerate")
        else:
            gf.with_options(max_retries=4).api_keys.regenerate(ID)
    assert len(transport.requests) == 1


def test_d05_regenerating_below_a_shorter_base_url_is_never_repeated() -> None:
    gf, transport = client(reply(503), base_url="https://track.example/ghostflow")
    with pytest.raises(GhostFlowError):
        gf.post(f"/api/v1/auth/api-keys/{ID}/regenerate")
    assert len(transport.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524])
def test_d06_passing_status_is_retried(status: int) -> None:
    for call in ("get", "put", "patch", "delete"):
        gf, transport = client(reply(status), ok({}))
        getattr(gf, call)(f"/offers/{ID}")
        assert len(transport.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 422, 501, 505])
def test_d06_lasting_status_is_not(status: int) -> None:
    gf, transport = client(reply(status))
    with pytest.raises(GhostFlowError) as caught:
        gf.get("/offers")
    assert caught.value.status == status
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("value", "reset"),
    [
        ("12.5", 12),
        ("2023-11-14T22:14:20Z", 1_700_000_060),
        ("100, 100;w=60", 100),
        ("rubbish", None),
        ("-5", None),
        ("9" * 400, None),
    ],
)
def test_d07_odd_rate_limit_loses_no_result(value: str, reset: int | None) -> None:
    headers = {**LIMITS, "X-RateLimit-Limit": value, "X-RateLimit-Reset": value}
    gf, _ = client(reply(200, json={"id": ID}, headers=headers))
    body, limits = gf.post("/campaigns", json=CAMPAIGN)
    assert body == {"id": ID}
    assert limits.reset == reset
    assert limits.remaining == 119


def test_d07_missing_rate_limit_is_not_an_exhausted_one() -> None:
    gf, _ = client(reply(200, json=[]))
    _, limits = gf.get("/campaigns")
    assert (limits.limit, limits.remaining, limits.reset, limits.reset_at) == (None,) * 4


@pytest.mark.parametrize("status", [200, 202, 204])
def test_d08_empty_success_is_none(status: int) -> None:
    gf, _ = client(reply(status), reply(status), reply(status))
    assert gf.post("/campaigns", json=CAMPAIGN)[0] is None
    assert gf.delete(f"/campaigns/{ID}")[0] is None
    done = gf.campaigns.delete(ID)
    assert done == {"id": ID, "deleted": True, "already_deleted": False}


def test_d08_success_that_is_no_json_has_the_answer_and_is_not_repeated() -> None:
    page = b"<html>hello</html>"
    for call in ("raw", "typed", "shape"):
        answer = ok([1]) if call == "shape" else reply(200, body=page)
        gf, transport = client(answer)
        with pytest.raises(InvalidResponseError) as caught:
            if call == "raw":
                gf.post("/campaigns", json=CAMPAIGN)
            else:
                gf.campaigns.create("S", "https://a.example")
        assert len(transport.requests) == 1
        error = caught.value
        assert (error.status, error.method, error.attempts) == (200, "POST", 1)
        assert error.body == ([1] if call == "shape" else page.decode())


@pytest.mark.parametrize("body", [b"[1, 2]", b'{"code": ', b"\xff\xfe", b'"text"', b"7", b"null"])
def test_d09_odd_error_body_keeps_the_status(body: bytes) -> None:
    kind = {"Content-Type": "application/json"}
    gf, _ = client(reply(403, body=body, headers=kind))
    with pytest.raises(GhostFlowError) as caught:
        gf.get("/campaigns")
    assert caught.value.status == 403
    assert caught.value.code == "UNKNOWN"
    assert str(caught.value)


@pytest.mark.parametrize(
    ("kind", "body", "code", "message"),
    [
        ("application/problem+json", {"code": "NOT_FOUND", "message": "m"}, "NOT_FOUND", "m"),
        ("Application/JSON; Charset=UTF-8", {"code": "X", "message": "m"}, "X", "m"),
        ("application/json", {"error": {"code": "X", "message": "m"}}, "X", "m"),
        (
            "application/json",
            {"error": "Not Found", "message": "no route"},
            "Not Found",
            "no route",
        ),
        (
            "application/json",
            {"message": ["a is bad", "b is bad"]},
            "UNKNOWN",
            "a is bad; b is bad",
        ),
        ("application/problem+json", {"title": "t", "detail": "d"}, "UNKNOWN", "d"),
        ("application/json", {"statusCode": 404}, "UNKNOWN", "Not Found"),
        ("text/plain", None, "UNKNOWN", "Not Found"),
    ],
)
def test_d10_code_and_message_are_found(kind: str, body: Any, code: str, message: str) -> None:
    headers = {"Content-Type": kind}
    answer = reply(404, body=b"x") if body is None else reply(404, json=body, headers=headers)
    gf, _ = client(answer)
    with pytest.raises(NotFoundError) as caught:
        gf.get("/campaigns/x")
    # In words of ours, or in the shape of another service: then with what was asked.
    if message == "Not Found" or isinstance((body or {}).get("error"), dict):
        message += f" (GET {caught.value.url} answered 404); is base_url right?"
    assert (caught.value.code, str(caught.value)) == (code, message)


def test_redirect_is_refused_with_its_location_and_without_its_query() -> None:
    location = "https://us:hunter2@login.example/in?token=hunter2#hunter2"
    gf, _ = client(reply(302, headers={"Location": location}))
    with pytest.raises(APIStatusError) as caught:
        gf.get("/campaigns", q="hunter2")
    assert str(caught.value) == (
        "GET https://track.example/ghostflow/api/v1/campaigns answered 302; "
        "redirects are not followed; the location is https://login.example/in"
    )


def test_d10_status_without_a_name_shows_the_beginning_of_the_text() -> None:
    gf, _ = client(reply(599, body=b"<p>proxy says no</p>" + b"x" * 500), reply(599))
    with pytest.raises(ServerError) as caught:
        gf.get("/campaigns")
    assert str(caught.value).startswith("proxy says no")
    assert len(str(caught.value)) <= 300
    with pytest.raises(ServerError, match="599"):
        gf.get("/campaigns")


def test_d10_message_is_one_line_of_tolerable_length() -> None:
    long = {"code": "X", "message": ["a\nb\x1b[2J", "y" * 5000, 7]}
    gf, _ = client(reply(400, json=long))
    with pytest.raises(ValidationError) as caught:
        gf.get("/campaigns")
    assert str(caught.value).startswith("a b [2J; yyy")
    assert len(str(caught.value)) <= 1000


def test_d11_error_has_all_there_is() -> None:
    details = [{"field": "name", "reason": "is missing"}]
    headers = {"X-Request-Id": "req_1", "Retry-After": "2"}
    answer = refused(503, "SERVICE_UNAVAILABLE", "later", headers=headers, details=details)
    gf, _ = client(answer, answer, answer)
    with pytest.raises(ServerError) as caught:
        gf.get("/campaigns", limit=1)
    error = caught.value
    assert (error.code, error.message, error.status) == ("SERVICE_UNAVAILABLE", "later", 503)
    assert (error.request_id, error.details, error.retry_after) == ("req_1", details, 2.0)
    assert (error.method, error.attempts) == ("GET", 3)
    assert error.url.endswith("/campaigns?limit=1")
    assert error.headers["x-ratelimit-limit"] == "120"
    assert error.body["requestId"] == "req_body"
    assert error.rate_limit is not None
    assert error.rate_limit.remaining == 119


def test_d12_negative_retries_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_retries"):
        client(max_retries=-1)


def test_d13_patch_and_team() -> None:
    gf, transport = client(ok({"id": ID}), ok({"id": ID}), team_id=ID)
    body, _ = gf.patch(f"/offers/{ID}", json={"payout": 3})
    assert body == {"id": ID}
    assert sent(transport) == ("PATCH", f"/offers/{ID}", {"payout": 3})
    assert header(transport, "X-Team-Id") == ID
    gf.with_options(team_id="other").get(f"/offers/{ID}")
    assert header(transport, "X-Team-Id") == "other"


def test_d14_every_query_parameter_can_be_sent() -> None:
    gf, transport = client(*[ok([])] * 3)
    gf.get("/x", **{"from": "2025-01-01", "to": "2025-01-31"}, deep=True, none=None)
    assert sent(transport)[1] == "/x?from=2025-01-01&to=2025-01-31&deep=true"
    at = datetime(2025, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    params = {"path": "p", "day": date(2025, 1, 2), "at": at, "id": ["a", "b"]}
    gf.get("/x", params=params)
    assert sent(transport)[1] == ("/x?path=p&day=2025-01-02&at=2025-01-01T10%3A00%3A00Z&id=a&id=b")
    gf.request("GET", "/x?a=1&b=2", params={"b": 3})
    assert sent(transport)[1] == "/x?b=3&a=1"


def test_d14_naive_datetime_is_refused() -> None:
    gf, transport = client()
    with pytest.raises(MisuseError):
        gf.get("/x", at=datetime(2025, 1, 1))
    with pytest.raises(MisuseError):
        gf.reports.dashboard(datetime(2025, 1, 1), datetime(2025, 1, 2))
    assert transport.requests == []


def test_d15_ids_are_encoded() -> None:
    gf, transport = client(ok({"id": "x"}))
    gf.campaigns.get("a/../b?x=1#%")
    assert sent(transport)[1] == "/campaigns/a%2F..%2Fb%3Fx%3D1%23%25"


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_d15_empty_ids_and_dot_segments_are_refused(id: str) -> None:
    gf, transport = client()
    for call in (gf.campaigns.get, gf.offers.delete, gf.clicks.get, gf.api_keys.regenerate):
        with pytest.raises(MisuseError):
            call(id)
    with pytest.raises(MisuseError):
        gf.get(f"/campaigns/{id}")
    assert transport.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_d16_redirect_is_an_error(status: int) -> None:
    gf, transport = client(reply(status, headers={"Location": "/api/v1/campaigns/"}))
    with pytest.raises(GhostFlowError) as caught:
        gf.post("/campaigns", json=CAMPAIGN)
    assert caught.value.status == status
    assert len(transport.requests) == 1


def test_d17_missing_key_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"api_key .* GF_API_KEY"):
        GhostFlowClient()


def test_d18_client_is_closed_by_its_block() -> None:
    gf, transport = client(ok([]))
    with gf:
        gf.get("/campaigns")
    assert transport.closed
    with pytest.raises(MisuseError, match="closed"):
        gf.get("/campaigns")


def test_d18_credentials_are_the_clients_own() -> None:
    with pytest.raises(ConfigurationError):
        client(headers={"Authorization": "Basic x"})
    gf, transport = client(ok([]))
    gf.get("/campaigns")
    assert header(transport, "Authorization") == f"Bearer {KEY}"


def test_d19_attempts_and_calls_have_limits_of_their_own() -> None:
    clock = FakeClock(randoms=[0.5])

    def slow(request: Any) -> Exception:
        clock.advance(3.0)
        return TimeoutFailure("timed out", progress=1)

    gf, _ = client(*[slow] * 50, clock=clock, deadline=10.0, max_retries=40)
    with pytest.raises(APITimeoutError):
        gf.get("/campaigns")
    assert clock.monotonic() <= 12.0
    assert gf.timeout == 30.0
    assert gf.with_options(timeout=2.0).timeout == 2.0


def test_d20_headers_say_who_asks_and_what_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []
    gf, transport = client(ok([]), ok({}), refused(401, "AUTH_REQUIRED"), hooks=(seen.append,))
    with caplog.at_level(logging.DEBUG):
        gf.get("/campaigns")
        assert header(transport, "Content-Type") is None
        gf.post("/campaigns", json={})
        with pytest.raises(GhostFlowError) as caught:
            gf.get("/campaigns")
    assert header(transport, "Content-Type", 1) == "application/json"
    agent = header(transport, "User-Agent") or ""
    assert agent.startswith("ghostflow-python/0.1.0 python/3.")
    assert [record.status for record in seen] == [200, 200, 401]
    assert caplog.messages
    check_secret_hygiene(KEY, gf, caught.value, *seen, *caplog.messages)


def test_d21_pacing_waits_while_nothing_is_left() -> None:
    clock = FakeClock()
    used_up = {"X-RateLimit-Limit": "120", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}
    for pacing, sleeps in ((True, [9.0]), (False, [])):
        clock = FakeClock()
        gf, _ = client(ok([], **used_up), ok([]), clock=clock, pacing=pacing)
        gf.get("/campaigns")
        gf.get("/campaigns")
        assert clock.sleeps == sleeps


def test_d22_deletion_whose_repeat_finds_nothing_has_succeeded() -> None:
    gone = refused(404, "NOT_FOUND")
    gf, _ = client(DROP, gone, DROP, gone)
    done = gf.campaigns.delete(ID)
    assert done == {"id": ID, "deleted": True, "already_deleted": True}
    assert gf.delete(f"/campaigns/{ID}")[0] == {"deleted": True, "already_deleted": True}


def test_d22_deletion_of_nothing_is_an_error() -> None:
    gf, _ = client(refused(404, "NOT_FOUND"), refused(404, "NOT_FOUND"))
    with pytest.raises(NotFoundError) as caught:
        gf.campaigns.delete(ID)
    assert (caught.value.attempts, caught.value.method) == (1, "DELETE")
    with pytest.raises(NotFoundError):
        gf.delete(f"/campaigns/{ID}")


def test_d22_old_version_on_a_repeat_leaves_the_outcome_open() -> None:
    gf, transport = client(DROP, refused(412, "PRECONDITION_FAILED"))
    with pytest.raises(ConflictError) as caught:
        gf.offers.update(ID, if_match=3, payout=2)
    assert caught.value.outcome_unknown
    assert header(transport, "If-Match") == '"3"'
    gf, _ = client(refused(412, "PRECONDITION_FAILED"))
    with pytest.raises(ConflictError) as plain:
        gf.offers.update(ID, if_match=3, payout=2)
    assert not plain.value.outcome_unknown


def test_d22_secret_that_is_not_shown_again_leaves_the_outcome_open() -> None:
    gf, _ = client(DROP, refused(409, "CONFLICT", "its secret is not kept"))
    with pytest.raises(ConflictError) as caught:
        gf.api_keys.create("ci", ["read:stats"])
    assert caught.value.outcome_unknown


def test_validation_error_names_the_fields() -> None:
    details = [{"field": "url", "reason": "must be absolute"}]
    gf, _ = client(refused(400, "VALIDATION_ERROR", details=details))
    with pytest.raises(ValidationError) as caught:
        gf.campaigns.create("S", "x")
    assert caught.value.details == details


def test_404_of_the_hosted_service_has_no_doubt_about_its_url() -> None:
    gf, _ = hosted(reply(404, json={"statusCode": 404}))
    with pytest.raises(NotFoundError) as caught:
        gf.get("/campaigns/x")
    assert str(caught.value) == f"Not Found (GET {caught.value.url} answered 404)"


def test_page_of_an_unknown_status_is_not_in_the_message() -> None:
    gf, _ = client(reply(499, body=b"<html><body>the words of a proxy</body></html>"))
    with pytest.raises(APIStatusError) as caught:
        gf.get("/campaigns")
    assert str(caught.value) == f"GET {BASE}/campaigns answered 499"


def test_traceback_says_what_was_asked_and_the_id_of_the_request() -> None:
    gf, _ = client(refused(403, "AUTH_INSUFFICIENT_SCOPE", "scope is missing"))
    with pytest.raises(GhostFlowError) as caught:
        gf.get("/campaigns", search="x")
    assert str(caught.value) == "scope is missing"
    notes = getattr(caught.value, "__notes__", None)
    if sys.version_info >= (3, 11):
        assert notes == [f"GET {BASE}/campaigns (request id req_body)"]
