"""The demo's handlers, as an application would write them.

``flare worker examples.demo.flare.jobs`` runs them. Each Markdown file of this repository becomes
one job: it is rendered to HTML, its words are counted, and both are written below the folder that
the payload names.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from zeridion_flare import FlareWorker, JobContext, PermanentError

worker = FlareWorker(concurrency=8)

_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass
class Document:
    """Payload of ``RenderMarkdown``."""

    path: str
    output: str


@worker.job("RenderMarkdown", queue="documents", timeout=60)
def render_markdown(document: Document, ctx: JobContext) -> None:
    """Render a file block by block, so that its progress means something."""
    source = Path(document.path)
    markdown = MarkdownIt("commonmark").enable("table")
    text = source.read_text(encoding="utf-8")
    lines = text.splitlines()
    html: list[str] = []
    words: Counter[str] = Counter()
    env: dict[str, object] = {}
    sections = _sections(lines)
    for number, section in enumerate(sections, 1):
        ctx.raise_if_cancelled()
        html.append(markdown.render("\n".join(section), env))
        words.update(word.lower() for line in section for word in _WORD.findall(line))
        ctx.report_progress(number / len(sections))
    target = Path(document.output)
    target.mkdir(parents=True, exist_ok=True)
    name = document.path.replace("/", "__")
    (target / f"{name}.html").write_text("".join(html), encoding="utf-8")
    summary = {
        "path": document.path,
        "words": words.total(),
        "most_used": words.most_common(5),
    }
    (target / f"{name}.json").write_text(json.dumps(summary, indent=2), encoding="utf-8")


def _sections(lines: list[str]) -> list[list[str]]:
    """Cut a document before each heading; an empty document has one empty section."""
    sections: list[list[str]] = [[]]
    fenced = False
    for line in lines:
        fenced ^= line.startswith("```")
        if line.startswith("#") and not fenced and sections[-1]:
            sections.append([])
        sections[-1].append(line)
    return sections


@worker.job("BuildIndex", queue="documents")
def build_index(payload: dict[str, str]) -> None:
    """Gather what the documents' jobs wrote; runs as their parent's child, when all is there."""
    folder = Path(payload["output"])
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    rows = "".join(f"<tr><td>{item['path']}</td><td>{item['words']}</td></tr>" for item in found)
    page = f"<!doctype html><meta charset=utf-8><title>Index</title><table>{rows}</table>"
    (folder / "index.html").write_text(page, encoding="utf-8")


@worker.job("CheckOutput", queue="documents")
def check_output(payload: dict[str, str]) -> None:
    """Prepare the output folder: the parent on which ``BuildIndex`` and others wait."""
    Path(payload["output"]).mkdir(parents=True, exist_ok=True)


@worker.job("FlakyUpload", queue="uploads")
def flaky_upload(payload: dict[str, str], ctx: JobContext) -> None:
    """Fail twice, as a busy neighbour would, and succeed the third time."""
    if ctx.attempt < 3:
        raise ConnectionError(f"the storage answered 503 on attempt {ctx.attempt}")
    Path(payload["output"], "upload.txt").write_text(f"attempt {ctx.attempt}\n", encoding="utf-8")


@worker.job("SendInvoice", queue="uploads")
def send_invoice(payload: dict[str, str]) -> None:
    """Fail until somebody puts the address right, then work."""
    addresses = Path(payload["addresses"])
    if not addresses.exists():
        raise FileNotFoundError(f"no address book at {addresses.name}")
    Path(payload["output"], "invoice.txt").write_text("sent\n", encoding="utf-8")


@worker.job("ParseLegacyFile", queue="uploads")
def parse_legacy_file(payload: dict[str, str]) -> None:
    """Fail for good: no repeat will help, so none is wasted."""
    raise PermanentError(f"{payload['path']} is not a legacy file")


@worker.recurring("CountOutputs", cron="*/5 * * * * *", queue="housekeeping")
def count_outputs(ctx: JobContext) -> None:
    """Tick every five seconds."""
    ctx.logger.info("tick")
