"""Plans: what a call's arguments become."""

from __future__ import annotations

from typing import Any

import pytest

from quintet import Operation, RetryClass, Service
from quintet.core.codings import accept_encoding
from quintet.core.headers import Headers
from quintet.core.plan import Planner, check_headers
from quintet.core.request import NO_BODY
from quintet.errors import ConfigurationError, MisuseError, QuintetError

from ..rig import GET, KEYED, POST, PUT, policy


def planner(service: Service | None = None, **headers: str) -> Planner:
    return Planner(
        service or Service(name="x", user_agent="x/1"),
        "https://api.example/v1",
        Headers(headers),
        lambda: (("Authorization", "Bearer k"),),
        lambda: "f" * 32,
    )


def make(operation: Operation = GET, service: Service | None = None, **parts: Any) -> Any:
    return planner(service).plan(
        operation,
        policy=policy(),
        timeout=None,
        deadline=None,
        **parts,
    )


def sent(plan: Any) -> dict[str, str]:
    return dict(plan.request.headers)


def test_plan_of_a_read_has_the_runtimes_headers_and_no_body() -> None:
    plan = make()
    assert plan.request.url == "https://api.example/v1/thing"
    assert plan.request.body is None
    assert plan.key is None
    assert sent(plan) == {
        "User-Agent": "x/1",
        "Accept": "application/json",
        "Accept-Encoding": accept_encoding(),
        "Authorization": "Bearer k",
    }


def test_path_and_query_are_encoded() -> None:
    operation = Operation("x", "GET", "/things/{id}/parts", RetryClass.SAFE)
    plan = make(operation, path={"id": "a/b ?"}, query={"q": "ü", "none": None, "on": True})
    assert plan.request.url == ("https://api.example/v1/things/a%2Fb%20%3F/parts?q=%C3%BC&on=true")


def test_query_of_nothing_leaves_no_question_mark() -> None:
    assert make(query={"a": None}).request.url.endswith("/thing")


def test_json_is_sent_with_its_type_and_null_is_a_body() -> None:
    plan = make(POST, json=None)
    assert plan.request.body == b"null"
    assert sent(plan)["Content-Type"] == "application/json"
    assert make(POST, json=NO_BODY).request.body is None


def test_body_keeps_the_type_it_is_given() -> None:
    plan = make(POST, body=b"a,b", content_type="text/csv")
    assert plan.request.body == b"a,b"
    assert sent(plan)["Content-Type"] == "text/csv"
    assert "Content-Type" not in sent(make(POST, body=b"a"))


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        (GET, None, None),
        (PUT, None, None),
        (POST, None, None),
        (KEYED, None, "f" * 32),
        (KEYED, "mine", "mine"),
        (POST, "mine", "mine"),
    ],
)
def test_key_is_made_where_the_operation_honours_one(
    operation: Operation, given: str | None, expected: str | None
) -> None:
    plan = make(operation, idempotency_key=given)
    assert plan.key == expected
    assert sent(plan).get("Idempotency-Key") == expected


def test_service_without_a_key_header_gets_no_key() -> None:
    plan = make(KEYED, Service(name="x", user_agent="x", idempotency_header=None))
    assert plan.key is None
    assert "Idempotency-Key" not in sent(plan)


def test_key_longer_than_the_service_takes_is_misuse() -> None:
    service = Service(name="x", user_agent="x", max_key_length=5)
    with pytest.raises(MisuseError):
        make(KEYED, service, idempotency_key="123456")


def test_request_id_is_sent_in_the_services_header() -> None:
    service = Service(name="x", user_agent="x", request_id_header="X-Trace")
    assert sent(make(GET, service, request_id="abc"))["X-Trace"] == "abc"


@pytest.mark.parametrize("wrong", ["", "a b", "ä", "x" * 129, "a\n", 3])
def test_request_id_that_no_log_could_hold_is_misuse(wrong: Any) -> None:
    with pytest.raises(MisuseError, match="request_id"):
        make(request_id=wrong)


def test_headers_of_a_call_replace_those_of_the_same_name() -> None:
    plan = planner(**{"X-Tier": "gold", "accept": "text/plain"}).plan(
        GET,
        policy=policy(),
        timeout=None,
        deadline=None,
        headers={"x-tier": "iron", "AUTHORIZATION": "other"},
    )
    pairs = [(name.lower(), value) for name, value in plan.request.headers]
    assert sorted(pairs) == [
        ("accept", "text/plain"),
        ("accept-encoding", accept_encoding()),
        ("authorization", "other"),
        ("user-agent", "x/1"),
        ("x-tier", "iron"),
    ]


@pytest.mark.parametrize(
    "headers", [{"a b": "c"}, {"": "c"}, {"X": "a\nb"}, {"X": "✓"}, {"Host": "h"}]
)
def test_header_that_cannot_be_sent_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        check_headers(headers)


def test_error_while_planning_goes_through_adopt() -> None:
    class OwnError(QuintetError):
        pass

    service = Service(name="x", user_agent="x", adopt=lambda error: OwnError(error.message))
    with pytest.raises(OwnError):
        make(GET, service, request_id="")


def test_credentials_are_asked_for_at_each_call() -> None:
    keys = iter(["one", "two"])
    made = Planner(
        Service(name="x", user_agent="x"),
        "https://api.example",
        Headers(),
        lambda: (("Authorization", next(keys)),),
        lambda: "id",
    )
    plans = [made.plan(GET, policy=policy(), timeout=None, deadline=None) for _ in range(2)]
    assert [sent(plan)["Authorization"] for plan in plans] == ["one", "two"]


@pytest.mark.parametrize(
    ("headers", "coding"),
    [
        ({"range": "bytes=5-"}, "identity"),
        ({"Range": "bytes=5-", "accept-encoding": "gzip"}, "gzip"),
        ({"X-Other": "1"}, accept_encoding()),
    ],
)
def test_part_of_a_body_is_asked_for_uncompressed(headers: dict[str, str], coding: str) -> None:
    plan = make(headers=headers)
    assert Headers(plan.request.headers).get_all("accept-encoding") == [coding]
