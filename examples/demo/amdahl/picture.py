"""A page as a picture, where there is a browser to take one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["NoPicture", "take"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_SECONDS = 60
_PNG = b"\x89PNG\r\n\x1a\n"


class NoPicture(Exception):
    """Why there is none, in a few words."""


def take(page: Path, picture: Path, profile: Path) -> int:
    """Open a document in a browser without a window and save what it shows; return the size.

    Args:
        page: The document.
        picture: The PNG file to write.
        profile: A folder for what the browser wants to keep.

    Raises:
        NoPicture: There is no Chromium or Chrome, or it did not take one.
    """
    browser = next(filter(None, map(shutil.which, (*_NAMES, *_APPLICATIONS))), None)
    if browser is None:
        raise NoPicture("there is no Chromium or Chrome")
    command = [
        *(browser, "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
        # Without this one it writes to /dev/shm, which containers keep small.
        *("--disable-dev-shm-usage", "--window-size=1100,1250", f"--user-data-dir={profile}"),
        *(f"--screenshot={picture}", page.as_uri()),
    ]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")  # Chromium refuses to start as root with one
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise NoPicture(f"{Path(browser).name} did not end in {_SECONDS} s") from None
    if not picture.is_file() or picture.read_bytes()[: len(_PNG)] != _PNG:
        said = done.stderr.strip().splitlines()
        why = said[-1] if said else f"exit code {done.returncode}"
        raise NoPicture(f"{Path(browser).name} took none: {why}")
    return picture.stat().st_size
