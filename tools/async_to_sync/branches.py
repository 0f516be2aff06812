"""Decide `if ASYNC:` and `x if ASYNC else y`: the twin keeps one side and never asks."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst


def flag(test: cst.BaseExpression) -> bool | None:
    """What the question is in the twin, where ASYNC is false; None when it is another question."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        inner = flag(test.expression)
        return None if inner is None else not inner
    return False if isinstance(test, cst.Name) and test.value == "ASYNC" else None


class DecideBranches(cst.CSTTransformer):
    """Replaces each decided branch by the statements it stands for."""

    def leave_IfExp(self, original_node: cst.IfExp, updated_node: cst.IfExp) -> cst.BaseExpression:
        decided = flag(updated_node.test)
        if decided is None:
            return updated_node
        return updated_node.body if decided else updated_node.orelse

    def leave_If(
        self, original_node: cst.If, updated_node: cst.If
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        decided = flag(updated_node.test)
        if decided is None:
            return _without_emptied_else(original_node, updated_node)
        kept: Sequence[cst.BaseStatement]
        match updated_node.orelse:
            case _ if decided:
                kept = _statements(updated_node.body)
            case cst.If() as chained:
                kept = [chained]
            case cst.Else(body=body):
                kept = _statements(body)
            case _:
                kept = []
        return _with_comments_above(updated_node, kept)

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        if updated_node.body or not original_node.body:
            return updated_node
        return updated_node.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])


def _without_emptied_else(original: cst.If, updated: cst.If) -> cst.If:
    """Drop an `else:` whose only statement was a branch that went away."""
    if not isinstance(updated.orelse, cst.Else) or not isinstance(original.orelse, cst.Else):
        return updated
    emptied = not _statements(updated.orelse.body) and _statements(original.orelse.body)
    return updated.with_changes(orelse=None) if emptied else updated


def _statements(body: cst.BaseSuite) -> Sequence[cst.BaseStatement]:
    if isinstance(body, cst.IndentedBlock):
        return [] if _only_pass(body.body) else body.body
    assert isinstance(body, cst.SimpleStatementSuite)
    return [cst.SimpleStatementLine(body.body)]


def _only_pass(statements: Sequence[cst.BaseStatement]) -> bool:
    return len(statements) == 1 and statements[0].deep_equals(cst.SimpleStatementLine([cst.Pass()]))


def _with_comments_above(
    node: cst.If, kept: Sequence[cst.BaseStatement]
) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
    """Comments above the question explain it, so they stay with what is kept."""
    if not kept:
        return cst.RemoveFromParent()
    first = kept[0]
    above = (*node.leading_lines, *getattr(first, "leading_lines", ()))
    return cst.FlattenSentinel([first.with_changes(leading_lines=above), *kept[1:]])
