"""Rules of a node and of a run, in all their spellings: `onError`, `retry`, `settings`."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

from quintet_server.services.flowmaestro.workflow.definition import (
    ErrorStrategy,
    OnError,
    Problem,
    RetryRules,
    RunSettings,
)
from quintet_server.services.flowmaestro.workflow.spelling import did_you_mean

MAX_RETRY_ATTEMPTS: Final = 20
MAX_RETRY_DELAY_MS: Final = 3_600_000
MAX_BACKOFF_MULTIPLIER: Final = 10.0
MAX_TIMEOUT_MS: Final = 7 * 24 * 3_600_000
MAX_CONCURRENT_NODES: Final = 100

_STRATEGY: Final = ("strategy", "errorStrategy")
_FALLBACK: Final = ("fallbackValue", "outputOnError")
_GOTO: Final = ("gotoNode", "gotoNodeId", "fallbackNodeId")
_FLAT: Final = ("errorStrategy", "outputOnError", "gotoNodeId", "fallbackNodeId")
RULE_KEYS: Final = frozenset({"onError", "retry", *_FLAT})
"""Keys of a configuration that are rules of the node, and are taken out of it."""


class RuleReader:
    """Reads the rules of one node; what is wrong with them goes into `problems`."""

    def __init__(self, node_id: str | None, problems: list[Problem]) -> None:
        self._node = node_id
        self._problems = problems

    def on_error(self, *places: Mapping[str, Any]) -> OnError | None:
        """The rule for failures, looked for in the node and then in its configuration.

        Either an object under `onError` (or just the word), or the flat spellings.
        """
        for place in places:
            rule = place.get("onError")
            if isinstance(rule, str):
                rule = {"strategy": rule}
            if rule is None:
                rule = {key: place[key] for key in _FLAT if place.get(key) is not None}
                if not rule:
                    continue
            if not isinstance(rule, Mapping):
                self._refuse("onError", "must be an object with a strategy")
                return None
            return self._on_error(rule)
        return None

    def _on_error(self, rule: Mapping[str, Any]) -> OnError | None:
        strategy = _first(rule, _STRATEGY)
        goto = _first(rule, _GOTO)
        has_value = any(key in rule for key in _FALLBACK)
        if strategy is None:
            strategy = "goto" if goto is not None else "fallback" if has_value else None
        if strategy == "fallback" and goto is not None and not has_value:
            strategy = "goto"  # the older spelling: fall back to another node
        if strategy not in get_args(ErrorStrategy):
            known = get_args(ErrorStrategy)
            self._refuse("onError.strategy", f"must be one of {', '.join(known)}", strategy, known)
            return None
        if strategy == "goto" and not isinstance(goto, str):
            self._refuse("onError.gotoNode", "is required by the strategy goto")
            return None
        return OnError(
            strategy,
            _first(rule, _FALLBACK) if strategy == "fallback" else None,
            goto if strategy == "goto" else None,
        )

    def retry(self, *places: Mapping[str, Any]) -> RetryRules | None:
        """The rule for repeating a failed node, looked for in the same places."""
        for place in places:
            rule = place.get("retry")
            if rule is None:
                continue
            if not isinstance(rule, Mapping):
                self._refuse("retry", "must be an object with maxAttempts")
                return None
            return self._retry(rule)
        return None

    def _retry(self, rule: Mapping[str, Any]) -> RetryRules:
        default = RetryRules()
        delays = 0, MAX_RETRY_DELAY_MS
        attempts = self._number(rule, "maxAttempts", "retry.", 1, 1, MAX_RETRY_ATTEMPTS)
        initial = self._number(rule, "initialDelay", "retry.", default.initial_delay_ms, *delays)
        longest = self._number(rule, "maxDelay", "retry.", default.max_delay_ms, *delays)
        growth = self._number(
            rule,
            "backoffMultiplier",
            "retry.",
            default.backoff_multiplier,
            1,
            MAX_BACKOFF_MULTIPLIER,
            is_whole=False,
        )
        return RetryRules(int(attempts), int(initial), int(longest), float(growth))

    def settings(self, raw: object) -> RunSettings:
        """The settings of a run, `settings` of the definition."""
        if raw is None:
            return RunSettings()
        if not isinstance(raw, Mapping):
            self._refuse("settings", "must be an object")
            return RunSettings()
        default = RunSettings()
        timeout = self._number(
            raw, "timeout", "settings.", default.timeout_ms, 1, MAX_TIMEOUT_MS, is_whole=False
        )
        nodes = self._number(
            raw,
            "maxConcurrentNodes",
            "settings.",
            default.max_concurrent_nodes,
            1,
            MAX_CONCURRENT_NODES,
        )
        return RunSettings(math.ceil(timeout), int(nodes))

    def _number(
        self,
        rule: Mapping[str, Any],
        key: str,
        prefix: str,
        default: float,
        low: float,
        high: float,
        *,
        is_whole: bool = True,
    ) -> float:
        value = rule.get(key)
        if value is None:
            return default
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or (is_whole and value != int(value)):
            kind = "a whole number" if is_whole else "a number"
            self._refuse(prefix + key, f"must be {kind} from {low:.0f} to {high:.0f}")
            return default
        return value  # type: ignore[no-any-return]

    def _refuse(
        self, field: str, message: str, given: object = None, known: Collection[str] = ()
    ) -> None:
        message += did_you_mean(given, known)
        self._problems.append(Problem(self._node, field, message, "error", "INVALID_RULE"))


def _first(rule: Mapping[str, Any], keys: Collection[str]) -> Any:
    return next((rule[key] for key in keys if rule.get(key) is not None), None)
