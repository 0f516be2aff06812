"""Answers about deals and about how companies are qualified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from quintet_server.services.amdahl.agent_work.answers.answered import (
    Answered,
    confidence_of,
    missing,
)
from quintet_server.services.amdahl.agent_work.answers.development import developed
from quintet_server.services.amdahl.agent_work.answers.figures import (
    amount,
    count,
    number,
    share,
    whole,
)
from quintet_server.services.amdahl.agent_work.asking.questions import Question, listed, scope_of
from quintet_server.services.amdahl.agent_work.asking.statements import rank_of
from quintet_server.services.amdahl.agent_work.asking.vocabulary import NOUNS

__all__ = ["bands", "deal_list", "deals_by_column", "deals_over_time", "deals_total", "score_list"]

Row = Mapping[str, Any]
_TOLD_COUNT = 4
# What a deal must have to be in a list, or in a development.
_KNOWN = {"list": "worth", "over": "closing date"}
_FIELDS = {"won": "won", "lost": "lost", "open": "still_open"}


def deals_total(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """How many were won and lost, of what worth, at what rate, and what is still open."""
    row, scope = rows[0], scope_of(question.ask)
    won, lost, still_open = (whole(row[name]) for name in ("won", "lost", "still_open"))
    closed, undated = won + lost, whole(row["undated"])
    window = question.ask.window
    if not closed and not still_open:
        return _nothing(question, citation, undated)
    sentences = []
    if closed:
        sentences.append(
            f"{count(closed, 'deal')} closed{scope}: {won:,} won, worth "
            f"{amount(row['won_amount'])}, and {lost:,} lost, worth {amount(row['lost_amount'])}; "
            f"that is a win rate of {share(won, closed)}."
        )
        if won > 1:
            each = amount(round(number(row["won_amount"]) / won, 2))
            lost_each = amount(round(number(row["lost_amount"]) / lost, 2)) if lost > 1 else None
            besides = f", a lost one {lost_each}" if lost_each else ""
            sentences.append(f"A won deal is worth {each} on average{besides}.")
    elif window is not None:
        sentences.append(f"No deal closed{scope}.")
    if still_open:
        verb = "is" if still_open == 1 else "are"
        where = "" if closed or window is not None else scope
        worth = amount(row["open_amount"])
        sentences.append(f"{count(still_open, 'deal')}{where} {verb} still open, worth {worth}.")
    gap = None
    if window is not None and undated:
        verb = "carries" if undated == 1 else "carry"
        gap = f"{count(undated, 'closed deal')} {verb} no closing date and could not be counted."
    if question.ask.focus == "open" and still_open:
        sentences.insert(0, sentences.pop())
    figure: dict[str, Any] = {"label": f"win rate{scope}", "value": share(won, closed)}
    figure["format"] = "percent"
    if question.ask.focus == "open" or not closed:
        figure = {"label": f"open deals{scope}", "value": still_open, "format": "number"}
    return Answered(
        question.text,
        " ".join(sentences),
        confidence_of(closed + still_open),
        closed + still_open,
        (citation,),
        headline=sentences[0],
        gap=gap,
        table=_table(rows),
        figure=figure,
        subject="deals",
    )


def deals_by_column(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """Who has the most, with wins, losses and worth."""
    if not rows:
        return _nothing(question, citation)
    column, ask = question.column, question.ask
    assert column is not None  # of a breakdown
    one, several = NOUNS[column]
    groups = whole(rows[0]["groups"])
    support = sum(whole(row["deals"]) for row in rows)
    cell, field = _cell_of(question), rank_of(ask)
    leaders = [row for row in rows if number(row[field]) == number(rows[0][field])]
    headline = _lead(question, leaders, cell, groups)
    behind = rows[len(leaders) : max(ask.top or _TOLD_COUNT, len(leaders))]
    others = [f"{row[column]} ({cell(row)})" for row in behind]
    answer = headline
    if others:
        answer += f" Then {'come' if len(others) > 1 else 'comes'} {listed(others, 'and')}."
    left = groups - len(leaders) - len(others)
    if left > 0:
        answer += (
            f" There {'is' if left == 1 else 'are'} {left:,} more {one if left == 1 else several}."
        )
    chart = {"type": "BarChart", "x": column, "y": field}
    return _answered(question, answer, headline, support, rows, citation, chart)


def _lead(
    question: Question, leaders: Sequence[Row], cell: Callable[[Row], str], groups: int
) -> str:
    """Who is first, together with whoever has as many or as much."""
    ask, column = question.ask, question.column or ""
    one, scope = NOUNS[column][0], scope_of(question.ask, column)
    first = leaders[0]
    if groups == 1:
        return f"Only the {one} {first[column]} has deals{scope}: {cell(first)}."
    what = f"{ask.focus} deals" if ask.focus else "deals"
    most = "fewest" if ask.ascending else "most"
    if ask.by_amount:
        what = f"money in {ask.focus or 'won'} deals"
        most = "least" if ask.ascending else "most"
    if ask.by_rate:
        what, most = "win rate", "lowest" if ask.ascending else "highest"
    cells = listed([f"{row[column]} ({cell(row)})" for row in leaders[:_TOLD_COUNT]], "and")
    if len(leaders) == 1:
        return f"By {one}, {first[column]} has the {most} {what}{scope}: {cell(first)}."
    if len(leaders) > _TOLD_COUNT:
        return (
            f"By {one}, {len(leaders):,} share the first place in {what}{scope}, such as {cells}."
        )
    return f"By {one}, the first place in {what}{scope} is shared by {cells}."


def _cell_of(question: Question) -> Callable[[Row], str]:
    """What is said of one group: by the column alone that is asked about, or all of it."""
    focus = question.ask.focus
    if focus is not None and not question.ask.by_rate:
        field, money = _FIELDS[focus], f"{focus}_amount"
        return lambda row: f"{whole(row[field]):,} {focus}, worth {amount(row[money])}"
    if question.column == "status":
        return lambda row: count(row["deals"], "deal")

    def cell(row: Row) -> str:
        won, lost = whole(row["won"]), whole(row["lost"])
        rate = f", a win rate of {share(won, won + lost)}" if won + lost else ""
        told = [count(row["deals"], "deal")]
        told += [f"{won:,} won worth {amount(row['won_amount'])}"] if won else []
        told += [f"{lost:,} lost worth {amount(row['lost_amount'])}"] if lost else []
        still_open = whole(row["still_open"])
        told += [f"{still_open:,} open worth {amount(row['open_amount'])}"] if still_open else []
        return f"{', '.join(told)}{rate}"

    return cell


def deals_over_time(
    question: Question, rows: Sequence[Row], citation: Row, now: datetime
) -> Answered:
    """How won deals, or what is asked about, develop over the periods of closing."""
    if not rows:
        return _nothing(question, citation)
    ask, grain = question.ask, question.grain or "month"
    field = "lost" if ask.focus == "lost" else "won"
    if ask.by_amount:
        field += "_amount"
    shown = amount if ask.by_amount else _counted
    noun = f"{'worth' if ask.by_amount else 'number'} of {field.split('_')[0]} deals{scope_of(ask)}"
    headline, more = developed(rows, field, grain, now, noun=noun, shown=shown)
    support = sum(whole(row["won"]) + whole(row["lost"]) for row in rows)
    chart = {"type": "LineChart", "x": "period", "y": field}
    return _answered(question, headline + more, headline, support, rows, citation, chart)


def _counted(value: Any) -> str:
    return f"{whole(value):,}"


def deal_list(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """The largest deals, each with its worth and where it stands."""
    if not rows:
        return _nothing(question, citation)
    ask = question.ask
    size = "smallest" if ask.ascending else "largest"
    kind = f"{ask.focus} deal" if ask.focus else "deal"
    first, rest = rows[0], rows[1:]
    headline = f"The {size} {kind}{scope_of(ask)} is {_deal(first)}."
    others = listed([_deal(row) for row in rest], "and")
    answer = headline + (f" Then {'come' if len(rest) > 1 else 'comes'} {others}." if rest else "")
    chart = {"type": "BarChart", "x": "deal_name", "y": "amount"}
    return _answered(question, answer, headline, whole(first["total"]), rows, citation, chart)


def _deal(row: Row) -> str:
    name = row["deal_name"] or row["deal_key"]
    of = f" with {row['company_name']}" if row["company_name"] else ""
    return f"{name}{of} ({amount(row['amount'])}, {row['status']})"


def bands(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """How many companies are in which band."""
    if not rows:
        return _nothing(question, citation)
    total = whole(rows[0]["total"])
    largest = max(rows, key=lambda row: whole(row["companies"]))
    n = whole(largest["companies"])
    headline = (
        f"Of {count(total, 'qualified company', 'qualified companies')}{scope_of(question.ask)}, "
        f"{n:,} ({share(n, total)}) {'is' if n == 1 else 'are'} in the band "
        f"{largest['outcome_band']}."
    )
    cells = [
        f"{row['outcome_band']} {whole(row['companies']):,}"
        + (f" (average score {number(row['score']):.2f})" if row["score"] is not None else "")
        for row in rows
    ]
    answer = f"{headline} From the best band down: {listed(cells, 'and')}."
    chart = {"type": "BarChart", "x": "outcome_band", "y": "companies"}
    return _answered(question, answer, headline, total, rows, citation, chart)


def score_list(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """The companies with the best or the worst scores."""
    if not rows:
        return _nothing(question, citation)
    way = "lowest" if question.ask.ascending else "highest"
    cells = [f"{row['company_name']} ({_score(row)})" for row in rows]
    headline = f"The {way} outcome score has {cells[0]}."
    if len(rows) == 1:
        headline = f"The outcome score of {rows[0]['company_name']} is {_score(rows[0])}."
    rest = cells[1:]
    answer = headline + (
        f" Then {'come' if len(rest) > 1 else 'comes'} {listed(rest, 'and')}." if rest else ""
    )
    chart = {"type": "BarChart", "x": "company_name", "y": "outcome_score"}
    return _answered(question, answer, headline, whole(rows[0]["total"]), rows, citation, chart)


def _score(row: Row) -> str:
    band = f", {row['outcome_band']}" if row["outcome_band"] else ""
    return f"{number(row['outcome_score']):.2f}{band}"


def _nothing(question: Question, citation: Row, undated: int = 0) -> Answered:
    scope = scope_of(question.ask)
    if question.subject == "qualification":
        gap = f"The data hold no qualified companies{scope}."
    else:
        focus = f"{question.ask.focus} " if question.ask.focus else ""
        gap = f"The data hold no {focus}deals{scope}."
        if question.column:
            scope = scope_of(question.ask, question.column)
            gap = f"The data hold no {focus}deals with a known {NOUNS[question.column][0]}{scope}."
        elif question.shape in _KNOWN:
            gap = f"The data hold no {focus}deals with a known {_KNOWN[question.shape]}{scope}."
        if undated:
            verb = "carries" if undated == 1 else "carry"
            gap += f" {count(undated, 'closed deal')} {verb} no closing date."
    return missing(question.text, gap, citation, question.subject)


def _table(rows: Sequence[Row]) -> dict[str, Any]:
    hidden = ("groups", "total", "deal_key", "undated")
    columns = [name for name in rows[0] if name not in hidden]
    return {"columns": columns, "rows": [{name: row[name] for name in columns} for row in rows]}


def _answered(
    question: Question,
    answer: str,
    headline: str,
    support: int,
    rows: Sequence[Row],
    citation: Row,
    chart: Mapping[str, Any],
) -> Answered:
    return Answered(
        question.text,
        answer,
        confidence_of(support),
        support,
        (citation,),
        headline=headline,
        table=_table(rows),
        chart=chart,
        subject=question.subject,
    )
