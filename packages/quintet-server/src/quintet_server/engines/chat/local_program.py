"""The process that runs one local model: ``python -m quintet_server.engines.chat.local_program``.

A process of its own, because loading a model holds Python's lock for its whole duration, and
because a crash in native code must not take the server with it. It reads one line of JSON from its
standard input, loads the model, answers one line with its URL (loopback, a key on every path that
tells anything), and ends when its input does: however the server ends, this does too.

Standard library and ``xllamacpp`` only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

__all__ = ["main"]

_WARNINGS = 2


def main() -> None:
    """Serve until standard input ends."""
    # Ctrl-C and a stop of the whole group are for the server, which may still need answers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    config = json.loads(sys.stdin.readline())
    # The answer goes out on a descriptor of its own: native code prints where it likes.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        server = _serve(config)
    except (ImportError, RuntimeError) as error:
        sys.exit(f"the installed xllamacpp cannot run it ({error})")
    print(json.dumps({"url": server.listening_address}), file=answers, flush=True)
    sys.stdin.read()
    os._exit(0)  # nothing to tidy up, and nothing that could hang


def _serve(config: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = config["path"]
    params.model_alias = {config["name"]}
    params.api_keys = [config["api_key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    # A request says whether its last message is to be continued; on, it always would be.
    params.prefill_assistant = False
    params.endpoint_slots = False
    params.verbosity = _WARNINGS
    params.n_parallel = config["parallel_count"]
    params.fit_params = False  # the settings say how long a context is, not the free memory
    # A context of its own for every answer: shared, a long one could starve the others midway.
    params.kv_unified = False
    params.n_ctx = config["context_tokens"] * config["parallel_count"]
    params.cpuparams.n_threads = config["threads_count"]
    params.cpuparams_batch.n_threads = config["threads_count"]
    # The batch is also how long a prompt goes on being read after its caller has gone.
    params.n_batch = params.n_ubatch = config["batch_count"]
    # The default keeps up to 8 GiB of old prompts in memory; the slots keep the last ones anyway.
    params.cache_ram_mib = 0
    params.cache_idle_slots = False
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
