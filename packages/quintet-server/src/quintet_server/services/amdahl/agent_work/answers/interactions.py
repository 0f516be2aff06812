"""Answers about interactions: how many, of what mood, by what, over time, and what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from quintet_server.services.amdahl.agent_work.answers.answered import (
    Answered,
    confidence_of,
    missing,
)
from quintet_server.services.amdahl.agent_work.answers.development import developed
from quintet_server.services.amdahl.agent_work.answers.figures import (
    count,
    day,
    number,
    percent,
    score,
    share,
    whole,
)
from quintet_server.services.amdahl.agent_work.asking.questions import Question, listed, scope_of
from quintet_server.services.amdahl.agent_work.asking.vocabulary import NOUNS

__all__ = ["by_column", "over_time", "quotes", "total"]

Row = Mapping[str, Any]
_TOLD_COUNT = 4
_QUOTE_MAX_CHARS = 220
_CITED_COUNT = 5
# A smaller change of an average of -1 … 1 is called steady.
_STEADY = 0.05


def total(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """How many interactions there are, or how their mood is; with a window, compared."""
    if question.subject == "sentiment":
        return _mood(question, rows[0], citation)
    row, ask = rows[0], question.ask
    n, scope = whole(row["interactions"]), scope_of(ask)
    if not n:
        return _nothing(question, citation)
    about = _mention(question, n)
    verb = "is" if n == 1 else "are"
    headline = f"There {verb} {count(n, 'interaction')}{about}{scope}"
    if whole(row["companies"]) > 1:
        headline += f", from {count(row['companies'], 'company', 'companies')}"
    headline += f"{_since_before(n, row)}."
    span = ""
    if ask.window is None:
        span = f" They reach from {day(row['first_at'])} to {day(row['last_at'])}."
    figure = {"label": f"interactions{scope}", "value": n, "format": "number"}
    return _answered(question, headline + span, headline, n, rows, citation, figure=figure)


def _since_before(n: int, row: Row) -> str:
    """How that compares with the time of the same length before."""
    if "before" not in row:
        return ""
    before = whole(row["before"])
    if not before:
        return "; there were none in the period of the same length before"
    change = 100 * (n - before) / before
    if not change:
        return f", as many as in the period of the same length before ({before:,})"
    way = "more" if change > 0 else "fewer"
    return (
        f", {percent(abs(change))} {way} than in the period of the same length before ({before:,})"
    )


def _mood(question: Question, row: Row, citation: Row) -> Answered:
    n, scope = whole(row["scored"]), scope_of(question.ask)
    if not n:
        return _nothing(question, citation)
    average = row["sentiment"]
    headline = (
        f"The average sentiment{_of_mention(question)}{scope} is {score(average)}, over "
        f"{count(n, 'scored interaction')}"
    )
    before = row.get("before")
    if before is not None:
        change = number(average) - number(before)
        word = "steady at" if abs(change) < _STEADY else "up from" if change > 0 else "down from"
        headline += f", {word} {score(before)} in the period of the same length before"
    headline += "."
    split = (
        f" {count(row['positive'], 'interaction')} ({share(row['positive'], n)}) "
        f"{'is' if whole(row['positive']) == 1 else 'are'} clearly positive and "
        f"{whole(row['negative']):,} ({share(row['negative'], n)}) clearly negative."
    )
    figure = {"label": f"sentiment{scope}", "value": round(number(average), 2), "format": "number"}
    return _answered(question, headline + split, headline, n, [row], citation, figure=figure)


def by_column(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """A breakdown: who leads, who follows, with shares; of moods, who is best and worst."""
    if not rows:
        return _nothing(question, citation)
    column = question.column
    assert column is not None  # of a breakdown
    one, several = NOUNS[column]
    groups = whole(rows[0]["groups"])
    if question.subject == "sentiment":
        support = sum(whole(row["scored"]) for row in rows)
        headline = _moods(question, rows, column, groups)
        cells = [f"{r[column]} {score(r['sentiment'])} ({whole(r['scored']):,})" for r in rows]
        shown = f" In order: {listed(cells[: _shown(question)], 'and')}." if len(rows) > 2 else ""
        return _answered(
            question,
            headline + shown,
            headline,
            support,
            rows,
            citation,
            chart=_bar(column, "sentiment"),
        )
    n, all_of_them = whole(rows[0]["interactions"]), whole(rows[0]["total"])
    leaders = [row for row in rows if whole(row["interactions"]) == n]
    headline = _lead(question, [str(row[column]) for row in leaders], n, all_of_them, groups)
    if column == "speaker_name" and len(leaders) == 1 and len(rows) > 1:
        ahead = abs(n - whole(rows[1]["interactions"]))
        than = "fewer" if question.ask.ascending else "more"
        headline = f"{headline[:-1]}, {ahead:,} {than} than {rows[1][column]}."
    behind = rows[len(leaders) : max(_shown(question), len(leaders))]
    others = [
        f"{row[column]} ({whole(row['interactions']):,}, {share(row['interactions'], all_of_them)})"
        for row in behind
    ]
    follow = f" Then {'come' if len(others) > 1 else 'comes'} {listed(others, 'and')}."
    left = groups - len(others) - len(leaders)
    rest = f" There {'is' if left == 1 else 'are'} {left:,} more {one if left == 1 else several}."
    answer = headline + (follow if others else "") + (rest if left > 0 else "")
    return _answered(
        question, answer, headline, all_of_them, rows, citation, chart=_bar(column, "interactions")
    )


def _lead(question: Question, leaders: list[str], n: int, total: int, groups: int) -> str:
    """Who is first, together with whoever has as many."""
    one = NOUNS[question.column or ""][0]
    scope = f"{_mention(question, total)}{scope_of(question.ask, question.column)}"
    if groups == 1:
        if total == 1:
            return f"The only interaction{scope} has the {one} {leaders[0]}."
        return f"All {total:,} interactions{scope} have the {one} {leaders[0]}."
    of_all = f"of {count(total, 'interaction')}{scope} ({share(n, total)}"
    if len(leaders) > _TOLD_COUNT:
        return f"By {one}, {len(leaders):,} have {n:,} each {of_all} each)."
    named = listed(leaders, "and")
    if question.ask.ascending:
        verb = "has the fewest" if len(leaders) == 1 else "have the fewest"
        return f"By {one}, {named} {verb}: {n:,}{'' if len(leaders) == 1 else ' each'} {of_all})."
    if len(leaders) == 1:
        return f"By {one}, {named} leads with {n:,} {of_all})."
    return f"By {one}, {named} lead with {n:,} each {of_all} each)."


def _shown(question: Question) -> int:
    return question.ask.top or _TOLD_COUNT


def _moods(question: Question, rows: Sequence[Row], column: str, groups: int) -> str:
    one = NOUNS[column][0]
    about = f"{_of_mention(question)}{scope_of(question.ask, column)}"
    first, last = rows[0], rows[-1]
    cell = f"{score(first['sentiment'])} over {count(first['scored'], 'scored interaction')}"
    if groups == 1:
        return f"Only the {one} {first[column]} has a sentiment{about}: {cell}."
    if score(first["sentiment"]) == score(last["sentiment"]):
        return f"By {one}, the average sentiment{about} is the same: {score(first['sentiment'])}."
    low = question.ask.ascending or question.ask.valence < 0
    best, worst = ("lowest", "highest") if low else ("highest", "lowest")
    headline = f"By {one}, the average sentiment{about} is {best} for {first[column]} ({cell})"
    if groups > len(rows):
        return f"{headline}, of {groups:,} in all."
    other = f"{score(last['sentiment'])} over {whole(last['scored']):,}"
    return f"{headline} and {worst} for {last[column]} ({other})."


def over_time(question: Question, rows: Sequence[Row], citation: Row, now: datetime) -> Answered:
    """A development: from the first period to the last whole one, and the peak."""
    if not rows:
        return _nothing(question, citation)
    is_mood = question.subject == "sentiment"
    field = "sentiment" if is_mood else "interactions"
    mention = _of_mention(question) if is_mood else _mention(question)
    noun = f"{'average sentiment' if is_mood else 'number of interactions'}{mention}"
    headline, more = developed(
        rows,
        field,
        question.grain or "month",
        now,
        noun=f"{noun}{scope_of(question.ask)}",
        shown=score if is_mood else _counted,
        steady=_STEADY if is_mood else 0,
    )
    support = sum(whole(row.get("scored", row.get("interactions"))) for row in rows)
    chart = {"type": "LineChart", "x": "period", "y": field}
    return _answered(question, headline + more, headline, support, rows, citation, chart=chart)


def _counted(value: Any) -> str:
    return f"{whole(value):,}"


def quotes(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """What people said, in their words, and how many did."""
    if not rows:
        return _nothing(question, citation)
    total_count, ask = whole(rows[0]["total"]), question.ask
    order = {-1: "the most negative", 1: "the most positive"}.get(ask.valence, "")
    if question.subject == "sentiment" and not ask.valence:
        order = "the most negative"
    if all(row["sentiment"] is None for row in rows):
        order = ""  # nothing to order by
    if ask.is_told_by_words:
        return _told_by_words(question, rows, citation)
    headline, lead = "", f"{(order or 'recent').capitalize()} words{scope_of(ask)}:"
    if ask.terms:
        verb = "mentions" if total_count == 1 else "mention"
        headline = f"{count(total_count, 'interaction')} {verb} {listed(ask.terms)}{scope_of(ask)}."
        lead = f"{headline} In their words{f', {order} first' if order else ''}:"
    return _quoted(question, rows, citation, lead, headline)


def _told_by_words(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """A mood that nothing scores, by the texts that show it."""
    n, ask = whole(rows[0]["total"]), question.ask
    mood = "unhappy" if ask.valence < 0 else "happy"
    verb = "has" if n == 1 else "have"
    headline = (
        f"{count(n, 'interaction')}{_mention(question)}{scope_of(ask)} {verb} {mood} words in "
        f"{'its text' if n == 1 else 'their texts'}."
    )
    answered = _quoted(question, rows, citation, f"{headline} In their words:", headline)
    gap = "No interaction carries a sentiment score; this goes by the words of the texts alone."
    return replace(answered, gap=gap)


def _quoted(
    question: Question, rows: Sequence[Row], citation: Row, lead: str, headline: str
) -> Answered:
    # What several said in the same words is told once, of the first of them.
    told = list({quote["text"]: quote for quote in map(_quote, reversed(rows))}.values())[::-1]
    said = " ".join(f"{quote['who']}: “{quote['text']}”." for quote in told[:3])
    found = [
        {
            "type": "interaction",
            "id": quote["id"],
            "quote": quote["text"],
            "who": quote["who"],
        }
        for quote in told[:_CITED_COUNT]
    ]
    total_count = whole(rows[0]["total"])
    return Answered(
        question.text,
        f"{lead} {said}",
        confidence_of(total_count),
        total_count,
        (*found, citation),
        headline=headline,
        table=_table(rows),
        subject=question.subject,
        quotes=tuple(told),
    )


def _quote(row: Row) -> dict[str, Any]:
    text = " ".join(str(row["content"]).split()).strip('“”"')
    if len(text) > _QUOTE_MAX_CHARS:
        text = f"{text[:_QUOTE_MAX_CHARS].rsplit(' ', 1)[0]} …"
    speaker = row.get("speaker") or "Somebody"
    at = f" of {row['company_name']}" if row.get("company_name") else ""
    who = f"{speaker}{at}, {day(row['timestamp'])}"
    return {"id": row["id"], "text": text.rstrip("."), "who": who}


def _of_mention(question: Question) -> str:
    about = _mention(question)
    return f" of interactions{about}" if about else ""


def _mention(question: Question, n: int = 2) -> str:
    terms = question.ask.terms
    verb = "mentions" if n == 1 else "mention"
    return f" that {verb} {listed(terms)}" if terms else ""


def _nothing(question: Question, citation: Row) -> Answered:
    noun = "scored interactions" if question.subject == "sentiment" else "interactions"
    if question.column:
        noun += f" with a known {NOUNS[question.column][0]}"
    told = f"{_mention(question)}{scope_of(question.ask, question.column)}"
    gap = f"The data hold no {noun}{told}."
    if question.shape == "quotes":
        gap = f"The data hold no {noun} with texts{told}."
        if question.ask.is_told_by_words:
            mood = "unhappy" if question.ask.valence < 0 else "happy"
            gap = (
                f"The data hold no interactions with {mood} words in their texts{told}, and none "
                "that carries a sentiment score."
            )
    return missing(question.text, gap, citation, question.subject)


def _bar(column: str, field: str) -> dict[str, Any]:
    return {"type": "BarChart", "x": column, "y": field}


def _table(rows: Sequence[Row]) -> dict[str, Any]:
    hidden = ("groups", "total")
    columns = [name for name in rows[0] if name not in hidden]
    return {
        "columns": columns,
        "rows": [{name: row[name] for name in columns} for row in rows],
    }


def _answered(
    question: Question,
    answer: str,
    headline: str,
    support: int,
    rows: Sequence[Row],
    citation: Row,
    **more: Any,
) -> Answered:
    return Answered(
        question.text,
        answer,
        confidence_of(support),
        support,
        (citation,),
        headline=headline,
        table=_table(rows),
        subject=question.subject,
        **more,
    )
