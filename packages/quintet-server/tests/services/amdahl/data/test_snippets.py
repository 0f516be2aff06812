"""Snippets around a match, and rankings made one."""

from __future__ import annotations

import re

from hypothesis import given, strategies as st

from quintet_server.services.amdahl.data.fusion import fused
from quintet_server.services.amdahl.data.snippets import snippet_of, words_of

LONG = "lorem ipsum dolor " * 60


def test_short_text_is_its_own_snippet() -> None:
    assert snippet_of("  two\n words ", "words") == "two words"


def test_snippet_stands_around_the_match() -> None:
    found = snippet_of(f"{LONG}the pricing of seats is negotiable {LONG}", "price seat")
    assert "pricing of seats" in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) <= 242


def test_snippet_prefers_the_place_with_most_words() -> None:
    text = f"security {LONG} security review of the pilot {LONG} pilot"
    assert "security review of the pilot" in snippet_of(text, "pilot security review")


def test_snippet_without_match_is_the_beginning() -> None:
    assert snippet_of(f"begin {LONG}", "absent").startswith("begin lorem")
    assert snippet_of(f"begin {LONG}", "").startswith("begin lorem")


def test_snippet_has_no_tags() -> None:
    assert snippet_of("a <script>alert(1)</script> b", "a") == "a alert(1) b"
    assert snippet_of("5 < 6 and <im<b>g src=x onerror=y>", "a") == "5 < 6 and g src=x onerror=y>"


@given(st.text(alphabet="<>/!ab g=\n", max_size=80), st.text(max_size=5))
def test_snippet_never_begins_a_tag(text: str, query: str) -> None:
    assert not re.search(r"<[A-Za-z/!?]", snippet_of(text, query, max_chars=40))


def test_fusion_puts_what_both_rank_high_first() -> None:
    assert list(fused([["a", "b", "c"], ["b", "d"]])) == ["b", "a", "d", "c"]
    assert fused([["a"], ["a"]]) == {"a": 1.0}
    assert fused([]) == {}


def test_words_are_small_once_and_more_than_a_letter() -> None:
    assert words_of("A Plan, a plan: room 7 at O'Neill") == ["plan", "room", "7", "at", "neill"]
