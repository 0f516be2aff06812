"""Cutting values out of bodies, against a parser that builds them."""

from __future__ import annotations

import json

from hypothesis import given, settings, strategies as st

from quintet_server.services.aerostack.cache.as_sent import member, members_of_elements

texts = st.text(max_size=8) | st.sampled_from(
    ['"', "\\", '\\"', "}", "]", "{", "[", ",", ":", "é\n"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, width=32) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)
layouts = st.sampled_from(
    [
        {},
        {"indent": 2},
        {"separators": (",", ":")},
        {"separators": (" ,\r\n\t", "\n: ")},
        {"ensure_ascii": False},
    ]
)


@given(
    fields=st.dictionaries(texts, values, max_size=5),
    layout=layouts,
    around=st.sampled_from(["", " \n"]),
)
def test_every_member_is_found_as_it_was_written(fields, layout, around) -> None:
    raw = (around + json.dumps(fields, **layout) + around).encode()
    for name, value in fields.items():
        cut = member(raw, name)
        assert cut is not None
        assert cut.strip() == cut
        assert cut in raw
        assert json.loads(cut) == value
    assert member(raw, "no such member, surely") is None


@settings(max_examples=settings.default.max_examples // 2)
@given(rows=st.lists(st.dictionaries(texts, values, max_size=3), max_size=5), layout=layouts)
def test_members_of_elements_come_in_order(rows, layout) -> None:
    rows = [{**row, **({"value": n} if n % 2 else {})} for n, row in enumerate(rows)]
    raw = json.dumps({"before": [{}], "entries": rows, "behind": {"entries": 1}}, **layout).encode()
    found = members_of_elements(raw, "entries", "value")
    assert [None if cut is None else json.loads(cut) for cut in found] == [
        row.get("value") for row in rows
    ]


def test_last_of_duplicate_names_counts() -> None:
    assert member(b'{"value": 1, "x": {"value": 3}, "value": 2}', "value") == b"2"
    assert member(b'{"value": 1, "v\\u0061lue": 2}', "value") == b"2"
    raw = b'{"entries": [{"value": 1}], "entries": [{"value": 2, "value": [3]}, {}]}'
    assert members_of_elements(raw, "entries", "value") == [b"[3]", None]


def test_text_is_the_senders() -> None:
    for text in (b"1.10", b"-0", b"1E+2", b'"\\u00e9\\/"', b'{ "b":1,"a" : [ ] ,"b":2 }', b"null"):
        assert member(b'{"key":"k" , "value"\t:\n ' + text + b' \n, "ttl":1}', "value") == text
        assert member(b'{"value":' + text + b"}", "value") == text


def test_long_strings_and_deep_values_need_no_stack() -> None:
    long = b'"' + b'\\n\\"[' * 300_000 + b'"'
    assert member(b'{"value":' + long + b"}", "value") == long
    deep = b"[" * 100_000 + b"]" * 100_000
    assert member(b'{"value":' + deep + b"}", "value") == deep
