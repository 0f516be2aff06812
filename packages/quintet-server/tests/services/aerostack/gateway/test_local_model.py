"""The gateway with a real, small model on this machine: structure is checked, never wording."""

from __future__ import annotations

from pathlib import Path

from quintet_server.services.aerostack.service import service
from quintet_server.services.aerostack.settings import AerostackSettings

from ... import serving
from ..talking import DONE, HI, Talk, bearer


async def test_real_model_streams_counts_and_fills_in_a_form(
    local_model: str, database_url: str, tmp_path: Path
) -> None:
    async with (
        serving.running(service(AerostackSettings()), database_url, tmp_path / "data") as runtime,
        serving.listening(runtime) as url,
        Talk.of(runtime, url, "default") as talk,
    ):
        talk.folder = tmp_path
        key = await talk.consumer(balance=10_000)
        path = "/ai/gateway/default/chat/completions"
        body = {"max_tokens": 8, "stream_options": {"include_usage": True}}
        async with talk.streaming(path, body, headers=bearer(key)) as (_, frames):
            *chunks, usage, done = [frame async for frame in frames]
        assert (done, {chunk["model"] for chunk in chunks}) == (DONE, {local_model})
        total = usage["usage"]["total_tokens"]
        assert 0 < usage["usage"]["completion_tokens"] <= 8
        assert (await talk.wallet(key))["total_consumed"] == total
        # Left in the middle: the model's own tokenizer counts what there was.
        async with talk.streaming(path, {"max_tokens": 400}, headers=bearer(key)) as (_, frames):
            for _ in range(4):
                await anext(frames)
        [(note,)] = await talk.eventually(
            "SELECT note FROM aerostack_gateway_ledger WHERE note @> '{\"is_complete\": false}'"
        )
        assert 1 <= note["completion_tokens"] < 400
        city = {"type": "string", "enum": ["Oslo", "Rome"]}
        parameters = {"type": "object", "properties": {"city": city}, "required": ["city"]}
        tool = {"type": "function", "function": {"name": "weather", "parameters": parameters}}
        answer = await talk.complete(key, tools=[tool], tool_choice="required", messages=HI)
        [call] = answer.json()["choices"][0]["message"]["tool_calls"]
        assert call["function"]["name"] == "weather"
        assert call["function"]["arguments"] in ('{"city":"Oslo"}', '{"city":"Rome"}')
