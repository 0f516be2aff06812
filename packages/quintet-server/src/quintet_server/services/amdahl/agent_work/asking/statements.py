"""A question as one SELECT, in the dialect that callers of the data API write too.

Values from outside travel as named parameters; instants are written out, so that a citation can be
run again as it stands. Nothing here names a tenant: the engine below sees to that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quintet_server.services.amdahl.agent_work.asking.ask import Ask
from quintet_server.services.amdahl.agent_work.asking.holdings import Holdings
from quintet_server.services.amdahl.agent_work.asking.questions import Question
from quintet_server.services.amdahl.agent_work.asking.vocabulary import MOOD_WORDS
from quintet_server.services.amdahl.agent_work.asking.windows import Window

__all__ = ["MENTIONS_MAX_COUNT", "Statement", "mentions_statement", "rank_of", "statement_of"]

GROUPS_MAX_COUNT = 12
PERIODS_MAX_COUNT = 60
QUOTES_MAX_COUNT = 8
MENTIONS_MAX_COUNT = 6

_HAS_TEXT = "TRIM(content) <> ''"
# Where a sentiment counts as clearly good or bad.
_CLEAR = 0.25

_INTERACTION_COLUMNS = frozenset(
    (
        "channel",
        "interaction_type",
        "company_name",
        "contact_name",
        "owner",
        "stage",
        "speaker_type",
        "speaker_name",
        "source_system",
        "deal_name",
    )
)
_DEAL_COLUMNS = frozenset(("owner", "stage", "company_name", "deal_name", "status"))

# Of what interactions say of a deal, the latest word counts; its name and its company stay.
_KEY = "COALESCE(deal_id, deal_name)"
_TOLD = f"""
told AS (
  SELECT {_KEY} AS deal_key, MAX(deal_name) AS deal_name, MAX(company_name) AS company_name,
    MAX(closed_at) AS closed_at
  FROM interactions WHERE {_KEY} IS NOT NULL GROUP BY {_KEY})"""


def _latest(name: str, columns: str, is_said: str) -> str:
    return f"""
{name} AS (
  SELECT {_KEY} AS deal_key, {columns},
    ROW_NUMBER() OVER (PARTITION BY {_KEY} ORDER BY `timestamp` DESC) AS place
  FROM interactions WHERE {_KEY} IS NOT NULL AND {is_said})"""


_STATUS = """COALESCE(deal_stage_status, CASE WHEN LOWER(deal_stage) LIKE '%won%' THEN 'won'
      WHEN LOWER(deal_stage) LIKE '%lost%' THEN 'lost' ELSE 'open' END) AS status"""
_OWNERS = _latest("owners", "owner", "owner IS NOT NULL")
_AMOUNTS = _latest(
    "amounts",
    "COALESCE(deal_amount, amount) AS amount",
    "COALESCE(deal_amount, amount) IS NOT NULL",
)
_STATES = _latest(
    "states", f"stage, {_STATUS}", "COALESCE(deal_stage_status, deal_stage) IS NOT NULL"
)
_FROM_INTERACTIONS = f"""WITH {_TOLD},{_OWNERS},{_AMOUNTS},{_STATES},
all_deals AS (
  SELECT told.deal_key, told.deal_name, amounts.amount,
    COALESCE(states.status, 'unknown') AS status, states.stage, owners.owner,
    told.company_name, told.closed_at
  FROM told LEFT JOIN states ON states.deal_key = told.deal_key AND states.place = 1
  LEFT JOIN owners ON owners.deal_key = told.deal_key AND owners.place = 1
  LEFT JOIN amounts ON amounts.deal_key = told.deal_key AND amounts.place = 1)
"""
# A company's owner is its deals' only where the company has no other.
_FROM_DEALS = f"""WITH {_TOLD},{_OWNERS},
named AS (
  SELECT company_id, MAX(company_name) AS company_name,
    CASE WHEN COUNT(DISTINCT owner) = 1 THEN MAX(owner) END AS owner
  FROM interactions WHERE company_id IS NOT NULL GROUP BY company_id),
