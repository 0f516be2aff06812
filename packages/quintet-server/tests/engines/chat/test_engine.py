"""Which model answers, and what is refused before any is asked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from quintet_server.engines.chat import engine, local_models
from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.model import ChatMessage, ChatRefused, ChatUnavailable
from quintet_server.engines.chat.settings import AiSettings

from .conftest import MakeChat, Stub, ask

UNFINISHED = (ChatMessage("user", "go"), ChatMessage("assistant", "once"))


def put(data: Path, *names: str) -> Path:
    (data / "models").mkdir(parents=True, exist_ok=True)
    for name in names:
        (data / "models" / f"{name}.gguf").write_bytes(b"GGUF no model at all")
    return data


async def test_without_a_model_the_message_says_how_to_get_one(make_chat: MakeChat) -> None:
    chat = make_chat()
    assert not chat.is_available
    assert chat.name == ""
    assert await chat.models() == []
    with pytest.raises(ChatUnavailable) as caught:
        await chat.complete(ask())
    assert "quintet models install smollm2" in str(caught.value)
    assert "AI_BASE_URL" in str(caught.value)
    with pytest.raises(ChatUnavailable):
        await chat.count_tokens("x")


async def test_without_the_runner_the_message_names_the_extra(
    make_chat: MakeChat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (engine, local_models):
        monkeypatch.setattr(module, "is_runner_installed", lambda: False)
    chat = make_chat(put(tmp_path / "data", "one"))
    assert not chat.is_available
    for _ in range(2):
        with pytest.raises(ChatUnavailable, match="quintet-server\\[ai\\]"):
            await chat.complete(ask())


async def test_model_that_is_installed_later_is_found(make_chat: MakeChat, tmp_path: Path) -> None:
    chat = make_chat(tmp_path / "data")
    assert not chat.is_available
    put(tmp_path / "data", "late")
    assert chat.is_available
    assert chat.name == "late"


async def test_default_is_the_named_model_else_the_first(
    make_chat: MakeChat, tmp_path: Path
) -> None:
    data = put(tmp_path / "data", "b", "a", "c")
    assert make_chat(data).name == "a"
    assert make_chat(data, model="C").name == "c"
    assert make_chat(data, model="unknown").name == "a"
    elsewhere = put(tmp_path / "other", "own") / "models" / "own.gguf"
    chat = make_chat(data, model_path=elsewhere)
    assert [one.name for one in await chat.models()] == ["own", "a", "b", "c"]
    assert [one.is_default for one in await chat.models()] == [True, False, False, False]


async def test_path_to_nothing_is_named(make_chat: MakeChat, tmp_path: Path) -> None:
    chat = make_chat(model_path=tmp_path / "gone.gguf")
    assert not chat.is_available
    with pytest.raises(ChatUnavailable, match=r"gone\.gguf"):
        await chat.complete(ask())


async def test_file_that_is_no_model_is_told_once_and_remembered(
    make_chat: MakeChat, tmp_path: Path
) -> None:
    chat = make_chat(put(tmp_path / "data", "broken"))
    messages = []
    for _ in range(2):
        with pytest.raises(ChatUnavailable) as caught:
            await chat.complete(ask())
        messages.append(str(caught.value))
    assert "broken" in messages[0]
    assert messages[0] == messages[1]


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [(None, "upstream-1"), ("upstream-2", "upstream-2"), ("gpt-unknown", "upstream-1")],
)
async def test_unknown_name_falls_back_and_the_answer_says_who_answered(
    chat: Chat, stub: Stub, wanted: str | None, asked: str
) -> None:
    end = await chat.complete(ask(model=wanted))
    assert stub.chats[0].body["model"] == asked
    assert end.model == "upstream-1-2026"


async def test_list_of_models_is_asked_for_once(chat: Chat, stub: Stub) -> None:
    for _ in range(3):
        await chat.complete(ask(model="upstream-2"))
    assert [one.path for one in stub.asked].count("/v1/models") == 1


async def test_who_comes_while_the_first_list_is_under_way_waits_for_it(
    make_chat: MakeChat, stub: Stub
) -> None:
    stub.list_release.clear()
    chat = make_chat(base_url=stub.url)
    callers = [asyncio.create_task(chat.complete(ask())) for _ in range(5)]
    while not stub.asked:
        await asyncio.sleep(0)
    stub.list_release.set()
    assert [(await caller).text for caller in callers] == ["Hello"] * 5
    assert [one.path for one in stub.asked].count("/v1/models") == 1


async def test_first_list_that_was_given_up_is_asked_for_again(
    make_chat: MakeChat, stub: Stub
) -> None:
    stub.list_release.clear()
    chat = make_chat(base_url=stub.url)
    first, second = (asyncio.create_task(chat.complete(ask())) for _ in range(2))
    while not stub.asked:
        await asyncio.sleep(0)
    first.cancel()
    stub.list_release.set()
    assert (await second).text == "Hello"


async def test_server_without_a_list_answers_with_the_configured_model(
    chat: Chat, stub: Stub
) -> None:
    stub.models = None
    await chat.complete(ask(model="whatever"))
    assert stub.chats[0].body["model"] == "upstream-1"
    assert [one.name for one in await chat.models()] == ["upstream-1"]


async def test_without_a_configured_model_the_first_of_the_list_answers(
    make_chat: MakeChat, stub: Stub
) -> None:
    chat = make_chat(base_url=stub.url)
    await chat.complete(ask())
    assert stub.chats[0].body["model"] == "upstream-1"
    assert chat.name == "upstream-1"


async def test_without_a_configured_model_and_a_list_it_says_what_to_set(
    make_chat: MakeChat, stub: Stub
) -> None:
    stub.models = None
    with pytest.raises(ChatUnavailable, match="AI_MODEL"):
        await make_chat(base_url=stub.url).complete(ask())


async def test_local_models_are_listed_after_those_of_the_url(
    make_chat: MakeChat, stub: Stub, tmp_path: Path
) -> None:
    chat = make_chat(put(tmp_path / "data", "own"), base_url=stub.url, model="upstream-2")
    listed = [(one.name, one.provider) for one in await chat.models()]
    assert listed == [("upstream-2", "upstream"), ("upstream-1", "upstream"), ("own", "local")]
    # The file is no model: that it is asked at all shows the way.
    with pytest.raises(ChatUnavailable, match="own"):
        await chat.complete(ask(model="own"))
    assert stub.chats == []


async def test_what_a_model_can_do_follows_the_settings(
    make_chat: MakeChat, stub: Stub, tmp_path: Path
) -> None:
    local = make_chat(put(tmp_path / "data", "own"))
    assert (local.supports_tools, local.can_continue) == (False, True)
    upstream = make_chat(base_url=stub.url)
    assert (upstream.supports_tools, upstream.can_continue) == (True, False)
    assert not make_chat(base_url=stub.url, upstream_tools=False).supports_tools


async def test_tokens_of_a_foreign_model_are_estimated(chat: Chat) -> None:
    assert await chat.count_tokens("") == 0
    assert await chat.count_tokens("123456789") == 3
    # Nothing is put before the conversation: that is done to local models only.
    assert chat.estimated_prompt_tokens(ask("123456789")) == 3 + 5 + 3


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"messages": ()}, "message"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"continue_last": True}, "assistant"),
        (
            {"messages": UNFINISHED, "continue_last": True, "response_schema": {"type": "object"}},
            "schema",
        ),
    ],
)
async def test_request_that_cannot_work_is_refused_before_anybody_is_asked(
    chat: Chat, stub: Stub, fields: dict[str, Any], word: str
) -> None:
    with pytest.raises(ChatRefused, match=word):
        await chat.complete(ask(**fields))
    assert stub.asked == []


async def test_empty_beginning_to_continue_is_an_ordinary_request(chat: Chat, stub: Stub) -> None:
    messages = (ChatMessage("user", "go"), ChatMessage("assistant", ""))
    await chat.complete(ask(messages=messages, continue_last=True))
    assert stub.chats[0].body["messages"] == [{"role": "user", "content": "go"}]


@pytest.mark.parametrize("url", ["ftp://x/v1", "localhost:1234", "http://", "/v1"])
def test_setting_of_a_url_that_is_none_is_a_mistake(url: str) -> None:
    with pytest.raises(ValidationError, match="http"):
        AiSettings(base_url=url)


def test_settings_are_read_from_short_and_long_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_BASE_URL", "http://one/v1/")
    monkeypatch.setenv("AI_API_KEY", "short")
    monkeypatch.setenv("QUINTET_AI_API_KEY", "long")
    monkeypatch.setenv("AI_MODEL", "")
    settings = AiSettings()
    assert settings.base_url == "http://one/v1"
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "long"
    assert settings.model is None
    assert "long" not in repr(settings)
