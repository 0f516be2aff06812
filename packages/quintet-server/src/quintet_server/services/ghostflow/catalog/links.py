"""The addresses that are handed out: links to publish, and postback URLs to paste."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from quintet_server.services.ghostflow.catalog.hosts import is_local
from quintet_server.services.ghostflow.context import Call

__all__ = ["origin", "postback_url", "tracking_url"]


def origin(call: Call) -> str:
    """Where this server is reached: as its operator says, else as the request did."""
    url = call.request.url
    return (call.parts.settings.public_url or f"{url.scheme}://{url.netloc}").rstrip("/")


def tracking_url(here: str, slug: str, host: str | None) -> str:
    """The link of a campaign on a domain; without one that is active, on the server's own address.

    So the link works at any moment. A domain has the scheme of the server's own address. Names of
    this very machine have its port, too: nothing stands in front of the server there.
    """
    if host is None:
        return f"{here}/c/{slug}"
    parts = urlsplit(here)
    port = f":{parts.port}" if parts.port is not None and is_local(host) else ""
    return f"{parts.scheme}://{host}{port}/c/{slug}"


def postback_url(here: str, key: str, parameters: Mapping[str, str]) -> str:
    """What a network is to call: the two macros are to be replaced by its own."""
    click, payout = quote(parameters["clickId"], safe=""), quote(parameters["payout"], safe="")
    return f"{here}/postback/{key}?{click}={{click_id}}&{payout}={{payout}}"
