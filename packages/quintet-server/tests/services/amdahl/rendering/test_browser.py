"""A page with everything, in a real browser: wide and narrow, light and dark.

A copy of the page with a script that measures is opened in two frames; the browser prints what the
script found. The page itself has no script, so it is measured as readers see it.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import struct
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from quintet_server.services.amdahl.pages.catalog import CATALOG
from quintet_server.services.amdahl.rendering.document import html_page

from . import gallery
from .drawn import NOW, page_of

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
pytestmark = [
    pytest.mark.slow,  # three browsers start, a second or two each
    pytest.mark.timeout(300),  # or half a minute each, where others want the processor too
    pytest.mark.skipif(not BROWSER, reason="no Chromium is installed"),
]

OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--enable-logging=stderr", "--window-size=1300,1500"),
)
SCHEMES = {"dark": 0, "light": 1}
WIDTHS = (1280, 420)
MEASURE = """
const rgba = text => {
  const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a];
};
const light = ([r, g, b]) => {
  const one = c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const [x, y, z] = [r, g, b].map(c => one(c / 255));
  return .2126 * x + .7152 * y + .0722 * z;
};
const ground = element => {
  for (let each = element; each; each = each.parentElement) {
    const color = rgba(getComputedStyle(each).backgroundColor);
    if (color[3] === 1) return color;
  }
  return [255, 255, 255, 1];
};
const found = {width: innerWidth, scrollWidth: document.documentElement.scrollWidth,
               dim: [], wide: [], small: [], shown: {}, background: '', filled: []};
for (const element of document.querySelectorAll('body *')) {
  const style = getComputedStyle(element), box = element.getBoundingClientRect();
  if (style.display === 'none' || !box.width || element.closest('.vh')) continue;
  const words = [...element.childNodes].filter(n => n.nodeType === 3 && n.data.trim()).length;
  const inDrawing = element instanceof SVGElement;
  if (element.tagName === 'svg' && !element.matches('.spark')) {
    found.shown[box.width > 0] = (found.shown[box.width > 0] || 0) + 1;
  }
  if (!element.closest('.scroll') && (box.right > innerWidth + 1 || box.left < -1)) {
    found.wide.push(`${element.tagName} ${element.getAttribute('class')} ${box.left} ${box.right}`);
  }
  if (!words || element.matches('title, desc')) continue;
  const color = rgba(inDrawing ? style.fill : style.color), behind = ground(element);
  const [a, b] = [light(color), light(behind)];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) found.dim.push(`${element.textContent.slice(0, 40)} ${ratio}`);
  const matrix = inDrawing && element.getScreenCTM ? element.getScreenCTM() : null;
  const scale = matrix ? Math.hypot(matrix.a, matrix.b) : 1;
  const size = parseFloat(style.fontSize) * scale;
  if (size < 9) found.small.push(`${element.textContent.slice(0, 40)} ${size}`);
}
for (const row of document.querySelectorAll('.stats')) {
  found.filled.push(String(ground(row)) === String(ground(row.firstElementChild)));
}
found.background = getComputedStyle(document.body).backgroundColor;
parent.postMessage(found, '*');
"""
COLLECT = """
const all = [];
addEventListener('message', event => {
  if (all.push(event.data) < COUNT) return;
  const found = document.createElement('pre');
  found.id = 'found';
  found.textContent = JSON.stringify(all);
  document.body.replaceChildren(found);
});
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Has the page, and a page that measures it."""
    folder = tmp_path_factory.mktemp("browser")
    page = page_of(gallery.root(), name="Review", description="How it has moved.")
    document = html_page(page, gallery.outcomes(), rendered_at=NOW).decode()
    (folder / "page.html").write_text(document)
    measured = document.replace("</body>", f"<script>{MEASURE}</script></body>")
    frames = "".join(
        f'<iframe width="{width}" height="600" srcdoc="{html.escape(measured)}"></iframe>'
        for width in WIDTHS
    )
    collect = COLLECT.replace("COUNT", str(len(WIDTHS)))
    (folder / "measure.html").write_text(
        f'<!doctype html><meta name="color-scheme" content="light dark"><script>{collect}</script>'
        f"<body>{frames}"
    )
    return folder


def run(folder: Path, scheme: str, file: str, *options: str) -> subprocess.CompletedProcess[str]:
    profile = folder / f"profile-{scheme}-{file}"
    return subprocess.run(
        [
            *(BROWSER, *OPTIONS, f"--user-data-dir={profile}"),
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            *(*options, f"file://{folder / file}"),
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )


@dataclass
class Seen:
    """What was measured, by scheme and width; the picture; what the browsers had to say."""

    found: dict[tuple[str, int], dict[str, Any]]
    picture: bytes
    log: str


@pytest.fixture(scope="module")
def seen(folder: Path) -> Seen:
    def measure(scheme: str) -> subprocess.CompletedProcess[str]:
        return run(folder, scheme, "measure.html", "--dump-dom", "--virtual-time-budget=4000")

    with ThreadPoolExecutor(3) as pool:
        picture = folder / "page.png"
        taking = pool.submit(run, folder, "light", "page.html", f"--screenshot={picture}")
        done = dict(zip(SCHEMES, pool.map(measure, SCHEMES), strict=True))
        log = taking.result().stderr + "".join(each.stderr for each in done.values())
    found = {}
    for scheme, result in done.items():
        printed = re.search(r'<pre id="found">(.*?)</pre>', result.stdout, re.DOTALL)
        assert printed, result.stdout[-500:]
        for each in json.loads(html.unescape(printed[1])):
            found[scheme, each["width"]] = each
    return Seen(found, picture.read_bytes(), log)


def test_gallery_has_every_component() -> None:
    types = set(re.findall(r"'type': '(\w+)'", str(gallery.root())))

    assert types == set(CATALOG)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_page_in_a_browser_is_sound(seen: Seen, scheme: str, width: int) -> None:
    found = seen.found[scheme, width]

    assert found["scrollWidth"] <= width
    assert found["wide"] == []
    assert found["dim"] == []
    assert found["small"] == []
    assert found["filled"] == [True]  # a place without a Stat is no block of another colour
    assert found["shown"] == {"true": 15}  # of each chart, one drawing


def test_page_in_a_browser_says_nothing_on_the_console(seen: Seen) -> None:
    assert "CONSOLE" not in seen.log


def test_page_in_a_browser_follows_the_scheme(seen: Seen) -> None:
    assert {key[0]: each["background"] for key, each in seen.found.items()} == {
        "light": "rgb(245, 246, 249)",
        "dark": "rgb(14, 17, 22)",
    }


def test_page_in_a_browser_has_a_picture(seen: Seen) -> None:
    width, height, rows = _png(seen.picture)
    assert (width, height) == (1300, 1500)
    assert rows > 200


def _png(data: bytes) -> tuple[int, int, int]:
    """Width, height, and how many different rows of bytes the picture has."""
    width, height = struct.unpack(">II", data[16:24])
    chunks, at = b"", 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            chunks += data[at + 8 : at + 8 + size]
        at += size + 12
    raw = zlib.decompress(chunks)
    stride = len(raw) // height
    return width, height, len({raw[i * stride : (i + 1) * stride] for i in range(height)})
