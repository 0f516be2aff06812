"""Sets that come one after the other: how many are in them, and how much room that takes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.reports import uniting
from quintet_server.services.ghostflow.reports.uniting import Uniting

NUMBERS = st.one_of(st.integers(-40, 40), st.integers(-(2**18), 2**18))
SETS = st.lists(
    st.tuples(st.integers(0, 3), st.lists(NUMBERS, max_size=20), st.integers(-300, 300)), max_size=8
)


@given(SETS, st.booleans(), st.sampled_from([1, 3, 1 << 18]), st.sampled_from([0, 2, 64, 1 << 20]))
def test_size_of_united_sets_is_the_number_of_different_members(
    drawn: list[tuple[int, list[int], int]], is_last_unasked: bool, piece: int, widest: int
) -> None:
    # Those of a key in a row, some of them close together.
    drawn.sort(key=lambda each: each[0])
    sets = [(key, {*few, *range(start, start + 30)} if few else set()) for key, few, start in drawn]
    unasked = max((key for key, _ in sets), default=0) if is_last_unasked else -1
    packed = [
        (
            None if key == unasked else str(key),
            b"".join(n.to_bytes(4, "big", signed=True) for n in numbers),
        )
        for key, numbers in sets
    ]
    with patch.object(uniting, "_PIECE", piece), patch.object(uniting, "_WIDEST", widest):
        union = Uniting()
        union.add(packed[:3])
        union.add(packed[3:])
        found, by_key = union.result()
    assert found == len({number for _, numbers in sets for number in numbers})
    assert by_key == {
        str(key): len({number for other, each in sets if other == key for number in each})
        for key, _ in sets
        if key != unasked
    }


def test_room_for_sets_does_not_grow_with_their_number() -> None:
    visitors, days = 1_000_000, 30

    def sets() -> Iterator[tuple[str | None, bytes]]:
        for day in range(days):
            numbers = np.arange(day * 1000, day * 1000 + visitors, dtype=">i4")
            yield f"[{day // 10}]", numbers.tobytes()

    tracemalloc.start()
    try:
        union = Uniting()
        union.add(sets())
        found, by_key = union.result()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == visitors + (days - 1) * 1000
    assert by_key == {f"[{n}]": visitors + 9000 for n in range(3)}
    # All sets together have 120 MB: one at a time, and some bytes for each visitor.
    assert peak < 30_000_000