all_deals AS (
  SELECT deals.deal_id AS deal_key, deals.deal_name, deals.deal_amount AS amount,
    COALESCE(deals.deal_stage_status, CASE WHEN deals.deal_stage_is_won THEN 'won'
      WHEN deals.deal_stage_is_won IS NULL
        AND COALESCE(deals.deal_stage_label, deals.deal_stage) IS NULL THEN 'unknown'
      ELSE 'open' END) AS status,
    COALESCE(deals.deal_stage_label, deals.deal_stage) AS stage,
    COALESCE(owners.owner, named.owner) AS owner,
    COALESCE(told.company_name, named.company_name) AS company_name, told.closed_at
  FROM deals LEFT JOIN told ON told.deal_key = deals.deal_id
  LEFT JOIN owners ON owners.deal_key = deals.deal_id AND owners.place = 1
  LEFT JOIN named ON named.company_id = deals.company_id)
"""
# A sum says nothing of deals that carry no amount: how many do is counted beside.
_DEAL_FIGURES = """COUNT(*) AS deals,
  COUNT(*) FILTER (WHERE status = 'won') AS won,
  COUNT(*) FILTER (WHERE status = 'lost') AS lost,
  COUNT(*) FILTER (WHERE status = 'open') AS still_open,
  COUNT(*) FILTER (WHERE status = 'unknown') AS stateless,
  COUNT(amount) FILTER (WHERE status = 'won') AS won_priced,
  COUNT(amount) FILTER (WHERE status = 'lost') AS lost_priced,
  COUNT(amount) FILTER (WHERE status = 'open') AS open_priced,
  COALESCE(SUM(amount) FILTER (WHERE status = 'won'), 0) AS won_amount,
  COALESCE(SUM(amount) FILTER (WHERE status = 'lost'), 0) AS lost_amount,
  COALESCE(SUM(amount) FILTER (WHERE status = 'open'), 0) AS open_amount"""

# Written so that a group without closed deals has none, instead of breaking.
_WIN_RATE = (
    "COUNT(*) FILTER (WHERE status = 'won') * 1.0 "
    "/ NULLIF(COUNT(*) FILTER (WHERE status IN ('won', 'lost')), 0) AS win_rate"
)


@dataclass(slots=True)
class Statement:
    """A SELECT and the values of its `@names`."""

    sql: str
    params: dict[str, str] = field(default_factory=dict)


class _Conditions:
    """The WHERE of a statement as it grows."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.params: dict[str, str] = {}

    def bind(self, value: str) -> str:
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"@{name}"

    def filters(self, filters: Mapping[str, tuple[str, ...]], known: frozenset[str]) -> None:
        for column, values in filters.items():
            if column in known:
                places = ", ".join(self.bind(value) for value in values)
                self.parts.append(f"{column} IN ({places})")

    def terms(self, terms: tuple[str, ...]) -> None:
        if terms:
            places = (f"LOWER(content) LIKE {self.bind(pattern_of(term))}" for term in terms)
            self.parts.append(f"({' OR '.join(places)})")

    def within(self, column: str, start: datetime, end: datetime) -> None:
        self.parts += [f"{column} >= {literal(start)}", f"{column} < {literal(end)}"]

    def __str__(self) -> str:
        return f"WHERE {' AND '.join(self.parts)}" if self.parts else ""


def statement_of(question: Question, held: Holdings) -> Statement:
    """The statement that answers a question, of any shape but `documents`."""
    if question.subject == "deals":
        return _of_deals(question, held)
    if question.subject == "qualification":
        return _of_qualification(question)
    return _of_interactions(question)


def mentions_statement(terms: tuple[str, ...]) -> Statement:
    """How many interactions mention each term: columns `t0`, `t1`, …"""
    params = {f"p{place}": pattern_of(term) for place, term in enumerate(terms)}
    counts = (
        f"COUNT(*) FILTER (WHERE LOWER(content) LIKE @p{place}) AS t{place}"
        for place in range(len(terms))
    )
    return Statement(f"SELECT {', '.join(counts)} FROM interactions", params)


