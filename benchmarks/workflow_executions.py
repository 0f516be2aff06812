"""How many executions of a five-node workflow end per second, and what does a node cost?

Ten callers start executions over HTTP as fast as they are let; the rate is executions by the wall
time until the last has ended. The nodes do nothing that takes time, so what is left is the engine:
one step and three events a node, on disk (fsync on). The baseline writes the same rows into the
smallest possible tables of the same PostgreSQL, with as many connections and in as many committed
transactions an execution. What a node costs is the difference between workflows of 25 and of 5
nodes, by twenty.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks import workflows
from benchmarks.proc import cpu_seconds
from benchmarks.process import Process
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import Spread, interleave, paired
from benchmarks.workflows import SETTINGS, apply

QUESTION = "executions per second of a five-node workflow, ten callers"
CONCURRENCY = 10
FEW, MANY = 5, 25


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` takes fewer executions and repetitions."""
    count, repetitions = (200, 3) if quick else (1000, 7)
    report = Report("workflow_executions", QUESTION)
    server_cpu: dict[str, list[float]] = {}
    with ExitStack() as stack:
        server = stack.enter_context(running_server(SETTINGS))
        apply(server, *_definitions())

        module, url = "benchmarks.contenders.workflow_executions", server.database_url
        api = (str(port_of(server)), server.key("flowmaestro"), url)
        contenders = {
            who: stack.enter_context(Process(module, who, str(CONCURRENCY), *where))
            for who, where in (("psycopg", (url,)), ("http", api))
        }

        def contender(who: str, nodes: int) -> Callable[[], float]:
            running = contenders[who]
            running.work(count // 5 * 100 + nodes)

            def measure() -> float:
                before = cpu_seconds(server.pid)
                seen = running.work(count * 100 + nodes)
                spent = cpu_seconds(server.pid) - before
                server_cpu.setdefault(f"{who} {nodes}", []).append(spent / count * 1e6)
                return count / float(seen["wall"])

            return measure

        rates = interleave(
            {
                f"{who} {nodes}": contender(who, nodes)
                for nodes in (FEW, MANY)
                for who in contenders
            },
            repetitions,
            progress,
        )
    for nodes in (FEW, MANY):
        base = report.add(
            f"bare psycopg, rows of {nodes} nodes", "runs/s", rates[f"psycopg {nodes}"]
        )
        ours = rates[f"http {nodes}"]
        report.add(f"executions, {nodes} nodes", "runs/s", ours, versus=base)
    per_node = {
        who: _per_node(rates[f"{who} {FEW}"], rates[f"{who} {MANY}"]) for who in ("psycopg", "http")
    }
    base = report.add("bare psycopg, each further node", "µs", per_node["psycopg"])
    report.add("executions, each further node", "µs", per_node["http"], versus=base)
    for nodes in (FEW, MANY):
        label = f"CPU of the server's process, {nodes} nodes"
        report.add(label, "µs/execution", server_cpu[f"http {nodes}"])
    share = paired(rates[f"http {FEW}"], rates[f"psycopg {FEW}"], lambda a, b: a / b)
    report.goals.append(
        Goal(f"executions of {FEW} nodes / bare", Spread.of(share).median, 0.25, at_least=True)
    )
    report.goals.append(Goal("each further node, µs", Spread.of(per_node["http"]).median, 500.0))
    report.notes.append("load generator, server and PostgreSQL share the cores listed in the file")
    return report


def _definitions() -> list[dict[str, object]]:
    return [workflows.quick(f"bench{nodes}", nodes) for nodes in (FEW, MANY)]


def _per_node(few: list[float], many: list[float]) -> list[float]:
    return paired(many, few, lambda a, b: (1 / a - 1 / b) / (MANY - FEW) * 1e6)
