"""The judge itself: it must be able to say no."""

from __future__ import annotations

import pytest

from tests.ledger.verdict import Evidence, JobRow, LedgerLine, ServerEvent, judge


def started(attempt: int = 1) -> ServerEvent:
    return ServerEvent("a", "job.started", attempt)


def succeeded(attempt: int = 1) -> ServerEvent:
    return ServerEvent("a", "job.succeeded", attempt)


def expired(attempt: int = 1) -> ServerEvent:
    return ServerEvent("a", "job.failed", attempt, "LeaseExpired")


def ran(attempt: int = 1, event: str = "finished") -> list[LedgerLine]:
    return [LedgerLine("a", attempt, "started"), LedgerLine("a", attempt, event)]


def judged(
    events: list[ServerEvent],
    ledger: list[LedgerLine],
    *,
    row: JobRow | None = JobRow("succeeded", 1),  # noqa: B008 - frozen
    wanted: str | None = "succeeded",
) -> str:
    evidence = Evidence(
        wanted={"a": wanted} if wanted else {},
        jobs={"a": row} if row else {},
        events=events,
        ledger=ledger,
    )
    return "; ".join(judge(evidence).violations)


def test_judge_of_a_plain_success_finds_nothing() -> None:
    assert not judged([started(), succeeded()], ran())


def test_judge_of_a_lost_lease_and_a_second_success_finds_nothing() -> None:
    events = [started(), expired(), started(2), succeeded(2)]
    assert not judged(events, [*ran(1), *ran(2)], row=JobRow("succeeded", 2))


def test_judge_of_an_undone_claim_finds_nothing() -> None:
    events = [started(), ServerEvent("a", "job.released", 0), started(), succeeded()]
    assert not judged(events, ran())


@pytest.mark.parametrize(
    ("events", "ledger", "options", "text"),
    [
        ([], [], {"row": None}, "lost"),
        ([started(), succeeded()], ran(), {"wanted": None}, "nobody asked"),
        ([started()], ran(), {"row": JobRow("processing", 1)}, "ended as processing"),
        ([started(), succeeded(), succeeded()], ran(), {}, "succeeded 2 times"),
        ([started(), succeeded()], ran(), {"wanted": "dead_letter"}, "ended as succeeded"),
        ([started(), succeeded()], ran(), {"row": JobRow("succeeded", 2)}, "attempt 2 after 1"),
        ([started(), started(), succeeded()], ran(), {}, "2 claims and 1 ends"),
        ([started(), succeeded()], [*ran(), *ran()], {}, "run 2 times"),
        ([started(), succeeded()], [*ran(), *ran(2, "failed")], {}, "never handed out"),
        ([started(), succeeded()], ran(1, "failed"), {}, "never finished"),
        (
            [started(), ServerEvent("a", "job.failed", 1, "OSError"), started(2), succeeded(2)],
            [*ran(1), *ran(2)],
            {"row": JobRow("succeeded", 2)},
            "had not lost its lease",
        ),
    ],
)
def test_judge_of_a_broken_promise_names_it(
    events: list[ServerEvent], ledger: list[LedgerLine], options: dict[str, object], text: str
) -> None:
    assert text in judged(events, ledger, **options)  # type: ignore[arg-type]
