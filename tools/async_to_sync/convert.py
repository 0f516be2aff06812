"""From the async source to the text of its twin, on a syntax tree that keeps layout."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import libcst as cst

from tools.async_to_sync.branches import DecideBranches
from tools.async_to_sync.names import Names
from tools.async_to_sync.refusals import Refused, refusals

HEADER = "# Generated from {source} by tools/async_to_sync; edit the source and run scripts/fix.\n"

# A quoted type: names, brackets, unions; no two words side by side, as a sentence has.
TYPE = re.compile(r"[\w.]+(?:\[[\w.\[\], |]*\])?(?: \| [\w.]+(?:\[[\w.\[\], |]*\])?)*")
ASYNC_TYPE = re.compile(r"Async|\bAwaitable\[|\bCoroutine\[")


def convert(source: str, where: str, names: Names) -> str:
    """The twin of `source`, not yet formatted; raises `Refused` with every reason."""
    if reasons := refusals(source, where, names):
        raise Refused(reasons)
    module = cst.parse_module(source)
    module = module.visit(DecideBranches())
    module = module.visit(ToSync(names))
    return HEADER.format(source=where) + module.code


class ToSync(cst.CSTTransformer):
    """One pass: grammar, types, names, docstrings and comments."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names
        self._docstrings: set[cst.CSTNode] = set()

    # Grammar: the same statement without its `async`, the same expression without its `await`.

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        kept = [mark for mark in updated_node.decorators if not _is_asyncio_mark(mark.decorator)]
        return updated_node.with_changes(asynchronous=None, decorators=kept)

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> cst.For:
        return updated_node.with_changes(asynchronous=None)

    def leave_With(self, original_node: cst.With, updated_node: cst.With) -> cst.With:
        return updated_node.with_changes(asynchronous=None)

    def leave_CompFor(self, original_node: cst.CompFor, updated_node: cst.CompFor) -> cst.CompFor:
        return updated_node.with_changes(asynchronous=None)

    def leave_Await(self, original_node: cst.Await, updated_node: cst.Await) -> cst.BaseExpression:
        inner = updated_node.expression
        if not updated_node.lpar or (_is_primary(inner) and not _spans_lines(updated_node)):
            return inner
        return inner.with_changes(
            lpar=[*updated_node.lpar, *inner.lpar], rpar=[*inner.rpar, *updated_node.rpar]
        )

    # Types: Awaitable[X] and Coroutine[Any, Any, X] are X, AsyncGenerator has no return value.

    def leave_Subscript(
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        name = _last_name(original_node.value)
        arguments = updated_node.slice
        if name in {"Awaitable", "Coroutine"}:
            index = arguments[-1].slice
            assert isinstance(index, cst.Index)
            return index.value
        if name == "AsyncGenerator":
            return updated_node.with_changes(slice=_generator_arguments(arguments))
        return updated_node

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BaseExpression:
        # `X | Awaitable[X]` has become `X | X`.
        same = updated_node.left.deep_equals(updated_node.right)
        was_same = original_node.left.deep_equals(original_node.right)
        is_union = isinstance(updated_node.operator, cst.BitOr)
        return updated_node.left if is_union and same and not was_same else updated_node

    # Names: every identifier is a Name node, in imports and keyword arguments too.

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return updated_node.with_changes(value=self._names.rename(updated_node.value))

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        if isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        kept: dict[str, cst.ImportAlias] = {}
        for alias in updated_node.names:
            kept.setdefault(
                cst.Module([]).code_for_node(alias.with_changes(comma=_NO_COMMA)), alias
            )
        last = list(kept.values())[-1].with_changes(comma=updated_node.names[-1].comma)
        return updated_node.with_changes(names=[*list(kept.values())[:-1], last])

    def leave_Assign(
        self, original_node: cst.Assign, updated_node: cst.Assign
    ) -> cst.Assign | cst.RemovalSentinel:
        target = _last_name(updated_node.targets[0].target)
        if target == "__all__":
            return updated_node.with_changes(value=_all_renamed(updated_node.value, self._names))
        if target == "pytestmark":
            return _without_asyncio_marks(updated_node)
        return updated_node

    # Text: docstrings and comments are rewritten, other strings only where they name a class.

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:
        for statement in node.body:
            if isinstance(statement, cst.Expr):
                self._docstrings.add(statement.value)

    def visit_SimpleStatementSuite(self, node: cst.SimpleStatementSuite) -> None:
        for statement in node.body:
            if isinstance(statement, cst.Expr):
                self._docstrings.add(statement.value)

    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        text = updated_node.value
        if original_node in self._docstrings:
            return updated_node.with_changes(value=self._names.rewrite(text))
        if types := self._as_type(original_node):
            return updated_node.with_changes(value=types)
        return updated_node.with_changes(value=self._names.rename_classes(text))

    def leave_FormattedStringText(
        self, original_node: cst.FormattedStringText, updated_node: cst.FormattedStringText
    ) -> cst.FormattedStringText:
        return updated_node.with_changes(value=self._names.rename_classes(updated_node.value))

    def leave_Comment(self, original_node: cst.Comment, updated_node: cst.Comment) -> cst.Comment:
        return updated_node.with_changes(value=self._names.rewrite(updated_node.value))

    def _as_type(self, node: cst.SimpleString) -> str | None:
        """A quoted type, `"AsyncIterator[Job]"`, is converted as the expression it is."""
        if node.prefix or len(node.quote) != 1:
            return None
        content = str(node.raw_value)
        if not TYPE.fullmatch(content) or not ASYNC_TYPE.search(content):
            return None
        try:
            expression = cst.parse_expression(content)
        except cst.ParserSyntaxError:
            return None
        converted = cast("cst.BaseExpression", expression.visit(ToSync(self._names)))
        return node.quote + cst.Module([]).code_for_node(converted) + node.quote


_NO_COMMA = cst.MaybeSentinel.DEFAULT


def _last_name(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _is_primary(node: cst.BaseExpression) -> bool:
    return bool(node.lpar) or isinstance(node, cst.Name | cst.Attribute | cst.Call | cst.Subscript)


def _spans_lines(node: cst.Await) -> bool:
    """Whether the parentheses hold a line break or a comment, and so must stay."""
    spaces = [paren.whitespace_after for paren in node.lpar]
    spaces += [paren.whitespace_before for paren in node.rpar]
    return any(isinstance(space, cst.ParenthesizedWhitespace) for space in spaces)


def _is_asyncio_mark(node: cst.BaseExpression) -> bool:
    called = node.func if isinstance(node, cst.Call) else node
    return cst.Module([]).code_for_node(called) == "pytest.mark.asyncio"


def _without_asyncio_marks(node: cst.Assign) -> cst.Assign | cst.RemovalSentinel:
    if _is_asyncio_mark(node.value):
        return cst.RemoveFromParent()
    if not isinstance(node.value, cst.List):
        return node
    kept = [mark for mark in node.value.elements if not _is_asyncio_mark(mark.value)]
    return node.with_changes(value=node.value.with_changes(elements=kept))


def _generator_arguments(
    arguments: Sequence[cst.SubscriptElement],
) -> list[cst.SubscriptElement]:
    none = cst.SubscriptElement(cst.Index(cst.Name("None")))
    missing = [none] * (3 - len(arguments))
    given = [argument.with_changes(comma=_NO_COMMA) for argument in arguments]
    return [*given, *missing]


def _all_renamed(node: cst.BaseExpression, names: Names) -> cst.BaseExpression:
    """The names of `__all__`; ruff sorts them again."""
    if not isinstance(node, cst.List | cst.Tuple) or not node.elements:
        return node
    kept: dict[str, cst.BaseElement] = {}
    for element in node.elements:
        string = element.value
        if not isinstance(string, cst.SimpleString):
            return node
        text = string.value[0] + names.rename(str(string.raw_value)) + string.value[-1]
        kept.setdefault(text, element.with_changes(value=cst.SimpleString(text)))
    *first, last = kept.values()
    last = last.with_changes(comma=node.elements[-1].comma)
    return node.with_changes(elements=[*first, last])