_SOFT_END = re.compile(r"(?<=\w{3}[cs])(?:e|ing)$")


def pattern_of(term: str) -> str:
    """A LIKE pattern for a word and its forms; what LIKE reads as a wildcard is left out.

    Plurals, and words such as "pricing" and "price", find each other.
    """
    plain = term.lower().replace("%", "").replace("_", "").replace("\\", "")
    is_plural = len(plain) > 4 and plain.endswith("s") and not plain.endswith("ss")
    singular = plain[:-1] if is_plural else plain
    return f"%{_SOFT_END.sub('', singular)}%"


def literal(when: datetime) -> str:
    """An instant as both dialects read it."""
    return f"TIMESTAMP '{when.strftime('%Y-%m-%d %H:%M:%S')}+00:00'"


def _of_interactions(question: Question) -> Statement:
    ask, where = question.ask, _Conditions()
    where.filters(ask.filters, _INTERACTION_COLUMNS)
    where.terms(ask.terms)
    if question.shape == "quotes":
        return _quotes(question, where)
    sentiment = question.subject == "sentiment"
    figures = (
        "AVG(sentiment) AS sentiment, COUNT(sentiment) AS scored"
        if sentiment
        else ("COUNT(*) AS interactions")
    )
    if sentiment:
        where.parts.append("sentiment IS NOT NULL")
    if question.shape == "total":
        return _total(question, where, figures)
    if ask.window is not None:
        where.within("`timestamp`", ask.window.start, ask.window.end)
    if question.shape == "over":
        return _over("`timestamp`", question.grain or "month", "interactions", where, figures)
    column = question.column
    where.parts.append(f"{column} IS NOT NULL")
    way = "ASC" if ask.ascending or (sentiment and ask.valence < 0) else "DESC"
    rank = "sentiment" if sentiment else "interactions"
    total = "SUM(COUNT(*)) OVER () AS total, COUNT(*) OVER () AS groups"
    sql = (
        f"SELECT {column}, {figures}, {total} FROM interactions {where} "
        f"GROUP BY {column} ORDER BY {rank} {way}, {column} LIMIT {GROUPS_MAX_COUNT}"
    )
    return Statement(sql, where.params)


def _total(question: Question, where: _Conditions, figures: str) -> Statement:
    """One row; with a window, the same figures of the time before it as well."""
    window = question.ask.window
    more = (
        f"COUNT(*) FILTER (WHERE sentiment > {_CLEAR}) AS positive, "
        f"COUNT(*) FILTER (WHERE sentiment < -{_CLEAR}) AS negative"
    )
    if question.subject != "sentiment":
        more = (
            "COUNT(DISTINCT company_name) AS companies, MIN(`timestamp`) AS first_at, "
            "MAX(`timestamp`) AS last_at"
        )
    before = ""
    if window is not None:
        where.within("`timestamp`", window.start, window.end)
        before = f", {_before(question, window)}"
    return Statement(f"SELECT {figures}, {more}{before} FROM interactions {where}", where.params)


def _before(question: Question, window: Window) -> str:
    """The count, or the average, of the window of the same length before."""
    earlier = _Conditions()
    earlier.filters(question.ask.filters, _INTERACTION_COLUMNS)
    earlier.terms(question.ask.terms)
    start, end = window.before().start, window.before().end
    earlier.within("`timestamp`", start, end)
    figure = "AVG(sentiment)" if question.subject == "sentiment" else "COUNT(*)"
    return f"(SELECT {figure} FROM interactions {earlier}) AS before"


def _over(
    column: str, grain: str, table: str, where: _Conditions, figures: str, prefix: str = ""
) -> Statement:
    period = f"DATE_TRUNC({column}, {grain.upper()})"
    sql = (
        f"{prefix}SELECT {period} AS period, {figures} FROM {table} {where} "
        f"GROUP BY {period} ORDER BY period DESC LIMIT {PERIODS_MAX_COUNT}"
    )
    return Statement(sql, where.params)


