"""What must hold for every answer of an agent after the storm.

Checked from four sides: the callers' list of messages that were acknowledged, the event streams of
the answers, the messages of the threads, and what the model says to a message.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.ledger.flowmaestro.evidence import Event, Kill, Verdict, was_killed_between

TERMINAL = {"message:completed", "message:failed"}
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that was acknowledged, and what the model says to it."""

    thread_id: str
    content: str
    answer: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its thread has it."""

    id: str
    thread_id: str
    role: str
    content: str


@dataclass(slots=True)
class TurnEvidence:
    """Everything known after a run; turns by the id of their answer."""

    asked: Mapping[str, Asked]
    streams: Mapping[str, Sequence[Event]]  # as a reader gets them, without the greeting
    logs: Mapping[str, Sequence[tuple[str, bool]]]  # types in the database, and whether terminal
    messages: Sequence[Message]
    counts: Mapping[str, int]  # threads: how many messages they say they have
    kills: Sequence[Kill]


def judge_turns(evidence: TurnEvidence) -> Verdict:
    """Check every promise on every turn."""
    verdict = Verdict()
    answers: dict[str, list[Message]] = defaultdict(list)
    said: Counter[tuple[str, str]] = Counter()
    for message in evidence.messages:
        if message.role == "assistant":
            answers[message.id].append(message)
        else:
            said[message.thread_id, message.content] += 1
    for turn_id in (answers.keys() | evidence.logs.keys()) - evidence.asked.keys():
        verdict.violations.append(f"{turn_id}: nobody asked for it (a message counted twice)")
    for turn_id, asked in evidence.asked.items():
        stream = evidence.streams.get(turn_id, ())
        found = [
            *_of_stream(stream, evidence.logs.get(turn_id, ())),
            *_of_tokens(stream),
            *_of_end(stream, asked, answers[turn_id], evidence.kills),
        ]
        if said[asked.thread_id, asked.content] != 1:
            found.append(f"its question is {said[asked.thread_id, asked.content]} messages")
        verdict.violations += [f"{turn_id}: {text}" for text in found]
        verdict.numbers["turns"] += 1
        verdict.numbers["tokens"] += len(_tokens(stream))
        if stream:
            verdict.numbers[stream[-1].type] += 1
    held = Counter(message.thread_id for message in evidence.messages)
    for thread_id, count in evidence.counts.items():
        if held[thread_id] != count:
            found_text = f"{thread_id}: has {held[thread_id]} messages and says {count}"
            verdict.violations.append(found_text)
    return verdict


def _tokens(stream: Sequence[Event]) -> list[Event]:
    return [event for event in stream if event.type == "message:token"]


def _of_stream(stream: Sequence[Event], log: Sequence[tuple[str, bool]]) -> Iterable[str]:
    """It begins once and ends once, for readers and in the log."""
    types = [event.type for event in stream]
    if types[:1] != ["message:started"] or types.count("message:started") != 1:
        yield f"does not begin with its only start: {types[:2]}"
    ends = [type for type in types if type in TERMINAL]
    if len(ends) != 1 or types[-1] != ends[0]:
        yield f"does not end with its only end: {ends}"
    terminal = [place for place, (_, is_terminal) in enumerate(log, 1) if is_terminal]
    if terminal != [len(log)]:
        yield f"its log has its ends at {terminal} of {len(log)}"
    numbers = [event.number for event in stream]
    if numbers != sorted(set(numbers)):
        yield "its events are not numbered in order"


def _of_tokens(stream: Sequence[Event]) -> Iterable[str]:
    """Tokens are counted from 1, without a gap."""
    sequence = [event.data["sequence"] for event in _tokens(stream)]
    if sequence != list(range(1, len(sequence) + 1)):
        yield f"its tokens are numbered {sequence}"


def _of_end(
    stream: Sequence[Event], asked: Asked, answers: Sequence[Message], kills: Sequence[Kill]
) -> Iterable[str]:
    """An answer is the model's, whole, in events and message; there is none only after a kill."""
    if not stream:
        yield "has no events"
        return
    end, text = stream[-1], "".join(event.data["token"] for event in _tokens(stream))
    if end.type == "message:failed":
        if end.data.get("code") != INTERRUPTED:
            yield f"failed: {end.data.get('error')}"
        elif not was_killed_between(kills, stream[0].number, end.number):
            yield "was interrupted though nothing was killed"
        if answers:
            yield "failed, and has an answer"
        if not asked.answer.startswith(text):
            yield f"said {text!r}"
        return
    if end.data.get("content") != text:
        yield f"ends as {end.data.get('content')!r}, its tokens are {text!r}"
    if text != asked.answer:
        yield f"said {text!r} and not {asked.answer!r}"
    if [message.content for message in answers] != [text]:
        yield f"is kept as {[message.content for message in answers]}"
