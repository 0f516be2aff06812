"""The published `openai` client 3.54.0, unmodified, with our gateway as its base URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compat.published_client import Interpreter, PublishedError
from tests.support.model_server import NAME, ModelServer
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = [pytest.mark.compat, pytest.mark.xdist_group("published")]

HI = [{"role": "user", "content": "Hi"}]
CREATE = "chat.completions.create"
CONSUMERS = """
service: aerostack
kind: gateway-consumer
name: rich
spec: {balance: 1000000}
---
service: aerostack
kind: gateway-consumer
name: poor
spec: {balance: 0}
"""


class Openai:
    """The client in one of its forms; calls are made in its own process."""

    def __init__(self, interpreter: Interpreter, is_async: bool, base_url: str, key: str) -> None:
        self._interpreter = interpreter
        self._made = {
            "is_async": is_async,
            "with": {"base_url": base_url, "api_key": key, "timeout": 20},
        }

    def call(self, method: str, **kwargs: Any) -> Any:
        return self._interpreter.do(**self._made, method=method, kwargs=kwargs)

    def stream(self, *, leave_after: int | None = None, **kwargs: Any) -> Iterator[dict[str, Any]]:
        kwargs = {"model": NAME, "messages": HI, "stream": True, **kwargs}
        return self._interpreter.watch(
            **self._made, method=CREATE, kwargs=kwargs, leave_after=leave_after
        )


Connect = Callable[..., Openai]


@pytest.fixture(scope="module")
def openai_interpreter(python: Path) -> Iterator[Interpreter]:
    running = Interpreter(python, "openai_client.py")
    yield running
    running.close()


@pytest.fixture(scope="module")
def keys(
    shared_flowmaestro: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """A key of every consumer, and one of the project."""
    file = tmp_path_factory.mktemp("consumers") / "consumers.yaml"
    file.write_text(CONSUMERS)
    shared_flowmaestro.apply(file)
    return {
        "rich": shared_flowmaestro.consumer_key("rich"),
        "poor": shared_flowmaestro.consumer_key("poor"),
        "no right to chat": shared_flowmaestro.new_key("aerostack", "cache"),
    }


@pytest.fixture(params=["sync", "async"])
def connect(
    request: pytest.FixtureRequest,
    openai_interpreter: Interpreter,
    flowmaestro: ServerProcess,
    keys: dict[str, str],
) -> Connect:
    """`connect("poor")`: the client with a key of that name."""

    def make(name: str = "rich", *, path: str = "", key: str = "") -> Openai:
        base_url = f"{flowmaestro.url}{path or '/v1/ai/gateway/default'}"
        is_async = request.param == "async"
        return Openai(openai_interpreter, is_async, base_url, key or keys[name])

    return make


@pytest.mark.parametrize("path", ["/v1/ai/gateway/default", "/api/gateway/default/v1"])
def test_answer_is_a_completion(connect: Connect, path: str) -> None:
    answer = connect(path=path).call(CREATE, model=NAME, messages=HI, temperature=0)
    [choice] = answer["choices"]
    assert choice["message"]["content"] == "You said: Hi"
    assert (choice["message"]["role"], choice["finish_reason"]) == ("assistant", "stop")
    assert answer["usage"]["total_tokens"] == 8
    assert (answer["object"], answer["model"]) == ("chat.completion", NAME)


def test_stream_is_read_to_its_end(connect: Connect) -> None:
    chunks = list(connect().stream())
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta["content"] or "" for delta in deltas) == "You said: Hi"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks][-1] == "stop"
    assert all(chunk["usage"] is None for chunk in chunks)


def test_stream_ends_with_usage_when_it_is_asked_for(connect: Connect) -> None:
    *_, last = connect().stream(stream_options={"include_usage": True})
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 8


def test_models_are_listed(connect: Connect) -> None:
    assert NAME in [one["id"] for one in connect().call("models.list")["data"]]
    assert connect().call("models.retrieve", model=NAME)["object"] == "model"


def test_embeddings_come_as_numbers(connect: Connect) -> None:
    texts = ["red apple", "green pear"]
    answer = connect().call("embeddings.create", model="wordllama", input=texts)
    first, second = (one["embedding"] for one in answer["data"])
    assert len(first) == len(second) == 256
    assert isinstance(first[0], float)
    floats = connect().call(
        "embeddings.create", model="wordllama", input=texts, encoding_format="float"
    )
    assert floats["data"][1]["embedding"] == pytest.approx(second, abs=1e-6)


def refused(client: Openai, method: str = CREATE, **kwargs: Any) -> PublishedError:
    body = {"model": NAME, "messages": HI, **kwargs} if method == CREATE else kwargs
    with pytest.raises(PublishedError) as caught:
        client.call(method, **body)
    return caught.value


def test_unknown_key_is_an_authentication_error(connect: Connect) -> None:
    error = refused(connect(key="ask_live_nothing"))
    assert (error.kind, error.status, error.code) == ("AuthenticationError", 401, "invalid_api_key")
    assert "This consumer key is not valid" in str(error)
    assert error.request_id


def test_odd_value_is_a_bad_request_with_its_parameter(connect: Connect) -> None:
    error = refused(connect(), temperature=3)
    assert (error.kind, error.status) == ("BadRequestError", 400)
    assert (error.param, error.type) == ("temperature", "invalid_request_error")


def test_unknown_api_and_model_are_not_found(connect: Connect) -> None:
    error = refused(connect(path="/v1/ai/gateway/nothing"))
    assert (error.kind, error.status) == ("NotFoundError", 404)
    error = refused(connect(), "models.retrieve", model="nothing")
    assert (error.kind, error.code) == ("NotFoundError", "model_not_found")


def test_empty_wallet_is_a_rate_limit_error_that_is_not_repeated(
    connect: Connect, model: ModelServer
) -> None:
    before = len(model.requests)
    error = refused(connect("poor"))
    assert (error.kind, error.status) == ("RateLimitError", 429)
    assert error.code == "insufficient_quota"
    assert len(model.requests) == before


def test_key_without_the_right_is_a_permission_error(connect: Connect) -> None:
    error = refused(connect("no right to chat"))
    assert (error.kind, error.status) == ("PermissionDeniedError", 403)


def test_server_without_a_model_is_an_internal_server_error(
    openai_interpreter: Interpreter, server: ServerProcess
) -> None:
    base_url = f"{server.url}/v1/ai/gateway/default"
    for is_async in (False, True):
        client = Openai(openai_interpreter, is_async, base_url, server.key("aerostack"))
        error = refused(client)
        assert (error.kind, error.status) == ("InternalServerError", 503)
        assert "AI_BASE_URL" in str(error)


def test_stream_that_is_left_stops_the_model_and_pays_for_what_came(
    connect: Connect, flowmaestro: ServerProcess, keys: dict[str, str], model: ModelServer
) -> None:
    def consumed() -> int:
        answer = httpx.get(
            f"{flowmaestro.url}/v1/ai/gateway/me/wallet?api_slug=default",
            headers={"Authorization": f"Bearer {keys['rich']}"},
            trust_env=False,
            timeout=60,
        )
        wallet = answer.raise_for_status().json()["wallet"]
        return -1 if wallet["reserved"] else int(wallet["total_consumed"])

    before = consumed()
    model.hung_up.clear()
    words = " ".join(["word"] * 400)
    model.go_on.clear()
    try:
        messages = [{"role": "user", "content": words}]
        pieces = list(connect().stream(messages=messages, leave_after=3))
        assert len(pieces) == 3
        # Half of the answer, or less; and the prompt: at a token for every four bytes.
        until(lambda: consumed() > before)
        assert consumed() - before < 500 + 260
    finally:
        model.go_on.set()
    assert model.hung_up.wait(60)
