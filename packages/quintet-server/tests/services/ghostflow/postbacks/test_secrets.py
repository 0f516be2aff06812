"""What of a postback may be shown."""

from __future__ import annotations

import pytest

from quintet_server.services.ghostflow.postbacks.secrets import (
    REMOVED,
    shown_params,
    shown_url,
)


@pytest.mark.parametrize(
    "name", ["token", "apiKey", "API_KEY", "auth-token", "X.Signature", "userPassword", "key"]
)
def test_value_whose_name_says_so_is_removed(name: str) -> None:
    assert shown_params({name: "s3cret"}, known=(), secret="KEY") == {name: REMOVED}
    assert "s3cret" not in shown_url(f"https://a.example/b?x=1&{name}=s3cret&y=2")


@pytest.mark.parametrize("name", ["keyword", "monkey", "sub1", "assigned", "hashtag", "author"])
def test_value_whose_name_only_looks_like_it_is_kept(name: str) -> None:
    assert shown_params({name: "v"}, known=(), secret="KEY") == {name: "v"}
    url = f"https://a.example/b?{name}=v#top"
    assert shown_url(url) == url


def test_value_that_has_a_known_meaning_is_kept() -> None:
    assert shown_params({"token": "click"}, known={"token"}, secret="KEY") == {"token": "click"}


def test_postback_key_is_removed_from_every_value() -> None:
    assert shown_params({"a": "x-KEY-y"}, known={"a"}, secret="KEY") == {"a": f"x-{REMOVED}-y"}
