"""Nodes that do nothing but wait: for an instant (wait) or for a person (humanReview).

Neither occupies one of the execution's slots. What they wait for is written down, so that a process
need not live as long as the wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from quintet_server.services.flowmaestro.executions.attempts import Finished, NodeRun
from quintet_server.services.flowmaestro.executions.execution import Execution, Place, Question
from quintet_server.services.flowmaestro.nodes import human_review, wait
from quintet_server.services.flowmaestro.nodes.config import NodeConfig
from quintet_server.services.flowmaestro.nodes.model import NodeError, NodeResult
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.workflow.definition import Node


def answer_key(key: str) -> str:
    """The step that holds the answer to the review of a step."""
    return f"{key}/answer"


async def run_wait(execution: Execution, place: Place, node: Node) -> Finished:
    """Wait in database time; a wait begun by an earlier segment ends when it would have ended."""
    run = execution.run
    node_run = NodeRun(execution, place, node)
    node_run.start()
    step = execution.journal.step(node_run.key)
    if step is not None and step.state == "waiting" and step.wake_at is not None:
        until = step.wake_at
        node_run.started_at = step.started_at or node_run.started_at
    else:
        try:
            plan = wait.plan(node_run.call, node_run.started_at)
        except NodeError as error:
            return node_run.failed(error)
        if isinstance(plan, NodeResult):
            return node_run.done(plan)
        until = plan.until
    # The start is told when the wait is written down.
    told, node_run.notes = node_run.notes, []
    with execution.idleness.waiting(node_run.key, until):
        await run.wait_step(node_run.key, until, *told)
    result = wait.finished(node_run.call.config, node_run.started_at, run.now())
    return node_run.done(result)


async def run_review(execution: Execution, place: Place, node: Node) -> Finished:
    """Take the answer if there is one, else wait until the execution is paused for it."""
    node_run = NodeRun(execution, place, node)
    answered = execution.journal.step(answer_key(node_run.key))
    try:
        if answered is not None and answered.state == "done":
            config = resolved(node_run.call.config, place.scope)
            node_run.started_at = answered.started_at or node_run.started_at
            return node_run.done(human_review.answer(config, answered.output))
        node_run.start()
        plan = human_review.plan(node_run.call)
    except NodeError as error:
        return node_run.failed(error)
    if isinstance(plan, NodeResult):
        return node_run.done(plan)
    question = Question(node, node_run.key, plan.context, tuple(node_run.notes))
    with execution.idleness.reviewing(node_run.key, question):
        while True:  # the pause ends the segment, and this with it
            await asyncio.Event().wait()


def check_answer(node: Node, config: NodeConfig, context: Mapping[str, Any], value: Any) -> None:
    """See whether an answer can be taken, by the rules that the question was shown with.

    Raises:
        NodeError: it is missing, of another type, or breaks a rule.
    """
    shown = {
        "prompt": context.get("prompt"),
        "inputType": context.get("input_type"),
        "defaultValue": context.get("default_value"),
        "options": context.get("options"),
        "validation": context.get("validation"),
    }
    given = {name: value for name, value in shown.items() if value is not None}
    human_review.answer(type(config).model_validate({**node.config, **given}), value)
