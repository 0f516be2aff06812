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

__all__ = [
    "amounts_by_column",
    "bands",
    "deal_list",
    "deals_by_column",
    "deals_over_time",
    "deals_total",
    "score_list",
]

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
    stateless = whole(row["stateless"])
    if not closed and not still_open:
        if stateless and question.ask.focus is None and window is None:
            return _stateless(question, row, citation)
        return _nothing(question, citation, undated)
    sentences = []
    if closed:
        sentences.append(
            f"{count(closed, 'deal')} closed{scope}: {won:,} won, {_worth(row, 'won')}, and "
            f"{lost:,} lost, {_worth(row, 'lost')}; "
            f"that is a win rate of {share(won, closed)}."
        )
        # An average of amounts that are known, or none.
        priced, lost_priced = whole(row["won_priced"]), whole(row["lost_priced"])
        if priced > 1:
            each = amount(round(number(row["won_amount"]) / priced, 2))
            lost_each = None
            if lost_priced > 1:
                lost_each = amount(round(number(row["lost_amount"]) / lost_priced, 2))
            besides = f", a lost one {lost_each}" if lost_each else ""
            sentences.append(f"A won deal is worth {each} on average{besides}.")
    elif window is not None:
        sentences.append(f"No deal closed{scope}.")
    if still_open:
        verb = "is" if still_open == 1 else "are"
        where = "" if closed or window is not None else scope
        told = f"{count(still_open, 'deal')}{where} {verb} still open, {_worth(row, 'open')}."
        sentences.append(told)
    gap = None
    if window is not None and undated:
        verb = "carries" if undated == 1 else "carry"
        gap = f"{count(undated, 'closed deal')} {verb} no closing date and could not be counted."
    elif stateless and window is None:
        gap = f"Of {count(stateless, 'more deal')} the data do not say how they stand."
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


def _worth(row: Row, state: str) -> str:
    """What the deals of a state are worth, as far as that is known."""
    n, priced = whole(row[_FIELDS[state]]), whole(row[f"{state}_priced"])
    if n and not priced:
        return "of unknown worth"
    worth = f"worth {amount(row[f'{state}_amount'])}"
    return worth if n == priced else f"{worth} as far as known ({priced:,} of {n:,})"


def _stateless(question: Question, row: Row, citation: Row) -> Answered:
    n = whole(row["stateless"])
    named, whose = ("is", "its") if n == 1 else ("are", "their")
    gap = (
        f"{count(n, 'deal')}{scope_of(question.ask)} {named} named, but the data hold nothing on "
        f"{whose} state, so that none can be called open, won or lost."
    )
    return missing(question.text, gap, citation, question.subject)


def amounts_by_column(question: Question, rows: Sequence[Row], citation: Row) -> Answered:
    """Who has the highest amounts, all together and in a single one."""
    column, ask = question.column, question.ask
    assert column is not None  # of a breakdown
    one, several = NOUNS[column]
    scope = scope_of(ask, column)
    if not rows:
        gap = f"The data hold no amounts with a known {one}{scope}."
        return missing(question.text, gap, citation, question.subject)
    first, groups = rows[0], whole(rows[0]["groups"])
    end = "lowest" if ask.ascending else "highest"
    if groups == 1:
        headline = f"Only the {one} {first[column]} has amounts{scope}: {_amounts(first)}."
    else:
        part = f"{share(first['amount'], first['total'])} of {amount(first['total'])}"
        headline = (
            f"By {one}, {first[column]} has the {end} amount{scope}: {_amounts(first)} ({part})."
        )
    behind = rows[1 : max(ask.top or _TOLD_COUNT, 2)]
    others = [f"{row[column]} ({_amounts(row)})" for row in behind]
    answer = headline
    if others:
        answer += f" Then {'come' if len(others) > 1 else 'comes'} {listed(others, 'and')}."
    left = groups - 1 - len(others)
    if left > 0:
        answer += (
            f" There {'is' if left == 1 else 'are'} {left:,} more {one if left == 1 else several}."
        )
    single = [row for row in rows if number(row["single"]) == number(row["extreme"])]
    if single and whole(first["counted"]) > groups:
        names = listed([str(row[column]) for row in single[:_TOLD_COUNT]], "and")
        answer += f" The {end} single amount is {amount(first['extreme'])}, of {names}."
    chart = {"type": "BarChart", "x": column, "y": "amount"}
    return _answered(question, answer, headline, whole(first["counted"]), rows, citation, chart)


def _amounts(row: Row) -> str:
    n = whole(row["amounts"])
    return amount(row["amount"]) + (f" in {n:,} amounts" if n > 1 else "")


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
        field, state = _FIELDS[focus], focus
        return lambda row: f"{whole(row[field]):,} {state}, {_worth(row, state)}"
    if question.column == "status":
        return lambda row: count(row["deals"], "deal")

    def cell(row: Row) -> str:
        won, lost = whole(row["won"]), whole(row["lost"])
        rate = f", a win rate of {share(won, won + lost)}" if won + lost else ""
        told = [count(row["deals"], "deal")]
        told += [f"{won:,} won {_worth(row, 'won')}"] if won else []
        told += [f"{lost:,} lost {_worth(row, 'lost')}"] if lost else []
        still_open = whole(row["still_open"])
        told += [f"{still_open:,} open {_worth(row, 'open')}"] if still_open else []
        stateless = whole(row["stateless"])
        told += [f"{stateless:,} in an unknown state"] if stateless else []
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
    state = "state unknown" if row["status"] == "unknown" else row["status"]
    of = f" with {row['company_name']}" if row["company_name"] else ""
    return f"{name}{of} ({amount(row['amount'])}, {state})"


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
    hidden = ("groups", "total", "deal_key", "undated", "extreme", "counted")
    columns = [name for name in rows[0] if name not in hidden and not name.endswith("_priced")]
    return {
        "columns": columns,
        "rows": [{name: _known(row, name) for name in columns} for row in rows],
    }


def _known(row: Row, name: str) -> Any:
    """A cell; None for the sum of amounts that nobody knows."""
    state = name.removesuffix("_amount")
    is_unknown = state != name and row[_FIELDS[state]] and not whole(row[f"{state}_priced"])
    return None if is_unknown else row[name]


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
