"""A piece of content from its written sections, in the form of its channel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quintet_server.services.amdahl.agent_work.asking.vocabulary import STOP_WORDS, words_of

__all__ = ["FORMS", "Form", "body_of", "form_of"]

_POST_MAX_CHARS = 2_800
_TAGS_MAX_COUNT = 3
_SOURCES_MAX_COUNT = 20


@dataclass(frozen=True, slots=True)
class Form:
    """How a channel wants a piece.

    Attributes:
        artifact_type: what it is kept as.
        sections_count: how many sections it has at first.
    """

    channel: str
    artifact_type: str
    sections_count: int


FORMS: Mapping[str, Form] = {
    form.channel: form
    for form in (
        Form("blog", "blog_post", 5),
        Form("linkedin", "linkedin_post", 3),
        Form("newsletter", "content_piece", 4),
        Form("email", "content_piece", 3),
    )
}
_OTHER_SECTIONS_COUNT = 4
_IN_WORDS = re.compile(r"\b(linkedin|blog|newsletter|e-?mail)\b", re.IGNORECASE)


def form_of(channel: str, content_type: str, task: str) -> Form:
    """The form that a channel or a kind of content has; the task says it when they do not."""
    for text in (channel, content_type, task):
        match = _IN_WORDS.search(text)
        if match:
            return FORMS[match[1].lower().replace("-", "")]
        if channel and text == channel:
            break  # a channel of its own: its pieces are no blog posts
    if channel:
        return Form(channel, "content_piece", _OTHER_SECTIONS_COUNT)
    return (
        FORMS["blog"]
        if re.search(r"\b(?:post|article)\b", task, re.I)
        else Form("general", "content_piece", _OTHER_SECTIONS_COUNT)
    )


def body_of(form: Form, title: str, sections: Sequence[Mapping[str, Any]], topic: str) -> str:
    """The piece in Markdown. `sections`: heading, body, quotes, citations each."""
    if form.channel == "linkedin":
        return _post(sections, topic)
    parts = [f"# {title}"]
    for section in sections:
        parts.append(f"## {section['heading']}\n\n{section['body']}")
        parts += [f"> {quote['text']}\n>\n> — {quote['who']}" for quote in section["quotes"]]
    if form.channel == "blog":
        sources = _sources(sections)
        if sources:
            parts.append("## Sources\n\n" + "\n".join(sources))
    return "\n\n".join(parts) + "\n"


def _post(sections: Sequence[Mapping[str, Any]], topic: str) -> str:
    """Short: paragraphs without headings, then a few tags."""
    paragraphs = [str(section["body"]) for section in sections]
    kept: list[str] = []
    for paragraph in paragraphs:
        if kept and sum(map(len, kept)) + len(paragraph) > _POST_MAX_CHARS:
            break
        kept.append(paragraph[:_POST_MAX_CHARS])
    words = [word for word in words_of(topic) if word.lower() not in STOP_WORDS and len(word) > 3]
    tags = dict.fromkeys(f"#{re.sub(r'[^A-Za-z0-9]', '', word).lower()}" for word in words)
    return "\n\n".join([*kept, " ".join([*tags][:_TAGS_MAX_COUNT])]).strip() + "\n"


def _sources(sections: Sequence[Mapping[str, Any]]) -> list[str]:
    lines: dict[str, None] = {}
    for section in sections:
        for citation in section["citations"]:
            if citation["type"] == "interaction":
                lines[f"- Interaction `{citation['id']}`"] = None
            elif citation["type"] == "document":
                lines[f"- {citation['title']}"] = None
    queries = {c["sql"] for s in sections for c in s["citations"] if c["type"] == "sql"}
    shown = list(lines)[:_SOURCES_MAX_COUNT]
    if queries:
        of = "query" if len(queries) == 1 else "queries"
        shown.append(f"- {len(queries)} {of} over the workspace's data, kept with this piece")
    return shown
