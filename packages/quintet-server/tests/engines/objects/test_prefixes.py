"""The end of a prefix's keys, in the order of UTF-8 bytes."""

from __future__ import annotations

from hypothesis import given, strategies as st

from quintet_server.engines.objects.prefixes import after_prefix

TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("\ud7ff\ue000\U0010ffff\x7f\u0080\uffff\U00010000"),
    )
)


@given(TEXT, TEXT)
def test_after_prefix_is_beyond_exactly_the_texts_with_it(prefix: str, text: str) -> None:
    end = after_prefix(prefix)
    for candidate in (text, prefix + text):
        raw = candidate.encode()
        inside = raw >= prefix.encode() and (end is None or raw < end.encode())
        assert inside == candidate.startswith(prefix)


def test_after_prefix_of_last_characters_only_has_no_end() -> None:
    assert after_prefix("") is None
    assert after_prefix("\U0010ffff\U0010ffff") is None
