"""`sdk.ai` on the server: chats in one piece and in chunks, embeddings, managed search."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from aerostack import SDK, errors
from tests.e2e.aerostack.faces import Face
from tests.support.aerostack import AerostackServer
from tests.support.model_server import NAME, ModelServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

HI = {"messages": [{"role": "user", "content": "Hi there"}]}
TEXTS = {
    "parcel": ("Parcels are delivered within two days.", "faq", {"lang": "en", "n": 1}),
    "password": ("Choose a new password on the settings page.", "faq", {"lang": "en", "n": 2}),
    "cake": ("Bake the cake for forty minutes.", "recipe", {"lang": "en"}),
}


async def test_chat_has_both_shapes_at_once(face: Face, sdk: SDK) -> None:
    found = await face.do(sdk.ai.ai_chat, HI)
    assert found.response == "You said: Hi there"
    assert (found.object, found.model) == ("chat.completion", NAME)
    [choice] = found.choices
    assert (choice.index, choice.message.role, choice.message.content, choice.finish_reason) == (
        0,
        "assistant",
        "You said: Hi there",
        "stop",
    )
    usage = found.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (5, 4, 9)


async def test_options_reach_the_model(face: Face, sdk: SDK, aerostack_model: ModelServer) -> None:
    system = {"role": "system", "content": "Be brief."}
    request = {
        "messages": [system, *HI["messages"]],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 50,
        "stop": ["\n"],
    }
    await face.do(sdk.ai.ai_chat, request)
    sent = aerostack_model.requests[-1]
    assert sent["messages"] == request["messages"]
    assert (sent["temperature"], sent["top_p"]) == (0.5, 0.9)
    assert (sent.get("max_tokens") or sent.get("max_completion_tokens")) == 50
    assert sent["stop"] == ["\n"]


@pytest.mark.parametrize(
    ("field", "value"), [("temperature", 3), ("top_p", -1), ("max_tokens", 0), ("messages", [])]
)
async def test_option_out_of_bounds_names_its_field(
    face: Face, sdk: SDK, field: str, value: object
) -> None:
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.ai.ai_chat, {**HI, field: value})
    assert (caught.value.status_code, caught.value.data.code) == (400, "VALIDATION_ERROR")
    assert caught.value.data.details is not None
    assert list(caught.value.data.details["fieldErrors"]) == [field]


async def test_stream_comes_in_chunks_with_usage_at_its_end(face: Face, sdk: SDK) -> None:
    request = {**HI, "stream": True, "stream_options": {"include_usage": True}}
    stream = await face.do(sdk.ai.ai_chat, request)
    chunks = await face.all(stream)
    assert [chunk.text for chunk in chunks if chunk.text] == ["You ", "said: ", "Hi ", "there"]
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert stream.usage.total_tokens == 9


async def test_stream_that_is_left_stops_the_model(
    face: Face, sdk: SDK, aerostack_model: ModelServer
) -> None:
    # More than the sockets on the way hold, so that the model notices.
    words = " ".join(["word"] * 20_000)
    aerostack_model.hung_up.clear()
    aerostack_model.go_on.clear()
    try:
        request = {"messages": [{"role": "user", "content": words}]}
        stream = await face.do(sdk.ai.ai_chat_stream, request)
        while not (await (anext(stream) if face.is_async else face.finish(next(stream)))).text:
            pass
        await face.close(stream)
    finally:
        aerostack_model.go_on.set()
    assert await asyncio.to_thread(aerostack_model.hung_up.wait, 10)


async def test_refused_stream_is_the_error_of_the_call(face: Face) -> None:
    nobody = face.sdk("ac_secret_nobody")
    stream = await face.do(nobody.ai.ai_chat_stream, HI)
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.all(stream)
    assert (caught.value.status_code, caught.value.data.code) == (401, "AUTH_INVALID_KEY")


async def test_embedding_is_a_vector_of_its_text(face: Face, sdk: SDK) -> None:
    one = await face.do(sdk.ai.embed, {"text": "a parcel"})
    same = await face.do(sdk.ai.embed, {"text": "a parcel", "model": "@cf/baai/bge-base-en-v1.5"})
    assert one.embedding == same.embedding
    assert one.model == same.model
    assert math.isclose(math.hypot(*one.embedding), 1, rel_tol=1e-3)


async def ingest(face: Face, sdk: SDK) -> None:
    for id, (content, type, metadata) in TEXTS.items():
        request: dict[str, Any] = {"id": id, "content": content, "type": type}
        found = await face.do(sdk.ai.ingest, {**request, "metadata": metadata})
        assert (found.success, found.id) == (True, id)


async def test_texts_are_found_by_meaning_type_and_metadata(face: Face, sdk: SDK) -> None:
    await ingest(face, sdk)

    async def ids(**more: Any) -> list[str]:
        question = {"text": "When are my parcels delivered?", **more}
        return [item.id for item in (await face.do(sdk.ai.query, question)).results]

    assert (await ids())[0] == "parcel"
    assert await ids(top_k=1) == ["parcel"]
    assert set(await ids(types=["recipe"])) <= {"cake"}
    assert set(await ids(filter={"n": 2})) <= {"password"}
    assert await ids(types=["faq"], filter={"n": 1}) == ["parcel"]
    [best] = (await face.do(sdk.ai.query, {"text": "parcels", "topK": 1})).results
    content, type, metadata = TEXTS["parcel"]
    assert (best.content, best.type, best.metadata) == (content, type, metadata)
    assert 0 < best.score <= 1


async def test_texts_are_read_changed_counted_and_deleted(face: Face, sdk: SDK) -> None:
    await ingest(face, sdk)
    ai = sdk.ai
    types = (await face.do(ai.list_types)).types
    assert {(each.type, each.count) for each in types} == {("faq", 2), ("recipe", 1)}
    assert (await face.do(ai.search_count)).count == 3
    assert (await face.do(ai.search_count, {"type": "faq"})).count == 2

    updated = {"id": "cake", "content": "Let the cake cool down."}
    assert (await face.do(ai.search_update, updated)).success is True
    found = await face.do(ai.search_get, {"id": "cake"})
    assert found.exists is True
    assert (found.result.content, found.result.type) == ("Let the cake cool down.", "recipe")

    assert (await face.do(ai.delete, {"id": "cake"})).success is True
    gone = await face.do(ai.search_get, {"id": "cake"})
    assert (gone.exists, gone.result) == (False, None)
    assert (await face.do(ai.delete_by_type, {"type": "faq"})).success is True
    assert (await face.do(ai.search_count)).count == 0


async def test_text_without_id_gets_one_and_one_with_it_is_replaced(face: Face, sdk: SDK) -> None:
    made = await face.do(sdk.ai.ingest, {"content": "one", "type": "t"})
    assert made.id
    replaced = {"content": "two", "type": "t", "id": made.id}
    await face.do(sdk.ai.ingest, replaced)
    assert (await face.do(sdk.ai.search_count)).count == 1
    assert (await face.do(sdk.ai.search_get, {"id": made.id})).result.content == "two"


async def test_language_is_configured(face: Face, sdk: SDK, server: AerostackServer) -> None:
    assert (await face.do(sdk.ai.configure, {"embedding_model": "english"})).success is True
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.ai.configure, {"embedding_model": "klingon"})
    assert caught.value.status_code == 400


async def test_other_project_finds_nothing(face: Face, sdk: SDK, server: AerostackServer) -> None:
    await ingest(face, sdk)
    other = face.sdk(server.project())
    assert (await face.do(other.ai.query, {"text": "parcels"})).results == []
    assert (await face.do(other.ai.search_get, {"id": "cake"})).exists is False
