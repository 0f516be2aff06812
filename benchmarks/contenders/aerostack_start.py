"""What a fresh process pays, as JSON: `python -m benchmarks.contenders.aerostack_start WHAT`.

`httpx`: `import httpx`, the baseline. `sdk`: `from aerostack import SDK`. `ready`: an SDK made and
all seven resources of the guide touched. `answer PORT`: up to the first answer of a chat from the
benchmark's peer. Each: seconds of CPU and wall, modules that came with it, and by how much the
memory of the process (RSS) has grown. Standard library only, and as little of it as possible: what
is imported here is not counted.
"""

import os
import sys
import time


def httpx() -> None:
    """The HTTP library alone."""
    import httpx  # noqa: F401


def sdk() -> None:
    """The statement that every program begins with."""
    from aerostack import SDK  # noqa: F401


def ready() -> None:
    """Everything there, nothing sent."""
    _touched("http://127.0.0.1:9")


def answer() -> None:
    """A short script."""
    from aerostack import SDK

    with SDK(api_key_auth=KEY, server_url=f"http://127.0.0.1:{sys.argv[2]}/v1") as client:
        assert client.ai.ai_chat(request={"messages": [{}]}).response


def _touched(base: str) -> None:
    from aerostack import SDK

    client = SDK(api_key_auth=KEY, server_url=f"{base}/v1")
    for name in ("ai", "authentication", "cache", "database", "queue", "services", "storage"):
        getattr(client, name)


def memory() -> int:
    """Bytes of memory in use (RSS). Linux only."""
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - pathlib would be imported for it
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


KEY = "ac_secret_0123456789abcdef0123456789abcdef"

if __name__ == "__main__":
    what = {"httpx": httpx, "sdk": sdk, "ready": ready, "answer": answer}[sys.argv[1]]
    modules, bytes_ = len(sys.modules), memory()
    wall, cpu = time.perf_counter(), time.process_time()
    what()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(
        f'{{"cpu": {cpu}, "wall": {wall}, "modules": {len(sys.modules) - modules}, '
        f'"rss": {memory() - bytes_}}}'
    )
