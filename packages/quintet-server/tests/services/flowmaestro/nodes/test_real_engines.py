"""The nodes on what they are made for: the real small model, real embeddings, real knowledge.

What the model says is nobody's business here; that its answer has the promised form is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from quintet_server.engines.chat.engine import Chat
from quintet_server.engines.chat.settings import AiSettings
from quintet_server.engines.embed.engine import Embeddings
from quintet_server.services.flowmaestro.nodes.memory import SharedMemory
from quintet_server.services.flowmaestro.nodes.registry import REGISTRY

pytestmark = pytest.mark.timeout(300)


@pytest_asyncio.fixture(loop_scope="session")
async def chat(smollm2: Path, tmp_path: Path) -> AsyncIterator[Chat]:
    chat = Chat(AiSettings(model_path=smollm2), tmp_path)
    yield chat
    await chat.stop()


async def test_llm_with_the_real_model_counts_tokens_and_names_it(run, chat, smollm2):
    config = {"provider": "anthropic", "model": "claude", "prompt": "Say hello", "maxTokens": 12}
    output = (await run("llm", config, {}, chat=chat)).output
    assert isinstance(output["text"], str)
    assert output["text"]
    assert output["model"] == smollm2.stem
    usage = output["usage"]
    assert 0 < usage["completionTokens"] <= 12
    assert usage["totalTokens"] == usage["promptTokens"] + usage["completionTokens"]


async def test_router_with_the_real_model_always_takes_one_of_its_routes(run, chat):
    config = {
        "prompt": "My invoice is wrong",
        "outputVariable": "r",
        "routes": [{"value": "billing"}, {"value": "tech"}],
    }
    result = await run("router", config, {}, chat=chat)
    assert result.output["r"] in ("billing", "tech")
    assert result.output["_routerMetadata"]["method"] == "model"
    assert result.output["_routerMetadata"]["isDefault"] is False


async def test_memory_with_real_embeddings_finds_what_is_meant(run):
    pytest.importorskip("wordllama")
    embedder = Embeddings()
    memory = SharedMemory()
    memory.restore({"a": "The invoice was paid in full", "b": "Cats hunt mice at night"})
    config = {"operation": "search", "searchQuery": "payment of a bill", "similarityThreshold": 0.2}
    result = await run("shared-memory", config, {}, shared=memory, embedder=embedder)
    await embedder.stop()
    assert result.output["method"] == "embeddings"
    assert [one["key"] for one in result.output["results"]] == ["a"]


@pytest.fixture
def knowledge(api: Any) -> Any:
    """Of the running service, what searching uses."""
    runtime = api.runtime
    return {"db": runtime.db, "embedder": runtime.embedder, "vectors": runtime.vectors}


async def test_knowledge_query_finds_documents_of_its_project_only(
    api, knowledge, call_of, tmp_path
):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "password.md").write_text("To change a password, open the account page.")
    spec = {"documents": [{"path": "docs"}]}
    await api.apply(tmp_path, {"kind": "knowledge_base", "name": "help", "spec": spec})
    async with asyncio.timeout(60):
        while (await api.data("/knowledge-bases/kb_help"))["documents"]["pending"]:
            await asyncio.sleep(0.02)
    config = {"knowledgeBaseId": "help", "query": "How do I change my password?", "threshold": 0.1}
    call = call_of("knowledgeBaseQuery", config, {}, **knowledge)
    call.project_id = api.project_id
    data = (await REGISTRY.execute(call)).output["data"]
    assert data["topResult"]["documentName"].endswith("password.md")
    assert 0.1 <= data["topResult"]["similarity"] <= 1
    assert "account page" in data["combinedText"]

    call.project_id = "prj_another"
    output = (await REGISTRY.execute(call)).output
    assert output["success"] is False
    assert "help" in output["error"]


async def test_nodes_run_in_a_real_workflow(api, tmp_path):
    nodes = {
        "in": {"type": "input", "config": {"inputName": "orders", "inputType": "json"}},
        "big": {
            "type": "transform",
            "config": {
                "operation": "filter",
                "inputData": "{{orders}}",
                "expression": "item.total >= 10",
                "outputVariable": "large",
            },
        },
        "any": {"type": "if", "config": {"leftValue": "{{large}}", "operator": "isNotEmpty"}},
        "yes": {
            "type": "output",
            "config": {"outputName": "ids", "value": "{{large}}", "format": "json"},
        },
        "no": {
            "type": "output",
            "config": {"outputName": "none", "value": True, "format": "boolean"},
        },
    }
    edges = [
        {"source": "in", "target": "big"},
        {"source": "big", "target": "any"},
        {"source": "any", "target": "yes", "sourceHandle": "true"},
        {"source": "any", "target": "no", "sourceHandle": "false"},
    ]
    spec = {"nodes": nodes, "edges": edges}
    await api.apply(tmp_path, {"kind": "workflow", "name": "orders", "spec": spec})
    for orders, outputs in (
        ([{"total": 9}, {"total": 10}], {"ids": [{"total": 10}]}),
        ([{"total": 1}], {"none": True}),
    ):
        answer = await api.post("/workflows/wf_orders/execute", {"inputs": {"orders": orders}})
        id = answer.json()["data"]["execution_id"]
        async with asyncio.timeout(60):
            while (found := await api.data(f"/executions/{id}"))["status"] in (
                "pending",
                "running",
            ):
                await asyncio.sleep(0.02)
        assert found["outputs"] == outputs, found


def test_parts_a_node_may_use_exist_in_the_running_service():
    from quintet_server.services.flowmaestro.context import FlowMaestro

    wanted = {"settings", "http", "allow_private_targets", "chat", "embedder"}
    assert wanted <= set(FlowMaestro.__dataclass_fields__)
