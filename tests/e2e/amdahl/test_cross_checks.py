"""What must hold between a client and a server, over the wire.

Where each is proven; what is proven elsewhere is not repeated here. `server` stands for the tests
of the service in packages/quintet-server, `sdk` for those of packages/amdahl-platform.

 1  guide verbatim            test_guide.py; tests/compat/test_amdahl_guide.py
 2  tenants apart             here, through the SDK; server: engines/sql/test_hostile.py
 3  every refusal of SQL      server: query/test_query.py, engines/sql/test_hostile.py
 4  torture of streams        sdk: wire/test_connections.py, former_defects d05 to d11;
                              server: agents/test_streams.py
 5  dead peer                 sdk: wire/test_connections.py
 6  hints of a 429, deadline  sdk: former_defects d22, d03; here: a real 429 beyond the deadline
 7  start after a cut         here, each kind of repeat
 8  killed server             test_kills.py
 9  archive, restore, lock    test_guide.py; server: pages/test_pages.py
10  private target, attempts  here: attempts; server: webhooks/test_deliveries.py
11  embeds that show nothing  server: pages/test_embedding.py
12  every component           server: pages/test_verifier.py; sdk: unit/test_page.py
"""

from __future__ import annotations

from typing import Any

import pytest

from amdahl import (
    AmdahlClient,
    AsyncAmdahlClient,
    ConflictError,
    InvalidSqlError,
    NotFoundError,
    RateLimitError,
    verify_webhook_signature,
    with_retry,
)
from tests.support.amdahl import AmdahlServer, delivered, interactions
from tests.support.cutting import cutting
from tests.support.receiver import Receiver
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

SPEC: dict[str, Any] = {"type": "Divider"}


def test_two_keys_see_disjoint_rows_and_each_others_ids_do_not_exist(server: AmdahlServer) -> None:
    other_key = server.business()
    server.plant(other_key, [{**row, "id": f"o{n}"} for n, row in enumerate(interactions())])
    sql = "SELECT id FROM interactions"
    with AmdahlClient() as mine, AmdahlClient(api_key=other_key) as other:
        rows = [{row["id"] for row in client.data.query(sql).rows} for client in (mine, other)]
        assert rows == [{f"i{n}" for n in range(6)}, {f"o{n}" for n in range(6)}]
        page = other.pages.create("Theirs", SPEC)["id"]
        run = other.agents.start("copilot", "How many calls?")["session_id"]
        hook = other.webhooks.create("http://127.0.0.1:9/", ["*"])["id"]
        for look in (
            lambda: mine.pages.get(page),
            lambda: mine.pages.archive(page),
            lambda: mine.agents.status(run),
            lambda: mine.agents.cancel(run),
            lambda: list(mine.agents.stream(run)),
            lambda: mine.webhooks.get(hook),
            lambda: mine.webhooks.delete(hook),
        ):
            with pytest.raises(NotFoundError):
                look()
        assert other.pages.get(page)["status"] == "draft"
        assert other.webhooks.get(hook)["active"] is True


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM amdahl_interactions",
        'SELECT * FROM "public"."amdahl_interactions"',
        "SELECT id FROM interactions UNION ALL SELECT id FROM public.amdahl_interactions",
        "WITH x AS (SELECT * FROM api_keys) SELECT * FROM x",
        "SELECT (SELECT count(*) FROM pg_class) AS n FROM interactions",
        "SELECT id FROM interactions /* */; -- \nSELECT 1",
        "SELECT business_id FROM interactions",
    ],
)
def test_trick_that_would_reach_base_tables_is_refused_with_its_class(
    server: AmdahlServer, sql: str
) -> None:
    with AmdahlClient() as client, pytest.raises(InvalidSqlError) as raised:
        client.data.query(sql)
    assert raised.value.code == "invalid_sql"
    assert raised.value.body["error"]["details"]["reason"]


def test_start_whose_answer_was_cut_off_is_one_run(server: AmdahlServer) -> None:
    with cutting(server.url) as cutter, AmdahlClient(cutter.url) as client:
        cutter.cuts = 1
        started = client.agents.start("copilot", "How many calls?")
    with AmdahlClient() as direct:
        runs = list(direct.agents.iter_runs())
    assert [run["session_id"] for run in runs] == [started["session_id"]]
    assert len(cutter.keys) == 2
    assert len(set(cutter.keys)) == 1
    assert [one.headers.get("Idempotent-Replayed") for one in cutter.answers] == [None, "true"]


async def test_start_whose_answer_was_cut_off_is_one_run_asynchronously(
    server: AmdahlServer,
) -> None:
    with cutting(server.url) as cutter:
        async with AsyncAmdahlClient(cutter.url) as client:
            cutter.cuts = 1
            started = await client.agents.start("copilot", "How many calls?")
    async with AsyncAmdahlClient() as direct:
        runs = [run["session_id"] async for run in direct.agents.iter_runs()]
    assert runs == [started["session_id"]]


def test_start_repeated_by_the_retry_helper_is_one_run(server: AmdahlServer) -> None:
    with cutting(server.url) as cutter, AmdahlClient(cutter.url, max_retries=0) as client:
        cutter.cuts = 2
        started = with_retry(lambda: client.agents.start("copilot", "How many calls?"), base_s=0.01)
    with AmdahlClient() as direct:
        runs = list(direct.agents.iter_runs())
    assert [run["session_id"] for run in runs] == [started["session_id"]]
    assert len(set(cutter.keys)) == 1


def test_429_of_the_server_beyond_the_deadline_is_raised_at_once_with_its_hint(
    server: AmdahlServer,
) -> None:
    with AmdahlClient(api_key=server.business(requests_per_minute=2), deadline=20) as client:
        client.me()
        client.me()
        with pytest.raises(RateLimitError) as raised:
            client.me()
    assert raised.value.code == "rate_limited"
    assert raised.value.attempts == 1
    assert raised.value.retry_after == raised.value.body["retry_after"] > 20


def test_same_key_for_another_task_is_a_conflict(server: AmdahlServer) -> None:
    with AmdahlClient() as client:
        client.agents.start("copilot", "How many calls?", idempotency_key="k1")
        with pytest.raises(ConflictError) as raised:
            client.agents.start("copilot", "How many mails?", idempotency_key="k1")
    assert raised.value.code == "idempotency_conflict"


def test_receiver_that_answers_500_twice_gets_three_attempts_with_one_event_id(
    server: AmdahlServer, receiver: Receiver
) -> None:
    receiver.statuses = [500, 500, 200]
    with AmdahlClient() as client:
        hook = client.webhooks.create(receiver.url, ["page.created"])
        client.pages.create("New", SPEC)
        [delivery] = until(
            lambda: client.webhooks.list_deliveries(hook["id"], status="delivered")["items"]
        )
        assert client.webhooks.get(hook["id"])["failure_count"] == 0
    sent = delivered(receiver)
    assert len(sent) == 3
    assert len({headers["x-webhook-id"] for headers, _ in sent}) == 1
    assert len({body for _, body in sent}) == 1
    attempts = [headers["x-webhook-attempt"] for headers, _ in sent]
    assert attempts == ["1", "2", "3"]
    for headers, body in sent:
        assert verify_webhook_signature(body, headers["x-webhook-signature"], hook["secret"])
    assert delivery["event"] == "page.created"
