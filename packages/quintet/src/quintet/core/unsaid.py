"""What to say of an error answer that does not say itself what is wrong.

A proxy's page, an empty body, a redirect: the SDKs' messages then say what was asked, what came,
and what to look at.  Of every URL only origin and path are shown: a query may hold a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quintet.core.url import LOOK_AT_BASE_URL, shown_url

if TYPE_CHECKING:
    from quintet.core.response import Response

__all__ = ["answered", "is_page", "redirect_note", "unsaid"]

_NOT_MODIFIED = 304
_PAGE_STARTS = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml")
_MOST_BLANK = 200


def answered(response: Response) -> str:
    """Return what was asked and what came, such as ``"GET https://x.example/y answered 502"``."""
    place = f"{response.method} {shown_url(response.url)}".strip()
    return f"{place or 'the server'} answered {response.status}"


def is_page(response: Response) -> bool:
    """Tell a page for people, of which no message shows anything, by its type or its beginning."""
    start = response.body[:_MOST_BLANK].lstrip().lower()
    return response.content_type == "text/html" or start.startswith(_PAGE_STARTS)


def redirect_note(response: Response) -> str:
    """Return that a redirect was not followed and whither it leads; ``""`` if it is none."""
    status = response.status
    if not 300 <= status < 400 or status == _NOT_MODIFIED:
        return ""
    location = response.headers.get("location")
    if location is None:
        return "redirects are not followed, and this one names no location"
    return f"redirects are not followed; the location is {shown_url(location)}"


def unsaid(response: Response) -> str:
    """Return the likeliest reason behind an error answer whose body gives none."""
    if note := redirect_note(response):
        return note
    if response.status == 404:
        return f"the answer is not from this API; {LOOK_AT_BASE_URL}"
    return "the answer does not say why"
