"""Every text can be read and every mark be seen, in both schemes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from quintet_server.services.amdahl.rendering.style import DARK, LIGHT, stylesheet

Color = tuple[float, float, float]
SCHEMES = pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
COLORS = [f"c{index}" for index in range(8)]


def rgb(color: str) -> Color:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def blended(front: Color, share: float, back: Color) -> Color:
    red, green, blue = (share * f + (1 - share) * b for f, b in zip(front, back, strict=True))
    return red, green, blue


def luminance(color: Color) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: Color, b: Color) -> float:
    """WCAG 2.2, "contrast ratio"."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@SCHEMES
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *[
            (text, back)
            for text in ("ink", "soft", "muted")
            for back in ("page", "surface", "raised")
        ],
        *[(tone, f"{tone}-bg") for tone in ("good", "warn", "bad")],
        *[(tone, "surface") for tone in ("good", "warn", "bad", "link")],
        *[("ink", f"{tone}-bg") for tone in ("good", "warn", "bad")],
        ("link", "page"),
        ("soft", "track"),
        ("soft", "bad-bg"),
        ("muted", "bad-bg"),
    ],
)
def test_text_has_contrast(scheme: Mapping[str, str], text: str, ground: str) -> None:
    assert contrast(rgb(scheme[text]), rgb(scheme[ground])) >= 4.5


@SCHEMES
@pytest.mark.parametrize("color", COLORS)
def test_mark_has_contrast(scheme: Mapping[str, str], color: str) -> None:
    assert contrast(rgb(scheme[color]), rgb(scheme["surface"])) >= 3


@SCHEMES
@pytest.mark.parametrize("color", COLORS)
def test_text_on_tiles_has_contrast(scheme: Mapping[str, str], color: str) -> None:
    tile = blended(rgb(scheme[color]), 0.24, rgb(scheme["surface"]))

    assert contrast(rgb(scheme["ink"]), tile) >= 7
    assert contrast(rgb(scheme["soft"]), tile) >= 4.5


@SCHEMES
def test_colors_side_by_side_differ(scheme: Mapping[str, str]) -> None:
    colors = [rgb(scheme[each]) for each in COLORS]
    for index, first in enumerate(colors):
        for second in colors[index + 1 :]:
            assert sum(abs(a - b) for a, b in zip(first, second, strict=True)) > 0.25


def test_schemes_have_the_same_colors() -> None:
    assert set(LIGHT) == set(DARK)


@pytest.mark.parametrize("theme", [None, "light", "dark"])
def test_stylesheet_uses_only_what_it_has(theme: str | None) -> None:
    text = stylesheet(theme)

    used = set(re.findall(r"var\(--([\w-]+)\)", text))
    assert used <= set(LIGHT) | {"gap", "min", "n", "c"}
    assert "url(" not in text
    assert "@import" not in text
    assert "</" not in text
    assert text.count("{") == text.count("}")
    assert "\n" not in text
