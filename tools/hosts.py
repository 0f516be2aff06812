"""Gate: no file names a registry's host, a neighbour of the checkout, or a machine's path."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tools.layout import ROOT, files, report

# Written in pieces, so that this file passes its own gate.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("proxy", "golang", "org"),
        ("static", "crates", "io"),
        ("index", "crates", "io"),
        ("registry", "hub", "docker", "com"),
        ("repo1", "maven", "org"),
        ("rubygems", "org"),
        ("huggingface", "co"),
    )
)
NEIGHBOUR = "../" + "shared"
HOMES = ("/" + "home/", "/" + "Users/")
SYSTEM = ("/", "/tmp", "/var", "/var/tmp", "/opt", "/srv", "/mnt", "/usr", "/usr/src")
# A path starts where no word, path or placeholder is going on: not in engines/NAME/queue.py.
START = r"(?<![\w./\\})\]*>-])"
END = r"(?=/|$|[\s\"'`:,;)])"
# Where somebody works as root, home is also how a JSON pointer into the spec of a page begins.
ROOT_HOME = "/" + "root"
NO_POINTER = r"(?=/)(?!/(?:children|props|text|type)\b)"


def patterns(root: Path = ROOT, home: Path | None = None) -> list[tuple[str, re.Pattern[str]]]:
    """What is forbidden here, with the reason: some of it follows from where the checkout is."""
    hosts = "|".join(re.escape(host) for host in HOSTS)
    found = [
        ("names a package registry", re.compile(rf"(?<![\w-])(?:{hosts})(?![\w-])")),
        ("points beside the repository", re.compile(re.escape(NEIGHBOUR))),
        ("a path of somebody's machine", re.compile(START + f"(?:{'|'.join(HOMES)})[a-z][\\w-]*/")),
    ]
    for folder in (root, root.parent, home or Path.home()):
        if str(folder) not in SYSTEM:
            end = NO_POINTER if str(folder) == ROOT_HOME else END
            path = re.compile(START + re.escape(str(folder)) + end)
            found.append(("a path of this machine", path))
    return found


def violations(root: Path = ROOT) -> list[str]:
    """Every line of every tracked text file that says something forbidden."""
    forbidden = patterns(root)
    found = []
    for path in files(root):
        raw = path.read_bytes()
        if b"\0" in raw:
            continue
        text = raw.decode("utf-8", errors="replace")
        for reason, pattern in forbidden:
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{path.relative_to(root)}:{line}: {reason}: {match[0]}")
    return found


if __name__ == "__main__":
    sys.exit(report(violations(), "say it without the place: a name, a variable, a relative path"))