def _quotes(question: Question, where: _Conditions) -> Statement:
    ask = question.ask
    if ask.window is not None:
        where.within("`timestamp`", ask.window.start, ask.window.end)
    where.parts.append(_HAS_TEXT)
    if ask.is_told_by_words:
        where.terms(MOOD_WORDS[ask.valence])
    if question.subject == "sentiment":
        where.parts.append("sentiment IS NOT NULL")
    order = "`timestamp` DESC"
    if not ask.is_told_by_words and (ask.valence or question.subject == "sentiment"):
        order = f"sentiment {'DESC' if ask.valence > 0 else 'ASC'}, {order}"
    elif "speaker_type" not in ask.filters:
        order = f"CASE WHEN speaker_type = 'external' THEN 0 ELSE 1 END, {order}"
    sql = (
        "SELECT id, `timestamp`, channel, company_name, "
        "COALESCE(speaker_name, contact_name) AS speaker, sentiment, content, "
        f"COUNT(*) OVER () AS total FROM interactions {where} "
        f"ORDER BY {order}, id LIMIT {QUOTES_MAX_COUNT}"
    )
    return Statement(sql, where.params)


def _of_deals(question: Question, held: Holdings) -> Statement:
    ask, where = question.ask, _Conditions()
    source = _FROM_DEALS if held.deals else _FROM_INTERACTIONS
    where.filters(ask.filters, _DEAL_COLUMNS)
    if question.shape == "total":
        # Deals without a date are counted beside, so that a gap can be told from a zero.
        figures, window = _DEAL_FIGURES, ask.window
        closed = "status IN ('won', 'lost')"
        undated = f"COUNT(*) FILTER (WHERE {closed} AND closed_at IS NULL) AS undated"
        if window is not None:
            inside = f"(closed_at >= {literal(window.start)} AND closed_at < {literal(window.end)})"
            where.parts.append(f"({inside} OR closed_at IS NULL)")
            figures = figures.replace("= 'won')", f"= 'won' AND {inside})")
            figures = figures.replace("= 'lost')", f"= 'lost' AND {inside})")
        return Statement(
            f"{source}SELECT {figures}, {undated} FROM all_deals {where}", where.params
        )
    if ask.window is not None and ask.focus != "open":
        where.within("closed_at", ask.window.start, ask.window.end)
    if question.shape == "amounts":
        return _amounts(question, source, where)
    if question.shape == "list":
        return _deal_list(question, source, where)
    if question.shape == "over":
        where.parts.append("closed_at IS NOT NULL")
        grain = question.grain or "month"
        return _over("closed_at", grain, "all_deals", where, _DEAL_FIGURES, source)
    column = question.column
    where.parts.append(f"{column} IS NOT NULL")
    rank = rank_of(ask)
    if ask.by_rate:
        where.parts.append("status IN ('won', 'lost')")
    elif column == "status":
        where.parts.append("status <> 'unknown'")
    way = "ASC" if ask.ascending else "DESC"
    sql = (
        f"{source}SELECT {column}, {_DEAL_FIGURES}, {_WIN_RATE}, COUNT(*) OVER () AS groups "
        f"FROM all_deals "
        f"{where} GROUP BY {column} ORDER BY {rank} {way}, {column} LIMIT {GROUPS_MAX_COUNT}"
    )
    return Statement(sql, where.params)


def rank_of(ask: Ask) -> str:
    """The column by which a breakdown of deals is ranked."""
    if ask.by_rate:
        return "win_rate"
    if ask.by_amount:
        return f"{ask.focus or 'won'}_amount"
    return {"won": "won", "lost": "lost", "open": "still_open"}.get(ask.focus or "", "deals")


