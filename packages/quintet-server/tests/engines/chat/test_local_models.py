"""The engine with the real small model: how it answers; what it says is nobody's business here."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.model import (
    ChatBusy,
    ChatDelta,
    ChatEnd,
    ChatFailed,
    ChatMessage,
    ChatRefused,
    ChatUnavailable,
)
from quintet_server.engines.chat.settings import AiSettings

from .conftest import ask, collect

# One loop for all of them: loading the model is most of what a test costs.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 20},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "mood": {"enum": ["good", "bad"]},
    },
    "required": ["name", "age", "mood"],
    "additionalProperties": False,
}
LONG = "Tell me a very long story about the sea, in many chapters."


def folder(tmp: Path, file: Path, *names: str) -> Path:
    (tmp / "models").mkdir(parents=True)
    for name in names:
        os.link(file, tmp / "models" / f"{name}.gguf")
    return tmp


@pytest.fixture(scope="module")
def data(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("chat") / "data", smollm2, "smollm2")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(data: Path) -> AsyncIterator[Chat]:
    """An engine with the model loaded, for tests that leave it as it was."""
    chat = Chat(AiSettings(load_at_start=True), data)
    await chat.start()
    yield chat
    await chat.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def own(data: Path) -> AsyncIterator[Any]:
    """``own(**settings)``: an engine that a test may break."""
    made: list[Chat] = []

    def make(data_dir: Path = data, **settings: Any) -> Chat:
        made.append(Chat(AiSettings(**settings), data_dir))
        return made[-1]

    yield make
    for chat in made:
        await chat.stop()


def pids(chat: Chat) -> list[int]:
    return [one.pid for one in chat._local._starts if one.pid is not None]


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def seconds_until_idle(pid: int) -> float:
    """How long a process goes on computing: until a tenth of a second costs it nothing.

    Of its own time, whatever else the machine does.
    """
    begun = before = cpu_ticks(pid)
    while True:
        await asyncio.sleep(0.1)
        now = cpu_ticks(pid)
        if now - before <= 1:
            return (now - begun) / os.sysconf("SC_CLK_TCK")
        before = now


async def test_answer_is_streamed_token_by_token_with_its_usage(shared: Chat) -> None:
    texts, end = await collect(shared, ask(LONG, max_tokens=24))
    assert len(texts) > 10
    assert end.finish_reason == "length"
    assert end.usage.completion_tokens == 24
    assert end.usage.total_tokens == end.usage.prompt_tokens + 24
    assert (end.model, end.provider) == ("smollm2", "local")


async def test_prompt_counts_the_default_system_prompt_and_the_template(shared: Chat) -> None:
    end = await shared.complete(ask("hello", max_tokens=1))
    bare = await shared.count_tokens("hello")
    system = (ChatMessage("system", ""), ChatMessage("user", "hello"))
    empty = await shared.complete(ask(messages=system, max_tokens=1))
    assert bare < empty.usage.prompt_tokens < end.usage.prompt_tokens


async def test_estimate_of_a_prompt_comes_close_to_what_the_model_counts(shared: Chat) -> None:
    turns = (
        ChatMessage("user", "What is a lighthouse good for?"),
        ChatMessage("assistant", "It shows ships where the coast is."),
        ChatMessage("user", "And in the daytime?"),
    )
    for request in (ask("hi", max_tokens=1), ask(messages=turns, max_tokens=1)):
        counted = (await shared.complete(request)).usage.prompt_tokens
        assert abs(shared.estimated_prompt_tokens(request) - counted) <= 4


async def test_characters_of_several_tokens_come_whole(shared: Chat) -> None:
    words = "🦊🐻🦆 日本語 ✓ wörld"
    texts, end = await collect(shared, ask(response_schema={"enum": [words]}, max_tokens=100))
    assert json.loads(end.text) == words
    assert all("�" not in text for text in texts)
    assert len(texts) > 5


async def test_pieces_come_one_after_the_other_not_all_at_the_end(shared: Chat) -> None:
    for _ in range(10):  # on a busy machine all may be there before we come to look
        times = [time.monotonic() async for _ in shared.stream(ask(LONG, max_tokens=60))]
        apart = [after - before > 0.001 for before, after in pairwise(times)]
        if sum(apart) > len(apart) / 2:
            return
    pytest.fail(f"only {sum(apart)} of {len(apart)} pieces came by themselves")


async def test_generating_leaves_the_loop_free(shared: Chat) -> None:
    gaps = []

    async def watch() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0)
            gaps.append(time.monotonic() - before)

    watching = asyncio.create_task(watch())
    for _ in range(10):  # on a busy machine this loop may have had no time either
        gaps.clear()
        await shared.complete(ask(LONG, max_tokens=60))
        if len(gaps) > 500:
            break
    watching.cancel()
    assert len(gaps) > 500


async def test_same_seed_gives_the_same_answer(shared: Chat) -> None:
    request = ask("Invent a name.", seed=11, max_tokens=12, temperature=1.0)
    first = await shared.complete(request)
    assert (await shared.complete(request)).text == first.text


async def test_stop_word_ends_the_answer_and_is_not_part_of_it(shared: Chat) -> None:
    plain = await shared.complete(ask(LONG, max_tokens=30, temperature=0.0))
    word = plain.text.split()[4]
    end = await shared.complete(ask(LONG, max_tokens=30, temperature=0.0, stop=(word,)))
    assert end.finish_reason == "stop"
    assert word not in end.text
    assert plain.text.startswith(end.text)


@pytest.mark.parametrize("seed", range(4))
async def test_schema_is_kept_whatever_the_model_thinks(shared: Chat, seed: int) -> None:
    request = ask(
        "Describe somebody.", response_schema=PERSON, seed=seed, temperature=1.0, max_tokens=300
    )
    end = await shared.complete(request)
    found = json.loads(end.text)
    assert set(found) == set(PERSON["properties"])  # type: ignore[arg-type]
    assert found["mood"] in ("good", "bad")
    assert 0 <= found["age"] <= 150


async def test_schema_that_is_none_is_refused(shared: Chat) -> None:
    for schema in ({"type": "nonsense"}, {"$ref": "#/nowhere"}, {"$ref": "http://127.0.0.1:1/x"}):
        with pytest.raises(ChatRefused):
            await shared.complete(ask(response_schema=schema))
    assert (await shared.complete(ask(max_tokens=2))).text


async def test_unfinished_answer_is_continued_without_repeating_it(shared: Chat) -> None:
    user = ChatMessage("user", "Count from one to ten in words.")
    begun = ChatMessage("assistant", "one, two, three,")
    request = ask(messages=(user, begun), continue_last=True, max_tokens=6, temperature=0.0)
    fresh = await shared.complete(ask(messages=(user, begun), max_tokens=6, temperature=0.0))
    end = await shared.complete(request)
    assert end.text
    assert not end.text.startswith("one, two, three")
    # Continued, the answer is still open; otherwise it has been closed and another one begun.
    assert fresh.usage.prompt_tokens > end.usage.prompt_tokens


async def test_conversation_longer_than_the_context_is_refused_with_numbers(shared: Chat) -> None:
    with pytest.raises(ChatRefused, match=r"\d{4,} tokens.*4096"):
        await shared.complete(ask("word " * 6_000))


async def test_answer_stops_where_the_context_ends(own: Any) -> None:
    chat = own(context_tokens=256, parallel_count=1)
    end = await chat.complete(ask(LONG, max_tokens=100_000, temperature=1.0, seed=3))
    assert end.usage.total_tokens <= 256
    assert end.finish_reason in ("length", "stop")


async def test_answers_beyond_the_slots_wait_and_all_arrive(shared: Chat) -> None:
    ends = await asyncio.gather(
        *(shared.complete(ask(f"Say {number}.", max_tokens=8)) for number in range(6))
    )
    assert all(end.usage.completion_tokens <= 8 for end in ends)


async def test_nobody_waits_beyond_the_bound_while_the_model_loads_either(own: Any) -> None:
    chat = own(parallel_count=1, waiting_count=1)
    outcomes = await asyncio.gather(
        *(chat.complete(ask(max_tokens=2)) for _ in range(4)), return_exceptions=True
    )
    assert [type(one) for one in outcomes].count(ChatBusy) == 2
    assert [type(one) for one in outcomes].count(ChatEnd) == 2


async def test_closing_the_stream_stops_the_model(shared: Chat) -> None:
    pieces = shared.stream(ask(LONG, max_tokens=3_000))
    assert isinstance(await anext(pieces), ChatDelta)
    begun = time.monotonic()
    await pieces.aclose()
    assert time.monotonic() - begun < 10  # and not after the other tokens
    assert await seconds_until_idle(pids(shared)[0]) < 2


async def test_cancelling_while_the_prompt_is_read_stops_the_model(shared: Chat) -> None:
    pid = pids(shared)[0]
    before = cpu_ticks(pid)
    reading = asyncio.create_task(shared.complete(ask("other " * 3_500)))
    while cpu_ticks(pid) - before < 20:
        await asyncio.sleep(0.02)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await seconds_until_idle(pid) < 5  # the whole prompt would take twenty


async def test_killed_process_fails_its_answer_and_the_next_one_has_a_new_process(own: Any) -> None:
    chat = own()
    pieces = chat.stream(ask(LONG, max_tokens=3_000))
    await anext(pieces)
    (pid,) = pids(chat)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ChatFailed):
        async for _ in pieces:
            pass
    assert (await chat.complete(ask(max_tokens=2))).text
    assert pids(chat) not in ([], [pid])


async def test_stop_ends_the_process_and_refuses_what_comes_later(own: Any) -> None:
    chat = own()
    pieces = chat.stream(ask(LONG, max_tokens=3_000))
    await anext(pieces)
    (pid,) = pids(chat)
    await chat.stop()
    with pytest.raises(ChatFailed):
        async for _ in pieces:
            pass
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(ChatUnavailable, match="stopping"):
        await chat.complete(ask())


async def test_stop_while_the_model_loads_tells_who_waits(own: Any) -> None:
    chat = own()
    waiting = asyncio.create_task(chat.complete(ask()))
    while not chat._local._starts:
        await asyncio.sleep(0)
    await chat.stop()
    with pytest.raises(ChatUnavailable, match="stopping"):
        await waiting


async def test_load_that_takes_too_long_is_given_up(own: Any) -> None:
    chat = own(load_seconds=0.01)
    with pytest.raises(ChatUnavailable, match=r"0\.01 s"):
        await chat.complete(ask())
    assert pids(chat) == []


async def test_second_model_takes_the_place_of_the_first(
    own: Any, smollm2: Path, tmp_path: Path
) -> None:
    chat = own(folder(tmp_path / "two", smollm2, "one", "two"))
    answers = [await chat.complete(ask(model=name, max_tokens=2)) for name in ("two", "one", "ONE")]
    assert [end.model for end in answers] == ["two", "one", "one"]
    assert len(pids(chat)) == 1


async def test_second_model_waits_until_the_first_has_nothing_to_do(
    own: Any, smollm2: Path, tmp_path: Path
) -> None:
    chat = own(folder(tmp_path / "two", smollm2, "one", "two"))
    ends = await asyncio.gather(
        *(chat.complete(ask(model=name, max_tokens=6)) for name in ("one", "two", "one", "two"))
    )
    assert [end.model for end in ends] == ["one", "two", "one", "two"]


async def test_two_models_may_be_in_memory_if_the_settings_say_so(
    own: Any, smollm2: Path, tmp_path: Path
) -> None:
    chat = own(folder(tmp_path / "two", smollm2, "one", "two"), loaded_max_count=2)
    for name in ("one", "two", "one"):
        await chat.complete(ask(model=name, max_tokens=2))
    assert len(pids(chat)) == 2


async def test_file_that_was_replaced_is_loaded_again(
    own: Any, smollm2: Path, tmp_path: Path
) -> None:
    data = folder(tmp_path / "data", smollm2, "one")
    chat = own(data)
    await chat.complete(ask(max_tokens=2))
    (first,) = pids(chat)
    fresh = data / "models" / ".fresh"
    fresh.write_bytes(smollm2.read_bytes())
    fresh.replace(data / "models" / "one.gguf")
    await chat.complete(ask(max_tokens=2))
    (second,) = pids(chat)
    assert first != second


async def test_model_process_knows_no_keys_and_answers_nobody_else(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret@nowhere/x")
    chat = own(api_key="sk-secret")
    await chat.complete(ask(max_tokens=2))
    (pid,) = pids(chat)
    environment = (
        Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    assert b"secret" not in environment
    (process,) = chat._local._starts
    for path in ("chat/completions", "completions", "../tokenize", "../props"):
        answer = await process.http.post(path, json={}, headers={"Authorization": "Bearer no"})
        assert answer.status_code == 401, path


@pytest.mark.kill
async def test_model_process_ends_with_a_server_that_was_killed(data: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from quintet_server.engines.chat.engine import Chat\n"
        "from quintet_server.engines.chat.settings import AiSettings\n"
        "async def main():\n"
        "    chat = Chat(AiSettings(load_at_start=True), Path(sys.argv[1]))\n"
        "    await chat.start()\n"
        "    print('pid', *(one.pid for one in chat._local._starts), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(data)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            lines = iter(server.stdout.readline, "")
            pid = next(int(line.split()[1]) for line in lines if line.startswith("pid "))
        finally:
            server.kill()
    async with asyncio.timeout(60):
        while Path(f"/proc/{pid}").exists() and "Z" not in state(pid):
            await asyncio.sleep(0.02)


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
