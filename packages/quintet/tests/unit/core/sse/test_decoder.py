"""The event stream decoder."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from quintet.core.sse import ServerSentEvent, SSEDecoder
from quintet.errors import StreamLimitError

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))["vectors"]

Outcome = tuple[list[ServerSentEvent], str | None]


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    return [raw[start:end] for start, end in pairwise(places)]


def run(chunks: list[bytes], **bounds: int) -> tuple[Outcome, SSEDecoder]:
    """Return all events and the bound that was hit, if one was."""
    decoder = SSEDecoder(**bounds)
    events: list[ServerSentEvent] = []
    try:
        for chunk in chunks:
            events += decoder.feed(chunk)
        decoder.finish()
    except StreamLimitError as error:
        return (events, error.bound), decoder
    return (events, None), decoder


def every_cut(raw: bytes) -> list[list[bytes]]:
    """Return the stream whole, byte by byte, and cut in two at every place."""
    ways = [[raw], [raw[at : at + 1] for at in range(len(raw))]]
    return ways + [[raw[:at], raw[at:]] for at in range(1, len(raw))]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_stream_of_a_vector_gives_its_events_however_cut(vector: dict[str, Any]) -> None:
    raw = vector["stream"].encode()
    expected = [ServerSentEvent(*event) for event in vector["events"]]
    for chunks in every_cut(raw):
        decoder = SSEDecoder()
        events = [event for chunk in chunks for event in decoder.feed(chunk)]
        assert events == expected
        for name in ("retry", "last_event_id", "comments", "dropped"):
            if name in vector:
                found = decoder.finish() if name == "dropped" else getattr(decoder, name)
                assert found == vector[name]


LINES = [
    "data: a", "data:b", "data", "data: ", "data: ünï", "event: t", "event:u", "event", "event: ",
    "id: 1", "id:2", "id", "id: x\0y", "retry: 10", "retry:x", ": c", ":", "foo: bar", "x", "", "",
    "", "\ufeff",
]  # fmt: skip
STREAM = st.builds(
    lambda parts, cut: "".join(line + end for line, end in parts).encode()[: -cut or None],
    st.lists(
        st.tuples(
            st.sampled_from(LINES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
            st.sampled_from(["\n", "\r", "\r\n"]),
        )
    ),
    st.integers(0, 8),  # so many bytes are missing at the end
)


def by_the_book(raw: bytes) -> list[ServerSentEvent]:
    """Decode as the standard tells it, line by line and without any haste."""
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    events: list[ServerSentEvent] = []
    data, kind, identity = "", "", ""
    retry: int | None = None
    for line in lines[:-1]:
        if line == "":
            if data:
                events.append(ServerSentEvent(kind or "message", data[:-1], identity, retry))
            data, kind, retry = "", "", None
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value[1:] if value[:1] == " " else value
            if name == "data":
                data += value + "\n"
            elif name == "event":
                kind = value
            elif name == "id" and "\0" not in value:
                identity = value
            elif name == "retry" and value and set(value) <= set("0123456789"):
                retry = int(value)
    return events


@given(STREAM | st.binary(max_size=60), st.lists(st.integers(0, 10_000)))
def test_any_stream_in_any_pieces_is_decoded_by_the_book(raw: bytes, cuts: list[int]) -> None:
    (events, bound), _ = run(pieces(raw, cuts))
    assert bound is None
    assert events == by_the_book(raw)


@example(raw=b"data: a\ndata\ndata\n", cuts=[], line=8, event=15)
@example(raw="data: ünï\ndata: a\ndata\n".encode(), cuts=[], line=12, event=18)
@given(STREAM, st.lists(st.integers(0, 10_000)), st.integers(1, 12), st.integers(1, 20))
def test_any_stream_in_any_pieces_hits_the_same_bound_after_the_same_events(
    raw: bytes, cuts: list[int], line: int, event: int
) -> None:
    whole, _ = run([raw], max_line_bytes=line, max_event_bytes=event)
    cut, _ = run(pieces(raw, cuts), max_line_bytes=line, max_event_bytes=event)
    single, _ = run(pieces(raw, list(range(len(raw)))), max_line_bytes=line, max_event_bytes=event)
    assert whole == cut == single


def test_large_chunk_is_the_same_as_small_ones() -> None:
    event = b'id: %d\nevent: job.progress\ndata: {"progress": 0.5}\n\n'
    raw = b"".join(event % number for number in range(20_000))
    (whole, _), _ = run([raw])
    (small, _), _ = run([raw[at : at + 997] for at in range(0, len(raw), 997)])
    assert len(whole) == 20_000
    assert whole == small
    assert whole[-1] == ServerSentEvent("job.progress", '{"progress": 0.5}', "19999")


def test_character_cut_between_chunks_is_whole() -> None:
    raw = "data: 😀\n\n".encode()
    for at in range(1, len(raw)):
        decoder = SSEDecoder()
        assert decoder.feed(raw[:at]) + decoder.feed(raw[at:]) == [ServerSentEvent(data="😀")]


def test_bytes_that_are_no_utf8_become_replacement_characters() -> None:
    assert SSEDecoder().feed(b"data: a\xffb\xc3\n\n") == [ServerSentEvent(data="a\ufffdb\ufffd")]


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 100, b"data: " + b"x" * 100 + b"\n\n"])
def test_line_above_its_bound_is_an_error_that_names_it(chunk: bytes) -> None:
    decoder = SSEDecoder(max_line_bytes=100)
    with pytest.raises(StreamLimitError, match="100 bytes") as caught:
        decoder.feed(chunk)
    assert (caught.value.bound, caught.value.limit) == ("max_line_bytes", 100)
    assert "xxx" not in str(caught.value)


def test_line_at_its_bound_passes() -> None:
    line = b"data: " + b"x" * 94
    assert len(SSEDecoder(max_line_bytes=100).feed(line + b"\n\n")) == 1


def test_line_that_never_ends_stops_at_its_bound() -> None:
    decoder = SSEDecoder(max_line_bytes=10_000)
    with pytest.raises(StreamLimitError):
        for _ in range(1000):
            decoder.feed(b"x" * 100)
    assert sum(map(len, decoder._rest)) <= 10_100


def test_event_above_its_bound_is_an_error_with_the_last_id() -> None:
    decoder = SSEDecoder(max_event_bytes=50)
    assert len(decoder.feed(b"id: 7\ndata: ok\n\n")) == 1
    with pytest.raises(StreamLimitError) as caught:
        for _ in range(10):
            decoder.feed(b"data: 12345\n")
    assert (caught.value.bound, caught.value.limit) == ("max_event_bytes", 50)
    assert caught.value.last_event_id == "7"


def test_event_at_its_bound_passes() -> None:
    decoder = SSEDecoder(max_event_bytes=22)
    assert len(decoder.feed(b"data: 12345\ndata: 12345\n\n")) == 1


def test_event_above_its_bound_in_lines_that_are_not_is_an_error_however_cut() -> None:
    raw = b"data: 1234567\ndata: 1234567\n\n"
    for chunks in every_cut(raw):
        assert run(chunks, max_event_bytes=20)[0] == ([], "max_event_bytes")


def test_unfinished_bytes_above_the_bound_are_an_error_however_cut() -> None:
    raw = b"data: a\n\ndata: too long\nx"
    for chunks in every_cut(raw):
        (events, bound), _ = run(chunks, max_line_bytes=10)
        assert (len(events), bound) == (1, "max_line_bytes")


def test_comments_without_end_hit_no_bound() -> None:
    decoder = SSEDecoder(max_event_bytes=100)
    for _ in range(1000):
        assert decoder.feed(b": ping\n") == []
    assert decoder.comments == 1000


def test_error_after_good_events_waits_for_the_next_call_and_stays() -> None:
    decoder = SSEDecoder(max_line_bytes=10)
    assert len(decoder.feed(b"data: a\n\ndata: too long\n\n")) == 1
    for _ in range(2):
        with pytest.raises(StreamLimitError):
            decoder.feed(b"data: b\n\n")
    with pytest.raises(StreamLimitError):
        decoder.finish()


def test_finish_of_a_clean_stream_drops_nothing() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\n\n: bye\n")
    assert not decoder.finish()


@pytest.mark.parametrize("rest", [b"data: b", b"data: b\n", b"event: x\n", b"retry: 1\n", b"i"])
def test_finish_in_the_middle_of_an_event_says_so(rest: bytes) -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\n\n" + rest)
    assert decoder.finish()
    assert not decoder.finish()
