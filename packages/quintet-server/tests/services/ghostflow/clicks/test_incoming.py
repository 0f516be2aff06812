"""Parameters of links."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from hypothesis import given, strategies as st

from quintet_server.services.ghostflow.clicks.incoming import (
    MOST_CHARS,
    MOST_PARAMETERS,
    read_incoming,
    read_pairs,
)


def test_incoming_with_standard_names_fills_their_fields() -> None:
    query = (
        b"sub1=a&sub10=j&external_id=E+1&cost=0.5&currency=EUR&utm_source=s&utm_medium=m"
        b"&utm_campaign=c&utm_term=t&utm_content=%C3%A9&colour=red"
    )
    found = read_incoming(query, {})
    assert found.subs == {1: "a", 10: "j"}
    assert found.external_id == "E 1"
    assert (found.cost, found.currency) == ("0.5", "EUR")
    assert found.utm == {
        "source": "s",
        "medium": "m",
        "campaign": "c",
        "term": "t",
        "content": "é",
    }
    assert found.extra == {"colour": "red"}
    assert found.unknown == [("colour", "red")]


def test_incoming_with_names_of_the_source_maps_them_before_standard_ones() -> None:
    params = {"aff_click": "externalId", "price": "cost", "cur": "currency", "zone": "sub3"}
    query = b"external_id=mine&aff_click=theirs&price=1.5&cur=GBP&zone=z&sub3=other&sub2=x"
    found = read_incoming(query, params)
    assert found.external_id == "theirs"
    assert (found.cost, found.currency) == ("1.5", "GBP")
    assert found.subs == {2: "x", 3: "z"}
    assert found.extra == {}


def test_incoming_with_an_empty_mapped_value_takes_the_standard_one() -> None:
    found = read_incoming(b"click=&external_id=E", {"click": "externalId"})
    assert found.external_id == "E"


def test_incoming_with_a_networks_click_id_uses_it_if_there_is_no_other() -> None:
    assert read_incoming(b"fbclid=F&gclid=G", {}).external_id == "G"
    assert read_incoming(b"gclid=&ttclid=T", {}).external_id == "T"
    both = read_incoming(b"msclkid=M&external_id=E", {})
    assert both.external_id == "E"
    assert both.extra == {"msclkid": "M"}
    assert both.unknown == [("msclkid", "M")]  # destinations want it as well


def test_incoming_with_repeated_names_keeps_the_first() -> None:
    found = read_incoming(b"sub1=a&sub1=b&x=1&x=2", {})
    assert found.subs == {1: "a"}
    assert found.extra == {"x": "1"}
    assert found.unknown == [("x", "1"), ("x", "2")]


def test_incoming_with_too_much_is_cut() -> None:
    value = "é" * 600
    query = "&".join([f"sub1={quote(value)}", *(f"p{number}=1" for number in range(80))])
    found = read_incoming(query.encode(), {})
    assert found.subs[1] == "é" * MOST_CHARS
    assert len(found.unknown) == MOST_PARAMETERS - 1


def test_incoming_with_oddities_is_read_as_far_as_it_goes() -> None:
    found = read_incoming(b"&&=x&flag&bad=%zz&raw=\xff&nul=a%00b&sub0=0&sub11=1&Sub1=c", {})
    assert found.extra == {
        "flag": "",
        "bad": "%zz",
        "raw": "\ufffd",
        "nul": "ab",
        "sub0": "0",
        "sub11": "1",
        "Sub1": "c",
    }


@given(query=st.binary(max_size=300))
def test_incoming_of_any_bytes_is_read(query: bytes) -> None:
    found = read_incoming(query, {"x": "sub1"})
    assert "\0" not in "".join(found.extra.values())


@given(st.lists(st.tuples(st.text(min_size=1, max_size=9), st.text(max_size=9)), max_size=20))
def test_incoming_of_an_encoded_query_is_that_of_its_pairs(pairs: list[tuple[str, str]]) -> None:
    query = urlencode(pairs).encode()
    assert read_incoming(query, {}) == read_pairs(pairs, {})
