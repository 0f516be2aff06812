"""The one error that nodes fail with."""

from __future__ import annotations


class NodeError(Exception):
    """The node failed. `message` is shown to the caller: it names fields, never secrets.

    `retryable`: the same call may work later, as after a lost connection; wrong values never are.
    """

    def __init__(self, message: str, code: str = "node_failed", *, retryable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retryable = retryable
