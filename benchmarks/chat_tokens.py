"""How many tokens per second arrive through the whole stack, next to the library behind it alone?

The same small model, settings and prompt. The baseline calls xllamacpp inside its process and looks
at every piece; the engine adds a process of its own for the model, HTTP and an event stream on
loopback, and the asyncio generator that a caller reads; the stack adds an agent's turn as a durable
run, the event log, and the SDK that streams it. The baseline's threads wait as the engine's do,
asleep; left to themselves they spin, and a busy machine makes that a measurement of its other work.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.contenders.chat import ANSWER_TOKENS, SYSTEM
from benchmarks.process import ROOT, Process
from benchmarks.report import Goal, Report
from benchmarks.service import running_server
from benchmarks.statistics import Spread, interleave, paired
from benchmarks.workflows import SETTINGS, apply
from quintet_server.engines.chat.installing import install
from quintet_server.engines.chat.known_models import KNOWN_MODELS

QUESTION = "tokens per second of one streamed answer, small local model"
MILLI = 1e3
ASLEEP = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
WHO = ("xllamacpp", "engine", "stack")


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` generates less. The model is installed into the caches of the repository."""
    count, repetitions = (100, 3) if quick else (400, 7)
    report = Report("chat_tokens", QUESTION)
    data_dir = ROOT / ".cache" / "benchmarks"
    install(KNOWN_MODELS["smollm2"], data_dir)
    first: dict[str, list[float]] = {name: [] for name in WHO}
    with ExitStack() as stack:
        settings = {**SETTINGS, "QUINTET_AI_PARALLEL_COUNT": "1"}
        settings["QUINTET_AI_MODEL_PATH"] = str(data_dir / "models" / "smollm2.gguf")
        server = stack.enter_context(running_server(settings))
        spec = {"system_prompt": SYSTEM, "temperature": 0.2, "max_tokens": ANSWER_TOKENS}
        document = {"service": "flowmaestro", "kind": "agent", "name": "teller", "spec": spec}
        apply(server, document)

        def contender(name: str) -> Callable[[], float]:
            where = server.url if name == "stack" else str(data_dir)
            environ = {**ASLEEP, "FLOWMAESTRO_API_KEY": server.key("flowmaestro")}
            process = stack.enter_context(
                Process("benchmarks.contenders.chat", name, where, environ=environ)
            )
            process.work(20)

            def measure() -> float:
                seen = process.work(count)
                first[name].append(seen["first"] * MILLI)
                return float(seen["tokens"] / seen["wall"])

            return measure

        rates = interleave({name: contender(name) for name in WHO}, repetitions, progress)
    base = report.add("xllamacpp in process", "tokens/s", rates["xllamacpp"])
    report.add("chat engine", "tokens/s", rates["engine"], versus=base)
    report.add("whole stack", "tokens/s", rates["stack"], versus=base)
    start = report.add("xllamacpp, first token", "ms", first["xllamacpp"])
    report.add("chat engine, first token", "ms", first["engine"], versus=start)
    report.add("whole stack, first token", "ms", first["stack"], versus=start)
    for name, shown in (("engine", "chat engine"), ("stack", "whole stack")):
        ratio = Spread.of(paired(rates[name], rates["xllamacpp"], lambda a, b: a / b)).median
        report.goals.append(Goal(f"{shown} / xllamacpp", ratio, 0.9, at_least=True))
    return report
