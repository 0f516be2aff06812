"""For tests of code that uses an SDK, and for authors of SDKs.

* :class:`FakeClock`: time that passes only when something sleeps, so a test of a thirty-second
  back-off takes no time.
* :class:`ScriptedTransport`, :class:`AsyncScriptedTransport`, :func:`reply`: answers from a script
  instead of a network, down to the pieces in which a body arrives.
* :func:`check_secret_hygiene`: finds a credential in anything that a client prints, logs,
  raises or pickles.
* :mod:`quintet.testing.contract`: the promises every SDK inherits, as checks to run on one.
"""

from __future__ import annotations

from quintet.testing.clock import FakeClock
from quintet.testing.secrecy import check_secret_hygiene
from quintet.transport.scripted import AsyncScriptedTransport, Reply, ScriptedTransport, reply

__all__ = [
    "AsyncScriptedTransport",
    "FakeClock",
    "Reply",
    "ScriptedTransport",
    "check_secret_hygiene",
    "reply",
]
