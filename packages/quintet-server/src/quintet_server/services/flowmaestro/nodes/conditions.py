"""A condition written as an expression, as `conditional` and `while` loops have it."""

from __future__ import annotations

from quintet_server.services.flowmaestro.expressions.errors import ExpressionError
from quintet_server.services.flowmaestro.expressions.grammar import evaluate_condition
from quintet_server.services.flowmaestro.expressions.scope import Scope
from quintet_server.services.flowmaestro.expressions.values import is_falsy
from quintet_server.services.flowmaestro.nodes.problems import expressions_of


def holds(condition: str, scope: Scope, field: str) -> bool:
    """Whether a condition is met. false, null, 0 and "" are not; everything else is.

    Raises:
        NodeError: it cannot be read or evaluated; the message names `field` and the place.
    """
    with expressions_of(field):
        return not is_falsy(evaluate_condition(condition, scope))


def syntax_problem(condition: str) -> str | None:
    """What is wrong with the text of a condition, or None."""
    try:
        evaluate_condition(condition, Scope())  # where nothing has a value, only syntax can fail
    except ExpressionError as error:
        return str(error)
    return None
