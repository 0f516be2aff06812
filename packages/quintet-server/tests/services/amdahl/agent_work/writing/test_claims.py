"""A model's sentence keeps every figure to its name, its unit, its direction and its scope.

The computed sentences are drawn in the shapes that answers have; whatever is changed in one that
changes its meaning must be refused.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

from quintet_server.services.amdahl.agent_work.writing.claims import tokens_of
from quintet_server.services.amdahl.agent_work.writing.grounding import is_grounded, is_told

FACTS = (
    "By channel, email leads with 12 of 40 interactions (30%). Then come call (9, 22%) and chat "
    "(7, 18%).",
    "By channel, web leads with 43 of 100 interactions in the last 30 days (43%).",
    "5 deals closed in March 2026: 3 won, worth 100,000, and 2 lost, worth 50,000; that is a win "
    "rate of 60%.",
    "The number of interactions fell from 12 in March 2026 to 9 in May 2026.",
    "The average sentiment is +0.42, over 30 scored interactions, up from +0.31 in the period of "
    "the same length before.",
    "By channel, the average sentiment is highest for call (+0.50 over 31 scored interactions) and "
    "lowest for email (-0.10 over 50).",
    "There are 12 interactions with Acme, Beta and Gamma in the last 30 days, from 3 companies, "
    "20% more than in the period of the same length before (10).",
    "The workspace holds 128 interactions with 4 companies and 9 deals, from 2 January 2026 to 14 "
    "June 2026.",
    "By owner, Amber (2 deals, 1 won worth 100, 1 lost worth 55, a win rate of 50%) and Birch (4 "
    "deals, 3 won worth 10) share the first place in win rate.",
    "7 interactions mention pricing or discount but not support.",
)


@pytest.mark.parametrize(
    "sentence",
    [
        "There were 12 emails.",
        "Email leads with 12 of 40.",
        "Email has the most interactions with 12 of 40.",
        "The top channel is email with 12 of all 40 interactions.",
        "Of the 40 interactions, 30 percent are emails.",
        "Emails account for 30% of the 40 interactions.",
        "Then comes call with 9, and chat with 7.",
        "Web had 43 of the 100 interactions during the last 30 days.",
        "5 deals closed in March 2026, of which 3 won.",
        "The number of interactions declined from 12 in March 2026 to 9 in May 2026.",
        "The average sentiment was 0.42 across 30 scored interactions.",
        "There are 12 interactions with Acme, Beta and Gamma in the last 30 days.",
        "There are 128 interactions with 4 companies and 9 deals.",
    ],
)
def test_harmless_paraphrase_passes(sentence: str) -> None:
    assert is_grounded(sentence, FACTS)


@pytest.mark.parametrize(
    "sentence",
    [
        "By company, there were 43 interactions.",
        "There were 43 interactions in the last 30 days.",
        "There were 40 emails.",
        "Email has interactions of 40.",
        "There were 12+ emails.",
        "Web leads with 43 of 100 interactions.",  # of all time
        "There are 12 interactions with Acme.",
        "Call and chat come with 7.",
        "Then come chat with 9 and call with 7.",
        "5 deals closed in March 2026: 3 won, worth 50,000.",
        "5 deals closed in March 2026: 3 won, worth $100,000.",
        "5 deals closed, 3 won.",
        "The number of interactions fell to 12 in March 2026 from 9 in May 2026.",
        "The number of interactions will fall from 12 in March 2026 to 9 in May 2026.",
        "The average sentiment is -0.42, over 30 scored interactions.",
        "The average sentiment is highest for call and lowest for email (0.10 over 50).",
        "The average sentiment is lowest for call (+0.50) and highest for email (-0.10).",
        "Amber (1 won worth 55) and Birch share the first place in win rate.",
        "7 interactions mention pricing and discount but not support.",
        "7 interactions mention support.",
        "Email leads with 12 of 40 interactions, hardly a surprise.",
        "Does email lead with 12 of 40 interactions?",
        "Email > call, with 12 of 40 interactions.",
    ],
)
def test_sentence_that_binds_a_figure_otherwise_is_refused(sentence: str) -> None:
    assert not is_grounded(sentence, FACTS)


def test_figures_said_of_something_else_leave_a_computed_sentence_untold() -> None:
    other = "By owner, Amber leads with 12 of 40 interactions (30%)."
    fact = "By channel, email leads with 12 of 40 interactions (30%)."
    assert is_told(fact, ["Emails are 12 of the 40 interactions, 30%."])
    assert not is_told(other, ["Emails are 12 of the 40 interactions, 30%."])
    assert not is_told(FACTS[0], ["Emails are 12 of the 40 interactions, 30%."])


def test_words_of_somebody_are_told_as_they_were_said() -> None:
    fact = "Dune of Acme, 3 March 2026: “It is not cheap, but it is good”."
    assert is_grounded(fact, [fact])
    assert not is_grounded("Dune of Acme, 3 March 2026: “It is not cheap”.", [fact])
    assert not is_grounded("Dune of Acme, 3 March 2026, is good.", [fact])


def test_words_without_meaning_count_where_they_are_a_name() -> None:
    fact = "By company, The Who leads with 12 of 40 interactions (30%)."
    assert is_grounded("Of the 40 interactions, The Who has 12.", [fact])
    assert not is_grounded("There were 12 of 40 interactions.", [fact])


def test_brackets_of_a_name_stay_with_it() -> None:
    fact = "By company, Acme (UK) leads with 12 of 40 interactions (30%)."
    assert is_grounded(fact, [fact])
    assert not is_grounded("Acme leads with 12 of 40 interactions.", [fact])


NAMES = st.sampled_from(["email", "Acme Labs", "Amber Field", "Müller & Co", "hubspot", "The Most"])
SCOPES = st.sampled_from(["", " in March 2026", " in the last 30 days", " that mention price"])
NUMBERS = st.integers(1, 99_999)


@st.composite
def computed(draw: Any) -> str:
    """One sentence with distinct figures and names."""
    a, b, c, d = draw(st.lists(NUMBERS, min_size=4, max_size=4, unique=True))
    one, two = draw(st.lists(NAMES, min_size=2, max_size=2, unique=True))
    scope = draw(SCOPES)
    kind = draw(st.sampled_from(["channel", "company", "owner", "stage"]))
    templates = [
        f"By {kind}, {one} leads with {a:,} of {b:,} interactions{scope} ({c % 98 + 1}%).",
        f"By {kind}, {one} has the most won deals{scope}: {a:,} won, worth {b:,}.",
        f"{a:,} deals closed{scope}: {b:,} won, worth {c:,}, and {d:,} lost, worth 0.",
        f"The number of won deals{scope} rose from {a:,} in May 2025 to {b:,} in Q2 2026.",
        f"By {kind}, the average sentiment{scope} is highest for {one} (+0.41 over {a:,} scored "
        f"interactions) and lowest for {two} (-0.17 over {b:,}).",
        f"There are {a:,} interactions{scope}, {c % 98 + 1}% fewer than before ({b:,}).",
        f"{a:,} closed deals carry no closing date and {b:,} were not lost.",
    ]
    return str(draw(st.sampled_from(templates)))


CHANGES = {
    "channel": "owner",
    "company": "channel",
    "owner": "company",
    "stage": "owner",
    "rose": "fell",
    "fewer": "more",
    "highest": "lowest",
    "lowest": "highest",
    "won": "lost",
    "lost": "won",
    "most": "fewest",
    "interactions": "deals",
    "average": "total",
    "from": "to",
    "not": "",
    "no": "",
    "sentiment": "number",
    "price": "support",
    "last": "next",
    "scored": "won",
    "March": "April",
}
FIGURE = re.compile(r"[+-]?\d[\d,.]*\d|\d")


@given(computed())
def test_computed_sentence_passes_and_is_told_by_itself(fact: str) -> None:
    assert is_grounded(fact, [fact])
    assert is_told(fact, [fact])


@given(computed(), st.data())
def test_two_figures_swapped_are_refused(fact: str, data: Any) -> None:
    found = list(FIGURE.finditer(fact))
    one, two = sorted(
        data.draw(st.lists(st.sampled_from(range(len(found))), min_size=2, max_size=2, unique=True))
    )
    a, b = found[one], found[two]
    assume(tokens_of(a[0]) != tokens_of(b[0]))
    swapped = fact[: a.start()] + b[0] + fact[a.end() : b.start()] + a[0] + fact[b.end() :]
    assert not is_grounded(swapped, [fact])


@given(
    computed(),
    st.sampled_from(["%", " days", " companies", " euros", "+", "k", "th", " times"]),
    st.data(),
)
def test_figure_with_another_unit_is_refused(fact: str, unit: str, data: Any) -> None:
    found = data.draw(st.sampled_from(list(FIGURE.finditer(fact))))
    assume(not fact[found.end() :].startswith((unit, "%")))
    assert not is_grounded(fact[: found.end()] + unit + fact[found.end() :], [fact])


@given(computed())
def test_share_without_its_sign_is_refused(fact: str) -> None:
    assume("%" in fact)
    assert not is_grounded(fact.replace("%", ""), [fact])


@given(computed(), st.data())
def test_word_that_turns_the_meaning_is_refused(fact: str, data: Any) -> None:
    known = [word for word in CHANGES if re.search(rf"\b{word}\b", fact)]
    word = data.draw(st.sampled_from(known))
    places = list(re.finditer(rf"\b{word}\b", fact))
    place = data.draw(st.sampled_from(places))
    changed = fact[: place.start()] + CHANGES[word] + fact[place.end() :]
    assert not is_grounded(changed, [fact])


@given(
    computed(), st.sampled_from(["not", "never", "nearly", "only", "without", "half"]), st.data()
)
def test_word_that_is_added_is_refused(fact: str, word: str, data: Any) -> None:
    words = fact.split(" ")
    place = data.draw(st.integers(1, len(words) - 1))
    assert not is_grounded(" ".join([*words[:place], word, *words[place:]]), [fact])


@given(computed(), st.data())
def test_name_in_place_of_another_is_refused(fact: str, data: Any) -> None:
    names = [name for name in ("email", "Acme Labs", "Amber Field", "hubspot") if name in fact]
    assume(names)
    assert not is_grounded(fact.replace(data.draw(st.sampled_from(names)), "Zenith"), [fact])
