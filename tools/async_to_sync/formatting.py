"""The last touch by ruff: imports that lost their use go, the rest is sorted and formatted."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.layout import ROOT

# F401 unused imports, I001 import order, RUF022 order of __all__, TC005 a TYPE_CHECKING block left
# empty.
RULES = "F401,I001,RUF022,TC005"


def formatted(texts: Mapping[Path, str], root: Path = ROOT) -> dict[Path, str]:
    """The final text of each twin, by its path relative to the repository.

    All go through ruff together, in a throw-away folder with the same relative paths, so that the
    result depends on the repository's settings and on nothing else.
    """
    if not texts:
        return {}
    with tempfile.TemporaryDirectory(prefix="async_to_sync-") as scratch:
        folder = Path(scratch)
        for relative, text in texts.items():
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        fixes = ["--select", RULES, "--fix", "--unsafe-fixes", "--exit-zero"]
        _ruff(root, "check", *fixes, str(folder))
        _ruff(root, "format", str(folder))
        return {relative: (folder / relative).read_text(encoding="utf-8") for relative in texts}


def _first_party(root: Path) -> str:
    """Our own names, told to ruff: what it finds on disk depends on the twins already there."""
    names = sorted(found.parent.name for found in root.glob("packages/*/src/*/__init__.py"))
    return f"lint.isort.known-first-party = {[*names, 'tools', 'tests']}"


def _ruff(root: Path, command: str, *arguments: str) -> None:
    settings = ["--no-cache", "--quiet", "--config", str(ROOT / "pyproject.toml")]
    settings += ["--config", _first_party(root)]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", command, *settings, *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        msg = f"ruff {command} cannot read a twin:\n{done.stdout}{done.stderr}"
        raise RuntimeError(msg)
