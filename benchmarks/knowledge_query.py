"""How long does a question to a knowledge base of 10,000 chunks take, next to the bare scan?

The documents are made of nonsense words and go the usual way: `quintet apply`, then the server
splits, embeds and keeps them. Questions come one at a time over a kept-alive connection, each a
different one: authentication, embedding, an exact search, the names of the documents, JSON. The
baseline is psycopg on the same table at the same time: the five nearest of the same vectors, and
nothing else.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import psycopg

from benchmarks.http_load import Connection
from benchmarks.report import Goal, Report
from benchmarks.service import port_of, running_server
from benchmarks.statistics import percentile
from tests.support.server import ServerProcess

QUESTION = "one question to a knowledge base of 10,000 chunks, five answers"
MILLI = 1e3
DOCUMENTS = 100
CHUNKS_EACH = 100
INDEXING_SECONDS = 300
SETTINGS = {
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_MINUTE": "1000000",
    "QUINTET_FLOWMAESTRO_REQUESTS_PER_DAY": "1000000",
}
DEFINITION = """\
service: flowmaestro
kind: knowledge_base
name: bench
spec:
  chunk_size: 500
  chunk_overlap: 0
  documents:
    - path: documents
"""
NEAREST = """
SELECT id FROM vectors WHERE collection = 'kb_bench'
ORDER BY embedding <=> (SELECT embedding FROM vectors WHERE id = %s) LIMIT 5
"""
LEFT = "SELECT count(*) FROM flowmaestro_documents WHERE state <> 'ready'"


def run(*, quick: bool, progress: Callable[[str], None]) -> Report:
    """Measure; `quick` asks fewer questions."""
    count = 100 if quick else 1000
    report = Report("knowledge_query", QUESTION)
    with ExitStack() as stack:
        server = stack.enter_context(running_server(SETTINGS))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="quintet-bench-")))
        words = _words()
        progress("indexing")
        seconds = _index(server, folder, words)
        conn = stack.enter_context(psycopg.connect(server.database_url, autocommit=True))
        ids = [row[0] for row in conn.execute("SELECT id FROM vectors ORDER BY id").fetchall()]
        ours, bare = asyncio.run(_ask(server, conn, ids, words, count, progress))
    base = report.add("bare pgvector scan", "ms", bare)
    report.add("query over HTTP", "ms", ours, versus=base)
    for label, values in (("bare pgvector scan", bare), ("query over HTTP", ours)):
        for percent in (50, 99):
            report.add(f"{label}, p{percent}", "ms", [percentile(values, percent)])
    report.add("indexing", "chunks/s", [len(ids) / seconds])
    report.goals.append(Goal("query over HTTP, p50, ms", percentile(ours, 50), 25.0))
    report.goals.append(Goal("query over HTTP, p99, ms", percentile(ours, 99), 60.0))
    report.notes.append(f"{len(ids)} chunks, 256 numbers each; embedded by the local model")
    return report


def _words() -> list[str]:
    chance = random.Random(5)
    syllables = ["ka", "ro", "mi", "ten", "sol", "var", "que", "lin", "dor", "pas"]
    return ["".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(2000)]


def _sentence(chance: random.Random, words: Sequence[str]) -> str:
    return " ".join(chance.choices(words, k=12)).capitalize() + "."


def _index(server: ServerProcess, folder: Path, words: Sequence[str]) -> float:
    """Write, apply, and wait for the last document; returns the seconds it took."""
    chance = random.Random(7)
    (folder / "documents").mkdir()
    for number in range(DOCUMENTS):
        # A paragraph is a chunk: two of them have no room in one.
        paragraphs = [
            " ".join(_sentence(chance, words) for _ in range(4))[:480] for _ in range(CHUNKS_EACH)
        ]
        (folder / "documents" / f"{number:03}.txt").write_text("\n\n".join(paragraphs))
    (folder / "bench.yaml").write_text(DEFINITION)
    started = time.monotonic()
    command = [sys.executable, "-m", "quintet_server", "apply", "-f", str(folder / "bench.yaml")]
    subprocess.run(
        [*command, "--database-url", server.database_url],
        check=True,
        stdout=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    with psycopg.connect(server.database_url, autocommit=True) as conn:
        while (left := conn.execute(LEFT).fetchone()) and left[0]:
            if time.monotonic() - started > INDEXING_SECONDS:
                raise RuntimeError(f"{left[0]} documents are not indexed")
            time.sleep(0.1)
    return time.monotonic() - started


async def _ask(
    server: ServerProcess,
    conn: psycopg.Connection[tuple[object, ...]],
    ids: Sequence[object],
    words: Sequence[str],
    count: int,
    progress: Callable[[str], None],
) -> tuple[list[float], list[float]]:
    """Ask in turns; returns milliseconds of the server and of the bare scan."""
    chance = random.Random(9)
    connection = await Connection.open(port_of(server), server.key("flowmaestro"))
    ours: list[float] = []
    bare: list[float] = []
    for number in range(-20, count):  # the first ones find a cold model and cold plans
        progress(f"{max(number, 0)}/{count}")
        question = {"query": _sentence(chance, words)}
        started = time.perf_counter()
        answer = await connection.post("/api/v1/knowledge-bases/kb_bench/query", question)
        between = time.perf_counter()
        conn.execute(NEAREST, (chance.choice(ids),)).fetchall()
        ended = time.perf_counter()
        if len(answer["data"]["results"]) != 5:
            raise RuntimeError(f"five answers were expected: {answer}")
        if number >= 0:
            ours.append((between - started) * MILLI)
            bare.append((ended - between) * MILLI)
    connection.close()
    return ours, bare
