from __future__ import annotations

import pytest

from quintet_server.services.amdahl.rendering.accept import prefers_html


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html", True),
        ("TEXT/HTML", True),
        ("text/*", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/json, text/html;q=0.5", False),
        ("application/json;q=0.3, text/html;q=0.5", True),
        ("text/html;q=0, */*", False),
        ("text/html;q=junk, application/json", False),
        (";;,,q=", False),
    ],
)
def test_html_only_when_it_is_wanted_more(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html
