"""Read an agent's stream: `python -m benchmarks.contenders.agent_stream WHO PORT`.

`ours` is `client.agents.stream`, `ours-function` the guide's `stream_agent` of our package,
`sseclient` is sseclient-py over requests, `httpx-loop` cuts frames of an httpx stream by hand: both
as the guide shows them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

from benchmarks.contender import serve

KEY = "amdhl_0123456789abcdef0123456789abcdef0123456789abcdef"


def ours(base: str) -> Callable[[str], Iterator[Any]]:
    """The resource."""
    from amdahl import AmdahlClient

    client = AmdahlClient(base, KEY)
    return lambda session_id: iter(client.agents.stream(session_id))


def ours_function(base: str) -> Callable[[str], Iterator[Any]]:
    """The function."""
    from amdahl import AmdahlClient, stream_agent

    client = AmdahlClient(base, KEY)
    return lambda session_id: iter(stream_agent(client, session_id))


def sseclient(base: str) -> Callable[[str], Iterator[Any]]:
    """sseclient-py on requests."""
    import requests
    from sseclient import SSEClient

    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {KEY}"})

    def read(session_id: str) -> Iterator[Any]:
        url = f"{base}/api/platform/v1/agents/{session_id}/stream"
        response = session.get(url, stream=True, timeout=30)
        response.raise_for_status()
        for message in SSEClient(cast("Any", response)).events():
            if message.data:
                yield json.loads(message.data)

    return read


def httpx_loop(base: str) -> Callable[[str], Iterator[Any]]:
    """Frames cut by hand."""
    import httpx

    headers = {"Authorization": f"Bearer {KEY}"}

    def read(session_id: str) -> Iterator[Any]:
        url = f"{base}/api/platform/v1/agents/{session_id}/stream"
        with httpx.stream("GET", url, headers=headers, timeout=30) as response:
            buffer = ""
            for text in response.iter_text():
                buffer += text
                while "\n\n" in buffer:
                    frame, buffer = buffer.split("\n\n", 1)
                    for line in frame.splitlines():
                        if line.startswith("data: "):
                            yield json.loads(line[6:])

    return read


CONTENDERS = {
    "ours": ours,
    "ours-function": ours_function,
    "sseclient": sseclient,
    "httpx-loop": httpx_loop,
}


def main(who: str, port: str) -> None:
    """Serve one contender."""
    read = CONTENDERS[who](f"http://127.0.0.1:{port}")

    def work(count: int) -> None:
        seen = 0
        last = ""
        for event in read(f"as_{count}"):
            seen += 1
            last = event["type"]
        if (seen, last) != (count, "session.completed"):
            raise RuntimeError(f"{seen} events of {count}, the last {last!r}")

    serve(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
