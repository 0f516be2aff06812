"""Functions of a project: a service that counts, and two consumers of its queue."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any

WORDS_PER_MINUTE = 200
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")


class Unusable(ValueError):
    """Data that no other attempt makes better: a job with it fails at once."""

    retryable = False


def text_statistics(data: dict[str, Any]) -> dict[str, Any]:
    """Count the words and sentences of `data["text"]`."""
    text = data.get("text")
    if not isinstance(text, str):
        raise Unusable("text is required, and must be text")
    words = [word.lower() for word in _WORD.findall(text)]
    sentences = len(_SENTENCE_END.findall(text)) or bool(words)
    return {
        "characters": len(text),
        "words": len(words),
        "sentences": int(sentences),
        "unique_words": len(set(words)),
        "most_frequent": Counter(words).most_common(5),
        "reading_seconds": round(60 * len(words) / WORDS_PER_MINUTE),
    }


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Work on a job: what is returned is the job's `result`."""
    print(f"measuring {job['id']}, attempt {job['attempt']}")  # goes to the server's log
    return text_statistics(job["data"])


def write_note(job: dict[str, Any]) -> dict[str, Any]:
    """Write a note into the project's own database.

    A job may come twice, so its id is the key of the row: the second time changes nothing.
    """
    from aerostack import SDK

    if not os.environ.get("AEROSTACK_API_KEY"):
        raise RuntimeError("start the server with QUINTET_CALLABLES_ENVIRONMENT=AEROSTACK_API_KEY")
    text = job["data"].get("text")
    if not isinstance(text, str):
        raise Unusable("text is required, and must be text")
    with SDK() as sdk:
        sdk.database.db_query(
            request={"sql": "CREATE TABLE IF NOT EXISTS notes (id TEXT PRIMARY KEY, text TEXT)"}
        )
        sdk.database.db_query(
            request={
                "sql": "INSERT INTO notes (id, text) VALUES (?, ?) ON CONFLICT DO NOTHING",
                "params": [job["id"], text],
            }
        )
        counted = sdk.database.db_query(request={"sql": "SELECT count(*) AS n FROM notes"})
    return {"notes": (counted.results or [{}])[0].get("n")}
