"""`python -m benchmarks [names…] [--quick]`: ask questions, print tables, write dated results.

A name is that of a question, or the first word of several: `native` asks every `native_…`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks.report import RESULTS, Report, render, save

QUESTIONS = [
    "get_job_cpu",
    "get_execution_cpu",
    "concurrent_calls",
    "sse_decoding",
    "import_time",
    "worker_throughput",
    "enqueue_to_done",
    "start_latency",
    "server_memory",
    "workflow_executions",
    "execution_start",
    "event_subscribers",
    "chat_tokens",
    "knowledge_query",
    "aerostack_import_time",
    "ai_chat_cpu",
    "file_transfers",
    "cache_operations",
    "database_queries",
    "hostile_neighbour",
    "tenant_query",
    "tenant_rows",
    "page_render",
    "agent_events",
    "agent_streams",
    "get_me_cpu",
    "redirects",
    "dashboard",
    "campaign_cpu",
    "native_get",
    "native_layer",
    "native_concurrent",
    "native_tls",
    "native_download",
    "native_sse",
    "native_construction",
]


def chosen_by(names: Sequence[str]) -> list[str]:
    """Return the questions of these names, each once; all if there are none.

    Raises:
        LookupError: There is nothing of a name.
    """
    chosen: dict[str, None] = {}
    for name in names:
        found = [each for each in QUESTIONS if each == name or each.startswith(f"{name}_")]
        if not found:
            raise LookupError(f"no such question: {name}")
        chosen.update(dict.fromkeys(found))
    return list(chosen) or QUESTIONS


def ask(name: str, *, quick: bool) -> Report:
    """Answer one question: print it, keep it."""
    module = importlib.import_module(f"benchmarks.{name}")
    started = time.monotonic()
    report: Report = module.run(quick=quick, progress=_progress(name))
    _clear()
    print(render(report))
    path = save(report, quick=quick)
    print(
        f"  {time.monotonic() - started:.0f} s, kept in {path.relative_to(RESULTS.parent.parent)}"
    )
    print(flush=True)
    return report


def _progress(name: str) -> Callable[[str], None]:
    def show(step: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{name} {step}")
            sys.stderr.flush()

    return show


def _clear() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


def main(arguments: list[str]) -> int:
    """Return 0, also when a goal is missed: a number is an answer, not a failure."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of: {', '.join(QUESTIONS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher numbers")
    options = parser.parse_args(arguments)
    try:
        chosen = chosen_by(options.names)
    except LookupError as error:
        parser.error(str(error))
    reports = [ask(name, quick=options.quick) for name in chosen]
    missed = [f"{r.name}: {goal.text}" for r in reports for goal in r.goals if not goal.met]
    print(f"goals missed: {'; '.join(missed)}" if missed else "every goal met")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
