"""Whether an `Accept` header asks for a document rather than for JSON (RFC 9110 §12.5.1)."""

from __future__ import annotations

_HTML = ("text/html", "text/*", "*/*")
_JSON = ("application/json", "application/*", "*/*")


def prefers_html(accept: str) -> bool:
    """True if HTML is wanted more than JSON. No preference means JSON; junk is ignored."""
    weights = dict(_weights(accept))
    return _weight(weights, _HTML) > _weight(weights, _JSON)


def _weight(weights: dict[str, float], ranges: tuple[str, ...]) -> float:
    """The weight of the most specific range that is named."""
    return next((weights[name] for name in ranges if name in weights), 0.0)


def _weights(accept: str) -> list[tuple[str, float]]:
    found = []
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            found.append((name, float(weight)))
        except ValueError:
            continue
    return found
