"""Managed search over the documentation, and a chat that is given what was found."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from aerostack import SDK, errors
from aerostack.models import SearchItem
from examples.demo.report import Report, console

QUESTION = "What happens to a job when the server is killed in the middle of it?"
PAGE = "queue-and-services.md"  # where it is answered
TYPE = "paragraph"
_AT_ONCE = 8
_LEAST_CHARS = 60  # headings and the heads of tables are no paragraphs
_SHOWN = 3
_BEGIN_CHARS = 38


def search_and_chat(sdk: SDK, root: Path, has_model: bool, report: Report) -> None:
    """Ingest the paragraphs of the Aerostack pages, ask a question, let the model say it."""
    paragraphs = _paragraphs(root / "docs" / "aerostack")
    console.print(f"\n[bold]Managed search[/] takes in {len(paragraphs)} paragraphs …")
    found: list[SearchItem] = []
    try:
        asyncio.run(_ingest(sdk, paragraphs))
    except errors.ErrorResponse as error:
        if error.status_code != 503:
            raise
        console.print("  there is no model for embeddings", style="dim")
        report.left_out("managed search", error.message)
    else:
        found = _search(sdk, len(paragraphs), report)
    if has_model:
        _chat(sdk, found, report)
    else:
        report.left_out("a chat, live", "there is no language model")


def _paragraphs(folder: Path) -> dict[str, str]:
    """Return the paragraphs of the pages by ids that say where they are."""
    found: dict[str, str] = {}
    for page in sorted(folder.glob("*.md")):
        pieces = page.read_text(encoding="utf-8").split("\n\n")
        for number, text in enumerate(pieces, 1):
            if len(text) >= _LEAST_CHARS and not text.startswith(("#", "```", "|")):
                found[f"{page.name}#{number}"] = " ".join(text.split())
    return found


async def _ingest(sdk: SDK, paragraphs: dict[str, str]) -> None:
    """Add all of them, some at a time. The same SDK has blocking and awaited calls."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def add(id: str, text: str) -> None:
        async with room:
            await sdk.ai.ingest_async(
                {"id": id, "content": text, "type": TYPE, "metadata": {"page": id.split("#")[0]}}
            )

    await asyncio.gather(*[add(id, text) for id, text in paragraphs.items()])


def _search(sdk: SDK, ingested: int, report: Report) -> list[SearchItem]:
    count = sdk.ai.search_count({"type": TYPE}).count
    report.line("paragraphs to search in", f"{count} found again", ingested, fine=count == ingested)
    found = sdk.ai.query({"text": QUESTION, "top_k": _SHOWN, "types": [TYPE]}).results or []
    console.print(f"  asked by meaning: {QUESTION}", style="dim")
    table = Table("score", "paragraph", "begins with")
    for one in found:
        table.add_row(f"{one.score:.3f}", one.id, escape((one.content or "")[:_BEGIN_CHARS]))
    console.print(table)
    scores = [one.score or 0.0 for one in found]
    pages = [(one.metadata or {}).get("page") for one in found]
    fine = scores == sorted(scores, reverse=True) and PAGE in pages
    best = f"best {scores[0]:.3f}, {found[0].id}" if found else "nothing found"
    report.line("  a question, by meaning", best, f"{len(found)} paragraphs", fine=fine)
    return found


def _chat(sdk: SDK, found: list[SearchItem], report: Report) -> None:
    """Hand the best paragraph to the model; its words appear while they are made."""
    console.print(f"\n[bold]A chat,[/] with the best paragraph at hand: {QUESTION}")
    context = found[0].content if found and found[0].content else "Nothing was found."
    began, pieces, text, model = time.monotonic(), 0, "", "no model"
    with sdk.ai.ai_chat_stream(
        {
            "messages": [
                {"role": "system", "content": f"Answer in one sentence. Use this: {context}"},
                {"role": "user", "content": QUESTION},
            ],
            "max_tokens": 60,
            "temperature": 0.1,
            "stream_options": {"include_usage": True},
        }
    ) as chunks:
        try:
            for chunk in chunks:
                model = chunk.model or model
                pieces += bool(chunk.text)
                text += chunk.text
                console.print(chunk.text, end="", style="cyan", markup=False, soft_wrap=True)
        except errors.ErrorResponse as error:  # a model that was named and does not answer
            report.line("a chat, live", f"refused: {error.message}", fine=False)
            return
    written = chunks.usage.completion_tokens if chunks.usage else None
    console.print(
        f"\n  {written} tokens by {model} in {time.monotonic() - began:.1f} s; a model this small "
        "is often wrong, so read the paragraph",
        style="dim",
    )
    fine = bool(text.strip()) and pieces > 1 and bool(written)
    report.line("a chat, live", f"{written} tokens by {model}", f"{pieces} pieces", fine=fine)
