"""Which consumer gets a job."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.services.aerostack.queue.matching import consumer_for, shares

CONSUMERS = {
    "all": ("*",),
    "mail": ("email.*",),
    "news": ("email.news.*", "sms"),
    "send": ("email.send",),
    "other": ("sms",),
}


@pytest.mark.parametrize(
    ("job_type", "name"),
    [
        ("email.send", "send"),
        ("email.sent", "mail"),
        ("email.news.daily", "news"),
        ("email.", "mail"),
        ("email", "all"),
        ("sms", "news"),
        ("sms.x", "all"),
        ("*", "all"),
    ],
)
def test_most_exact_consumer_gets_the_job(job_type, name):
    assert consumer_for(job_type, CONSUMERS) == name


def test_job_without_a_match_has_no_consumer():
    assert consumer_for("a", {"x": ("b", "a.*")}) is None
    assert consumer_for("a", {}) is None


def test_types_that_are_named_are_shared_out_before_any_job_waits():
    assert shares([], CONSUMERS) == {
        "all": [],
        "mail": [],
        "news": ["sms"],
        "send": ["email.send"],
        "other": [],
    }


_TYPE = st.text("ab.*", min_size=1, max_size=4)


@given(
    st.lists(_TYPE, max_size=6),
    st.dictionaries(st.sampled_from("xyz"), st.tuples(_TYPE) | st.tuples(_TYPE, _TYPE)),
)
def test_each_type_is_shared_to_at_most_one_consumer_and_to_the_one_that_gets_its_jobs(
    types, consumers
):
    shared = shares(types, consumers)
    assert shared.keys() == consumers.keys()
    everything = [(each, name) for name, of_one in shared.items() for each in of_one]
    assert len({each for each, _ in everything}) == len(everything)
    assert all(consumer_for(each, consumers) == name for each, name in everything)
    assert {each for each in types if consumer_for(each, consumers)} <= dict(everything).keys()