def _deal_list(question: Question, source: str, where: _Conditions) -> Statement:
    ask = question.ask
    if ask.focus:
        where.parts.append(f"status = {where.bind(ask.focus)}")
    where.parts.append("amount IS NOT NULL")
    limit = min(ask.top or 5, GROUPS_MAX_COUNT)
    sql = (
        f"{source}SELECT deal_key, deal_name, company_name, owner, stage, status, amount, "
        f"COUNT(*) OVER () AS total FROM all_deals {where} "
        f"ORDER BY amount {'ASC' if ask.ascending else 'DESC'}, deal_key LIMIT {limit}"
    )
    return Statement(sql, where.params)


# An amount of an interaction that belongs to no deal above counts by itself.
_ALL_AMOUNTS = f""", loose AS (
  SELECT company_name, owner, stage, deal_name, COALESCE(deal_amount, amount) AS amount,
    `timestamp` AS closed_at,
    ROW_NUMBER() OVER (PARTITION BY COALESCE(deal_id, deal_name, id)
      ORDER BY `timestamp` DESC) AS place
  FROM interactions WHERE COALESCE(deal_amount, amount) IS NOT NULL
    AND COALESCE({_KEY}, '') NOT IN (SELECT deal_key FROM all_deals)
    AND COALESCE(deal_name, '') NOT IN
      (SELECT deal_name FROM all_deals WHERE deal_name IS NOT NULL)),
all_amounts AS (
  SELECT company_name, owner, stage, deal_name, amount, closed_at FROM all_deals
    WHERE amount IS NOT NULL
  UNION ALL
  SELECT company_name, owner, stage, deal_name, amount, closed_at FROM loose WHERE place = 1)
"""


def _amounts(question: Question, source: str, where: _Conditions) -> Statement:
    """The amounts of deals in any state, and of interactions without one, by a column."""
    column = question.column
    where.parts.append(f"{column} IS NOT NULL")
    way = "ASC" if question.ask.ascending else "DESC"
    edge = "MIN" if question.ask.ascending else "MAX"
    sql = (
        f"{source.rstrip()}{_ALL_AMOUNTS}SELECT {column}, SUM(amount) AS amount, "
        f"COUNT(*) AS amounts, {edge}(amount) AS single, "
        f"{edge}({edge}(amount)) OVER () AS extreme, "
        "SUM(SUM(amount)) OVER () AS total, SUM(COUNT(*)) OVER () AS counted, "
        f"COUNT(*) OVER () AS groups FROM all_amounts {where} "
        f"GROUP BY {column} ORDER BY amount {way}, {column} LIMIT {GROUPS_MAX_COUNT}"
    )
    return Statement(sql, where.params)


def _of_qualification(question: Question) -> Statement:
    where = _Conditions()
    where.filters(question.ask.filters, frozenset(("company_name",)))
    source = (
        "WITH named AS (SELECT company_id, MAX(company_name) AS company_name FROM interactions "
        "WHERE company_id IS NOT NULL GROUP BY company_id), "
        "scored AS (SELECT COALESCE(named.company_name, q.company_id) AS company_name, "
        "q.outcome_score, q.outcome_band FROM deal_qualification q "
        "LEFT JOIN named ON named.company_id = q.company_id) "
    )
    if question.shape == "by" and question.column == "outcome_band":
        where.parts.append("outcome_band IS NOT NULL")
        sql = (
            f"{source}SELECT outcome_band, COUNT(*) AS companies, AVG(outcome_score) AS score, "
            f"SUM(COUNT(*)) OVER () AS total FROM scored {where} "
            "GROUP BY outcome_band ORDER BY score DESC"
        )
        return Statement(sql, where.params)
    where.parts.append("outcome_score IS NOT NULL")
    way = "ASC" if question.ask.ascending else "DESC"
    limit = min(question.ask.top or 5, GROUPS_MAX_COUNT)
    sql = (
        f"{source}SELECT company_name, outcome_score, outcome_band, COUNT(*) OVER () AS total "
        f"FROM scored {where} ORDER BY outcome_score {way}, company_name LIMIT {limit}"
    )
    return Statement(sql, where.params)
