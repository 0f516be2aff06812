"""Which name becomes which: the shared table, `_acompat` pairs, and each package's own rules."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# Names of the language, the standard library and our conventions. They are no rules of a package,
# so nobody has to use them.
SHARED: Mapping[str, str] = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "StopAsyncIteration": "StopIteration",
    "anext": "next",
    "aiter": "iter",
    "AsyncIterator": "Iterator",
    "AsyncIterable": "Iterable",
    "AsyncGenerator": "Generator",
    "AsyncContextManager": "ContextManager",
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncExitStack": "ExitStack",
    "asynccontextmanager": "contextmanager",
    "aclosing": "closing",
    "enter_async_context": "enter_context",
    "push_async_exit": "push",
    "push_async_callback": "callback",
    "aclose": "close",
    "aread": "read",
    "_async": "_sync",
}

# A class of ours, public or private: AsyncFlareClient, _AsyncPoller.
CLASS = re.compile(r"^(_*)Async(?=[A-Z])(\w+)$")
ITERATOR = re.compile(r"^(_*)aiter_(?=\w)")
WORD = re.compile(r"(?<![\w])[A-Za-z_]\w*")

# A paragraph that starts so is about the async face alone and is left out of the twin.
ASYNC_ONLY = re.compile(r"^[ \t]*(?:[-*] )?asyncio: ")


@dataclass
class Names:
    """Renames identifiers and text; remembers which of a package's rules were needed."""

    rules: Mapping[str, str] = field(default_factory=dict)
    pairs: Mapping[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def rename(self, name: str) -> str:
        """The sync name of an identifier; itself if it has no other."""
        if name in self.rules:
            self.used.add(name)
            return self.rules[name]
        known = self.pairs.get(name) or SHARED.get(name)
        if known:
            return known
        if found := CLASS.match(name):
            return found[1] + found[2]
        return ITERATOR.sub(r"\1iter_", name)

    def rename_classes(self, text: str) -> str:
        """Text of a message: only class names change, since all else may be on the wire."""
        return WORD.sub(lambda m: self.rename(m[0]) if CLASS.match(m[0]) else m[0], text)

    def rewrite(self, text: str) -> str:
        """Text of a docstring or comment as the twin says it, code and prose."""
        text = _without_async_paragraphs(text)
        text = re.sub(r"(?m)^[ \t]*(?:>>> )?import asyncio\n", "", text)
        text = re.sub(r"\basyncio\.run\(((?:[^()\n]|\([^()\n]*\))*)\)", r"\1", text)
        text = re.sub(r"\basync (?=(?:with|for|def)\b)", "", text)
        # In prose "await" stays a verb: it goes only before something that is plainly code.
        text = re.sub(r"\bawait (?=[A-Za-z_]\w*(?:\.\w|\(|\[))", "", text)
        text = re.sub(r"(`+[^`\n]*?)\bawait (?=[^`\n]*`)", r"\1", text)
        return WORD.sub(lambda m: self.rename(m[0]), text)


def _without_async_paragraphs(text: str) -> str:
    if "asyncio: " not in text:
        return text
    kept: list[str] = []
    skipping = False
    for line in text.split("\n"):
        if ASYNC_ONLY.match(line):
            skipping = True
            while kept and not kept[-1].strip() and len(kept) > 1:
                kept.pop()
        elif not line.strip() or line.strip() in ('"""', "'''"):
            skipping = False
        if not skipping:
            kept.append(line)
        elif line.rstrip().endswith(('"""', "'''")):
            kept.append(line[: len(line) - len(line.lstrip())] + line.rstrip()[-3:])
    return "\n".join(kept)


def acompat_pairs(source: str) -> dict[str, str]:
    """The pairs of an `_acompat` module: its `PAIRS`, or what its names show.

    Without `PAIRS`, a pair is a name that starts with `a`, `A` or `Async` next to the same name
    without it: `asleep`/`sleep`, `ALock`/`Lock`.
    """
    body = ast.parse(source).body
    defined = _module_names(body)
    if "PAIRS" in defined:
        return _stated_pairs(body)
    pairs: dict[str, str] = {}
    for name in defined:
        for prefix in ("Async", "async_", "A", "a"):
            rest = name.removeprefix(prefix)
            if rest != name and rest in defined:
                pairs[name] = rest
                break
    return pairs


def _stated_pairs(body: list[ast.stmt]) -> dict[str, str]:
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="PAIRS")], value=value):
                return dict(ast.literal_eval(value))
            case ast.AnnAssign(target=ast.Name(id="PAIRS"), value=ast.expr() as value):
                return dict(ast.literal_eval(value))
            case _:
                pass
    return {}


def _module_names(body: list[ast.stmt]) -> set[str]:
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.If | ast.Try):
            names |= _module_names(node.body) | _module_names(node.orelse)
    return names
