"""All gates of `scripts/check`, two at a time, one line each; a failing one shows what it found."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from tools.layout import ROOT

# The slow ones first, so that no core idles at the end.
GATES: dict[str, list[str]] = {
    "mypy": ["tools.type_check", "mypy"],
    "pyright": ["tools.type_check", "pyright"],
    "twins": ["tools.async_to_sync", "--check"],
    "doc types": ["tools.doc_types"],
    "exports": ["tools.exports"],
    "parity": ["tools.parity"],
    "lint": ["ruff", "check", "--quiet", "--output-format", "concise"],
    "format": ["ruff", "format", "--check", "--quiet"],
    "import directions": ["tools.import_directions"],
    "syntax floor": ["tools.syntax_floor"],
    "changelogs": ["tools.changelogs"],
    "hosts": ["tools.hosts"],
}


@dataclass(frozen=True)
class Result:
    """What a gate said and how long it took, in seconds."""

    passed: bool
    output: str
    seconds: float


def run(module: list[str]) -> Result:
    """Run one gate, a module of the tools or a program of the environment."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(done.returncode == 0, done.stdout.strip(), time.monotonic() - started)


def main(names: list[str]) -> int:
    """Run the named gates, or all; return the exit code."""
    if unknown := set(names) - set(GATES):
        print(f"no such gate: {', '.join(sorted(unknown))}; there are {', '.join(GATES)}")
        return 2
    chosen = names or list(GATES)
    failed = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        running = {pool.submit(run, GATES[name]): name for name in chosen}
        for finished in as_completed(running):
            result = finished.result()
            failed += not result.passed
            word = "ok" if result.passed else "FAILED"
            print(f"{running[finished]:<18} {word:<6} {result.seconds:5.1f} s", flush=True)
            if not result.passed:
                print("    " + result.output.replace("\n", "\n    "), flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} gates passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
