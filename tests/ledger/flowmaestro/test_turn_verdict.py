"""The judge of answers: it must be able to say no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.ledger.flowmaestro.evidence import Event, Kill
from tests.ledger.flowmaestro.turn_verdict import Asked, Message, TurnEvidence, judge_turns

KILL = Kill("anywhere", 0, 1000)
Told = tuple[str, dict[str, Any]]
START: Told = ("message:started", {})


def token(sequence: int, text: str) -> Told:
    return "message:token", {"sequence": sequence, "token": text}


def completed(content: str) -> Told:
    return "message:completed", {"content": content}


def failed(code: str = "interrupted") -> Told:
    return "message:failed", {"code": code, "error": "why"}


PLAIN = [START, token(1, "so "), token(2, "it is"), completed("so it is")]
BROKEN = [START, token(1, "so "), failed()]
QUESTION = Message("msg_1", "thread", "user", "is it?")
ANSWER = Message("msg_2", "thread", "assistant", "so it is")


def evidence(
    told: Sequence[Told] = PLAIN,
    kills: Sequence[Kill] = (),
    messages: Sequence[Message] = (QUESTION, ANSWER),
) -> TurnEvidence:
    stream = [Event(number, type, data) for number, (type, data) in enumerate(told, 1)]
    return TurnEvidence(
        asked={"msg_2": Asked("thread", "is it?", "so it is")},
        streams={"msg_2": stream},
        logs={
            "msg_2": [(type, type in ("message:completed", "message:failed")) for type, _ in told]
        },
        messages=messages,
        counts={"thread": len(messages)},
        kills=kills,
    )


def violations(found: TurnEvidence) -> str:
    return "; ".join(judge_turns(found).violations)


def test_judge_of_a_plain_answer_finds_nothing() -> None:
    assert not violations(evidence())


def test_judge_of_an_answer_interrupted_by_a_kill_finds_nothing() -> None:
    assert not violations(evidence(BROKEN, [KILL], [QUESTION]))


@pytest.mark.parametrize(
    ("told", "kills", "text"),
    [
        (PLAIN[:-1], [], "its only end"),
        ([*PLAIN, PLAIN[-1]], [], "its only end"),
        ([*PLAIN, PLAIN[-1]], [], "its ends at [4, 5] of 5"),
        ([*PLAIN[:-1], PLAIN[-1], token(3, "!")], [], "its only end"),
        ([START, *PLAIN], [], "its only start"),
        (PLAIN[1:], [], "its only start"),
        ([], [], "has no events"),
        ([START, PLAIN[2], PLAIN[3]], [], "numbered [2]"),
        ([START, PLAIN[1], PLAIN[1], *PLAIN[2:]], [], "numbered [1, 1, 2]"),
        ([*PLAIN[:3], completed("so")], [], "ends as 'so'"),
        ([START, token(1, "no"), completed("no")], [], "said 'no' and not 'so it is'"),
        (BROKEN, [], "nothing was killed"),
        (BROKEN, [KILL], "failed, and has an answer"),
        ([START, failed("internal")], [KILL], "failed: why"),
        ([START, token(1, "no"), failed()], [KILL], "said 'no'"),
    ],
)
def test_judge_of_a_wrong_stream_names_it(told: list[Told], kills: list[Kill], text: str) -> None:
    assert text in violations(evidence(told, kills))


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda e: replace(e, asked={}), "nobody asked for it"),
        (lambda e: replace(e, messages=[ANSWER]), "its question is 0 messages"),
        (lambda e: replace(e, messages=[QUESTION, QUESTION, ANSWER]), "its question is 2"),
        (lambda e: replace(e, messages=[QUESTION]), "is kept as []"),
        (lambda e: replace(e, messages=[QUESTION, ANSWER, ANSWER]), "is kept as ['so it is', "),
        (lambda e: replace(e, counts={"thread": 3}), "has 2 messages and says 3"),
        (lambda e: replace(e, logs={"msg_2": []}), "its ends at [] of 0"),
        (
            lambda e: replace(
                e, streams={"msg_2": [replace(one, number=1) for one in e.streams["msg_2"]]}
            ),
            "not numbered in order",
        ),
    ],
)
def test_judge_of_a_broken_promise_names_it(
    spoil: Callable[[TurnEvidence], TurnEvidence], text: str
) -> None:
    assert text in violations(spoil(evidence()))
