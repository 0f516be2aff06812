from __future__ import annotations

from itertools import pairwise

from hypothesis import given, strategies as st

from quintet_server.engines.chat.whole_text import WholeText

# Text as UTF-16 has it: characters beyond U+FFFF are two halves, which JSON may bring one by one.
ANY = st.text(st.characters(codec=None), max_size=30)


def halves(text: str) -> str:
    """The same text with every character beyond U+FFFF as two surrogates."""
    units = text.encode("utf-16-le", "surrogatepass")
    return "".join(
        chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2)
    )


def fed(pieces: list[str]) -> list[str]:
    whole = WholeText()
    return [*(whole.feed(piece) for piece in pieces), whole.end()]


@given(ANY, st.lists(st.integers(0, 60), max_size=6))
def test_text_cut_anywhere_comes_out_the_same_and_can_be_encoded(
    text: str, cuts: list[int]
) -> None:
    units = halves(text)
    edges = [0, *sorted(min(cut, len(units)) for cut in cuts), len(units)]
    pieces = [units[a:b] for a, b in pairwise(edges)]
    out = fed(pieces)
    assert "".join(out) == "".join(fed([units]))
    for piece in out:
        piece.encode("utf-8")
        assert "\0" not in piece


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_text_without_odd_characters_passes_unchanged(text: str) -> None:
    assert "".join(fed([text])) == text


def test_half_a_character_waits_for_the_other_half() -> None:
    assert fed(["a\ud83e", "\udd8ab"]) == ["a", "🦊b", ""]


def test_half_a_character_alone_and_nul_are_replaced() -> None:
    assert fed(["a\ud83e"]) == ["a", "�"]
    assert fed(["\udd8a", "x\0y"]) == ["�", "x�y", ""]
