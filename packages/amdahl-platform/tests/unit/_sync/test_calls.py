# Generated from tests/unit/_async/test_calls.py by tools/async_to_sync; edit the source and run scripts/fix.
"""Calls beyond what the tables of `test_resources` show: keys, answers, refusals, views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from amdahl import (
    ClientClosedError,
    ConfigurationError,
    DecodeError,
    MisuseError,
    QueryResult,
    SignatureError,
    TruncatedResultWarning,
    sign_webhook,
)
from amdahl.results import QueryResult as SameResult
from quintet.errors import ConnectionFailure

from .rig import client, header, ok, page_of, reply, sent

DROP = ConnectionFailure("the peer is gone", progress=1)
SPEC = {"version": 1, "root": {"type": "Divider"}}
Perform = Callable[[Any], Any]


def perform(call: Perform, am: Any) -> Any:
    return call(am)


def test_key_of_ones_own_is_sent_as_it_is() -> None:
    am, transport = client(*[ok({"id": "1"})] * 2, ok({}))
    am.pages.create("x", SPEC, idempotency_key="mine")
    am.agents.start("p", "t", idempotency_key="mine-too")
    am.post("/enrich", {}, idempotency_key="even-here")
    keys = [header(transport, "Idempotency-Key", n) for n in range(3)]
    assert keys == ["mine", "mine-too", "even-here"]
    with pytest.raises(MisuseError):
        am.pages.create("x", SPEC, idempotency_key="not one")


def test_call_written_out_is_repeated_like_the_method_for_it() -> None:
    for call, keyed in (
        (lambda am: am.post("/agents/run", {"profile_id": "p"}), True),
        (lambda am: am.patch("/pages/1", {"name": "x"}), True),
        (lambda am: am.delete("/webhooks/whk_1"), True),
        (lambda am: am.post("/data/query", {"sql": "SELECT 1"}), False),
        (lambda am: am.get("/brand/new"), False),
        (lambda am: am.delete("/brand/new"), False),
    ):
        am, transport = client(DROP, ok({}))
        perform(call, am)
        assert len(transport.requests) == 2
        assert (header(transport, "Idempotency-Key") is not None) is keyed


def test_call_written_out_has_query_body_headers_and_id() -> None:
    am, transport = client(ok({"a": 1}), ok({}), ok({}))
    assert am.request(
        "post",
        "/things/a%2Fb?x=1&y=ü",
        json_body={"z": None},
        params={"y": "2", "n": None},
        headers={"X-Mine": "1"},
        request_id="req-7",
    ) == {"a": 1}
    assert sent(transport) == ("POST", "/things/a%2Fb?y=2&x=1", {"z": None})
    assert (header(transport, "X-Mine"), header(transport, "X-Request-Id")) == ("1", "req-7")
    am.get("things/50% of ü".replace(" ", "%20"))
    assert sent(transport)[1] == "/things/50%25%20of%20%C3%BC"
    am.get("/things/{id}")
    assert sent(transport)[1] == "/things/%7Bid%7D"


def test_result_of_a_query_warns_when_there_is_more() -> None:
    am, _ = client(ok({"rows": [{"n": 1}], "truncated": True}, **{"X-Request-Id": "r"}))
    with pytest.warns(TruncatedResultWarning, match="1 rows") as caught:
        result = am.data.query("SELECT 1")
    assert caught[0].filename == __file__
    assert isinstance(result, QueryResult)
    assert QueryResult is SameResult
    assert result.info is not None
    assert result.info.request_id == "r"


def test_page_is_rendered_as_a_document() -> None:
    am, transport = client(
        reply(200, body=b"<html>\xc3\xbc", headers={"Content-Type": "text/html"})
    )
    assert am.pages.render_html("1") == "<html>ü"
    assert header(transport, "Accept") == "text/html"


def test_templates_and_profiles_are_lists() -> None:
    am, _ = client(page_of([{"slug": "a"}]), ok({"templates": [{"slug": "b"}]}))
    assert [t["slug"] for t in am.pages.templates()] == ["a"]
    assert [t["slug"] for t in am.pages.templates()] == ["b"]


def test_client_can_verify_a_delivery() -> None:
    am, _ = client()
    body = b'{"event":"page.created"}'
    event = am.webhooks.verify(
        body, sign_webhook(body, "whsec_1"), ["old", "whsec_1"], tolerance=300
    )
    assert event.event == "page.created"
    with pytest.raises(SignatureError):
        am.webhooks.verify(body, {}, "whsec_1")


@pytest.mark.parametrize("version", [0, -1, True, "1", 1.0])
def test_version_that_is_none_is_refused(version: Any) -> None:
    am, transport = client()
    with pytest.raises(MisuseError):
        am.pages.get_version("1", version)
    assert not transport.requests


def test_arguments_that_cannot_be_meant_are_refused() -> None:
    am, transport = client()
    wrong: list[Perform] = [
        lambda am: am.agents.start("p", "t", ["no", "mapping"]),
        lambda am: am.agents.resume("as_1", "text"),
        lambda am: am.webhooks.create("https://a.example", 7),
        lambda am: am.data.query("SELECT 1", [1]),
        lambda am: am.data.query("SELECT 1", {"x": float("nan")}),
    ]
    for call in wrong:
        with pytest.raises(MisuseError):
            perform(call, am)
    assert not transport.requests


def test_answer_that_is_no_object_is_an_error() -> None:
    for body in (b"[]", b"7", b"<html>"):
        am, _ = client(reply(200, body=body))
        with pytest.raises(DecodeError) as caught:
            am.pages.get("1")
        assert caught.value.status == 200


def test_last_response_tells_of_versions_limits_and_advice() -> None:
    headers = {
        "X-Request-Id": "r1",
        "X-RateLimit-Remaining": "7",
        "X-Amdahl-API-Version": "2026-04-14",
        "X-Amdahl-Deprecation": "use something else",
        "Sunset": "Sat, 01 Aug 2026 00:00:00 GMT",
        "Idempotent-Replayed": "true",
    }
    am, _ = client(ok({}, **headers), ok({}))
    assert am.last_response is None
    view = am.with_options(max_retries=0)
    view.get("/me")
    assert am.last_response is None
    info = view.last_response
    assert info is not None
    assert (info.request_id, info.api_version, info.replayed) == ("r1", "2026-04-14", True)
    assert (info.deprecation, info.sunset) == ("use something else", headers["Sunset"])
    assert info.rate_limit is not None
    assert info.rate_limit.remaining == 7
    am.get("/me")
    assert am.last_response is not None
    assert (am.last_response.deprecation, am.last_response.replayed) == (None, False)


def test_view_has_limits_of_its_own() -> None:
    limits: list[float | None] = []
    am, transport = client(*[ok({})] * 3)
    plain = transport.send

    def send(request: Any, until: float | None, seconds: float | None) -> Any:
        limits.append(seconds)
        return plain(request, until, seconds)

    transport.send = send  # type: ignore[method-assign]
    am.get("/me")
    am.with_options(timeout=5).get("/me")
    am.with_options(timeout=5, deadline=2).get("/me")
    assert limits == [30.0, 5.0, 2.0]
    assert am.with_options(timeout=7).timeout == 7.0
    with pytest.raises(ConfigurationError):
        am.with_options(timeout=-1)


def test_view_that_is_closed_leaves_its_client_open() -> None:
    am, _ = client(ok({}), ok({}))
    with am.with_options(timeout=5) as view:
        view.get("/me")
    view.close()
    am.get("/me")
    am.close()
    with pytest.raises(ClientClosedError):
        view.get("/me")
