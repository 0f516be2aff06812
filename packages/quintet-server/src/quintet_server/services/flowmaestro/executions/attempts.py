"""Running one node: its start, its attempts, its end, and what the log says about them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg
import structlog
from psycopg_pool import PoolTimeout

from quintet_server.engines.runs.model import Lost, Note
from quintet_server.services.flowmaestro.executions import events, outcome
from quintet_server.services.flowmaestro.executions.execution import Execution, Place
from quintet_server.services.flowmaestro.executions.outcome import Outcome
from quintet_server.services.flowmaestro.nodes.model import (
    Execute,
    NodeCall,
    NodeError,
    NodeResult,
)
from quintet_server.services.flowmaestro.nodes.registry import execute_once
from quintet_server.services.flowmaestro.workflow.definition import Node, RetryRules
from quintet_server.services.flowmaestro.workflow.schedule import Settled

_log = structlog.get_logger(__name__)

_ONCE = RetryRules()
# What talks to others over a network is tried again by itself, but only after errors that say that
# this may help.
_TALKERS = RetryRules(max_attempts=3)
_TALKER_TYPES = frozenset({"http", "llm", "router"})
# Over in a moment, by their own bounds.
_INSTANT_TYPES = frozenset({"input", "output", "templateOutput", "conditional", "switch"})


@dataclass(slots=True)
class Finished:
    """A node that has ended and is not written down yet; `output` is the outcome's, as JSON."""

    node: Node
    outcome: Outcome
    output: orjson.Fragment | None
    notes: list[Note]


class NodeRun:
    """One node, from its start to its end."""

    def __init__(self, execution: Execution, place: Place, node: Node) -> None:
        self.execution = execution
        self.node = node
        self.type = execution.compiled.type(node.id)
        self.key = place.key(node.id)
        self.notes: list[Note] = []
        self.started_at: datetime = execution.run.now()
        self.call = NodeCall(
            parts=execution.parts,
            project_id=execution.run.record.project_id,
            execution_id=execution.run.record.id,
            step_key=self.key,
            node=node,
            config=execution.compiled.config(node.id),
            scope=place.scope,
            inputs=execution.inputs,
            shared=execution.shared,
            emit=self._emit,
        )

    def _emit(self, type: str, data: Mapping[str, Any]) -> None:
        self.execution.run.note(events.node_told(self.node, self.key, type, data))

    def start(self) -> None:
        """Tell of the start together with the end: for what is over at once."""
        self.notes.append(events.node_started(self.node, self.key, self.started_at))

    async def begin(self) -> None:
        """Put the start on disk before anything happens."""
        before = self.execution.journal.step(self.key)
        starts = 1 if before is None else before.starts + 1
        note = events.node_started(self.node, self.key, self.started_at, starts)
        step = await self.execution.run.begin(self.key, note)
        self.call.starts = step.starts

    def done(self, result: NodeResult) -> Finished:
        """The node has done its work."""
        return self._finished(outcome.of_result(result))

    def failed(self, error: NodeError) -> Finished:
        """The node has failed for good."""
        definition, scope = self.execution.definition, self.call.scope
        return self._finished(outcome.of_failure(definition, self.node, error, scope))

    def _finished(self, ended: Outcome) -> Finished:
        output = None
        if ended.settled.kind != "failed":
            try:
                output = self.execution.journal.weigh(ended.output)
            except NodeError as error:
                if ended.error is None:
                    return self.failed(error)
                # Not even what the onError rule gives instead can be kept.
                told = {"message": error.message, "code": error.code}
                ended = Outcome(Settled("failed"), error=told)
        self.notes.append(self._told(ended, output))
        return Finished(self.node, ended, output, self.notes)

    def _told(self, ended: Outcome, output: orjson.Fragment | None) -> Note:
        if ended.error is not None:
            handled = ended.settled.kind == "handled"
            return events.node_failed(self.node, self.key, ended.error, handled=handled)
        took = self.execution.run.now() - self.started_at
        milliseconds = round(took.total_seconds() * 1000)
        return events.node_completed(self.node, self.key, output, milliseconds)


async def run_node(execution: Execution, place: Place, node: Node) -> Finished:
    """Run a node that does its work itself, with its retries, once there is a slot for it."""
    async with execution.slots:
        node_run = NodeRun(execution, place, node)
        if node_run.type.has_effect:
            await node_run.begin()
        else:
            node_run.start()
        rules = _rules(node)
        attempt = 1
        while True:
            try:
                return node_run.done(await _attempt(node_run))
            except NodeError as error:
                if not error.retryable or attempt >= rules.max_attempts:
                    return node_run.failed(error)
                await _pause(node_run, attempt, rules.delay_ms(attempt), error)
            attempt += 1


def _rules(node: Node) -> RetryRules:
    if node.retry is not None:
        return node.retry
    if node.type not in _TALKER_TYPES or "retryCount" in node.config:
        return _ONCE
    return _TALKERS


async def _attempt(node_run: NodeRun) -> NodeResult:
    """One attempt; whatever goes wrong is a node error."""
    execute = node_run.type.execute
    assert execute is not None  # loops and waits are run elsewhere
    if node_run.node.type in _INSTANT_TYPES:
        return await _guarded(node_run, execute)
    seconds = node_run.execution.parts.settings.node_timeout_seconds
    try:
        async with asyncio.timeout(seconds):
            return await _guarded(node_run, execute)
    except TimeoutError:
        message = f"The node did not end within {seconds:g} s"
        raise NodeError(message, "timeout", retryable=True) from None


async def _guarded(node_run: NodeRun, execute: Execute) -> NodeResult:
    try:
        return await execute_once(execute, node_run.call)
    except (NodeError, Lost):
        raise
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        message = "The database was not available"
        raise NodeError(message, "unavailable", retryable=True) from error
    except Exception as error:
        execution_id = node_run.call.execution_id
        _log.error("node_broke", execution=execution_id, step=node_run.key, exc_info=error)
        raise NodeError("Something went wrong on the server", "internal") from error


async def _pause(node_run: NodeRun, attempt: int, delay_ms: int, error: NodeError) -> None:
    run = node_run.execution.run
    run.note(events.node_retry(node_run.node, node_run.key, attempt + 1, delay_ms, error.message))
    until = run.now() + timedelta(milliseconds=delay_ms)
    await node_run.execution.alarm.until(until, run.now)
