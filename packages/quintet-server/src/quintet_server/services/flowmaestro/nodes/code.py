"""code: Python of the workflow's author, in a process of its own; off unless the operator wants it.

What confines it is the kernel, not Python: Landlock (no file but the standard library and an own
folder), seccomp (no sockets, no programs, no tracing), user, process, network and mount namespaces
where they are allowed, and resource limits (memory, CPU, processes, files). Where Landlock or
seccomp are missing it refuses to run unless `QUINTET_FLOWMAESTRO_CODE_WEAK_ISOLATION_ALLOWED` says
that this may be: then only the limits hold, and the code can read what the server can read. Either
way it shares the machine's kernel; who needs a stronger wall runs the server in a virtual machine.
"""

from __future__ import annotations

import keyword
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BeforeValidator

from quintet_server.services.flowmaestro.expressions.scope import MISSING, Scope
from quintet_server.services.flowmaestro.nodes.config import (
    Between,
    Choice,
    Expression,
    Flag,
    NodeConfig,
    refusal,
)
from quintet_server.services.flowmaestro.nodes.model import (
    NodeCall,
    NodeError,
    NodeResult,
    NodeType,
)
from quintet_server.services.flowmaestro.nodes.resolving import resolved
from quintet_server.services.flowmaestro.nodes.results import named
from quintet_server.services.flowmaestro.nodes.sandbox.process import Outcome, Task, run

_NOT_HERE = ("javascript", "js", "shell", "bash", "typescript")
_STDERR_SHOWN_CHARS = 1_000


def _python_only(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in _NOT_HERE:
        raise refusal(f"{value.strip()} is not executed by this server; write it in python")
    return value


def _compiles(code: str) -> str:
    if not code.strip():
        raise refusal("must not be empty")
    try:
        compile(code, "<code>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise refusal(f"is not valid Python: {error}") from None
    return code


class CodeConfig(NodeConfig):
    """`timeout` is in milliseconds, `memory` in MB; no input variables means the whole context."""

    language: Annotated[
        str,
        Choice(("python",), {"py": "python", "python3": "python"}),
        BeforeValidator(_python_only),
    ] = "python"
    code: Annotated[Expression, AfterValidator(_compiles)]
    timeout: Annotated[int, Between(1, 300_000, whole=True)] = 30_000
    memory: Annotated[int, Between(32, 512, whole=True)] = 128
    input_variables: tuple[str, ...] = ()
    allow_network_access: Annotated[bool, Flag()] = False
    output_variable: str = ""


async def execute(call: NodeCall) -> NodeResult:
    """`{language, output, stdout, stderr, metadata: {executionTime, exitCode}}`, time in ms.

    Raises:
        NodeError: code is switched off, cannot be confined here, took too long or too much, or
            ended with an exit code.
    """
    settings = call.parts.settings
    if not settings.code_enabled:
        raise NodeError(
            "code nodes are switched off; the operator can allow them by "
            "QUINTET_FLOWMAESTRO_CODE_ENABLED=true",
            "code_disabled",
        )
    config = resolved(call.config, call.scope)
    assert isinstance(config, CodeConfig)
    if config.allow_network_access and not settings.code_network_allowed:
        raise NodeError(
            "allowNetworkAccess is switched off; the operator can allow it by "
            "QUINTET_FLOWMAESTRO_CODE_NETWORK_ALLOWED=true",
            "code_disabled",
        )
    outcome = await run(
        Task(
            code=config.code,
            inputs=_inputs(config, call.scope),
            timeout_seconds=config.timeout / 1000,
            memory_bytes=config.memory * 1024 * 1024,
            result_max_bytes=settings.node_output_max_bytes,
            has_network=config.allow_network_access,
            is_weak_allowed=settings.code_weak_isolation_allowed,
        )
    )
    _check(outcome, config, settings.node_output_max_bytes)
    result = {
        "language": config.language,
        "output": outcome.result,
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "metadata": {
            "executionTime": round(outcome.seconds * 1000),
            "exitCode": outcome.exit_code,
        },
    }
    return named(config.output_variable, result)


def _inputs(config: CodeConfig, scope: Scope) -> dict[str, Any]:
    """The variables asked for, or all whose names can be names in Python; JSON values only."""
    if config.input_variables:
        found = {name: scope.lookup(name) for name in config.input_variables}
        return {name: None if value is MISSING else value for name, value in found.items()}
    context = scope.as_dict()
    shared = context.get("shared")
    if shared is not None:
        context["shared"] = dict(shared)
    return {
        name: value
        for name, value in context.items()
        if name.isidentifier() and not keyword.iskeyword(name) and _is_json(value)
    }


def _is_json(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def _check(outcome: Outcome, config: CodeConfig, max_bytes: int) -> None:
    if outcome.is_timed_out:
        raise NodeError(f"The code took longer than {config.timeout} ms", "timeout")
    if not outcome.was_started:
        raise NodeError(f"The code was not started: {_shown(outcome.stderr)}", "code_unavailable")
    if outcome.is_result_too_large:
        raise NodeError(f"result has more than {max_bytes} bytes", "output_too_large")
    if outcome.exit_code != 0:
        how = f"ended with exit code {outcome.exit_code}"
        if outcome.exit_code == 137:
            how = "was ended by the system (memory or CPU time)"
        raise NodeError(f"The code {how}: {_shown(outcome.stderr)}", "code_failed")


def _shown(stderr: str) -> str:
    """The end of what it complained about: the last lines of a traceback say most."""
    text = stderr.strip()
    return text if len(text) <= _STDERR_SHOWN_CHARS else f"…{text[-_STDERR_SHOWN_CHARS:]}"


TYPE = NodeType("code", CodeConfig, execute, has_effect=True)
