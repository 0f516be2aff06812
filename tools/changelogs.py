"""Gate: each package has a changelog with an Unreleased section, and one version everywhere."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from tools.layout import ROOT, Package, packages, report

HEADING = re.compile(r"^## \[?([^\]\s]+)\]?", re.MULTILINE)
SUBHEADING = re.compile(r"^### (.+)$", re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def violations(root: Path = ROOT) -> list[str]:
    """Every package whose changelog, pyproject and `__version__` do not agree."""
    found = packages(root)
    versions = {package.dist: package.version for package in found}
    return [
        f"{package.folder.name}: {reason}"
        for package in found
        for reason in [*_changelog(package), *_version(package), *_pins(package, versions)]
    ]


def _changelog(package: Package) -> list[str]:
    path = package.folder / "CHANGELOG.md"
    if not path.exists():
        return ["no CHANGELOG.md"]
    text = path.read_text(encoding="utf-8")
    headings = HEADING.findall(text)
    found = []
    if not headings or headings[0].lower() != "unreleased":
        found.append("CHANGELOG.md does not start with `## Unreleased`")
    released = [heading for heading in headings if heading.lower() != "unreleased"]
    if released and released[0] != package.version:
        found.append(f"CHANGELOG.md is at {released[0]}, pyproject at {package.version}")
    found += [
        f"CHANGELOG.md: `### {kind}` is none of {', '.join(sorted(KINDS))}"
        for kind in SUBHEADING.findall(text)
        if kind.strip() not in KINDS
    ]
    return found


def _version(package: Package) -> list[str]:
    """`__version__` is the same literal, or is read from the installed distribution."""
    folder = package.src / package.import_name
    for path in (folder / "__init__.py", folder / "_version.py"):
        if not path.exists():
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.Assign | ast.AnnAssign):
                continue
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if not isinstance(target, ast.Name) or target.id != "__version__":
                continue
            if isinstance(node.value, ast.Constant) and node.value.value != package.version:
                return [f"__version__ is {node.value.value!r}, pyproject says {package.version}"]
            return []
    return ["has no __version__"]


def _pins(package: Package, versions: dict[str, str]) -> list[str]:
    """A pin of one of our packages names the version that stands beside it."""
    found = []
    for requirement in package.project["project"].get("dependencies", []):
        pin = re.fullmatch(r"([\w.-]+)==([\w.]+)", requirement.strip())
        if pin and versions.get(pin[1], pin[2]) != pin[2]:
            found.append(f"depends on {requirement}, but it is at {versions[pin[1]]}")
    return found


if __name__ == "__main__":
    sys.exit(report(violations(), "see CONTRIBUTING.md, `Changelogs and versions`"))
