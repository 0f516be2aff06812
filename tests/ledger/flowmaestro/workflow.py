"""The workflow of the storm: five nodes with effects, one of them in a loop, and two waits.

The wait in the loop is sat out, the long one is not: the execution is parked meanwhile, and goes on
wherever it is claimed then.
"""

from __future__ import annotations

import json

from tests.ledger.flowmaestro.verdict import Shape, Wanted

NAME = "storm"
WORKFLOW_ID = "wf_storm"
SECRET = "whsec_" + "5" * 64
ROUNDS = 2
# Just long enough to be parked for.
REST_SECONDS = 5.5
NAP_MS = 50

_ROUND = ("each[{0}]/nap", "each[{0}]/pack")
_IN_ROUNDS = [step.format(number) for number in range(ROUNDS) for step in _ROUND]

SHAPE = Shape(
    after={
        "in": (),
        "announce": ("in",),
        "reserve": ("in",),
        "charge": ("reserve",),
        "each": ("charge",),
        **dict(
            zip(
                _IN_ROUNDS,
                [("charge",), *((step,) for step in _IN_ROUNDS[:-1])],
                strict=True,
            )
        ),
        "rest": ("each",),
        "ship": ("rest",),
        "out": ("ship", "announce"),
    },
    inside=dict.fromkeys(_IN_ROUNDS, "each"),
    effects=frozenset(
        {"announce", "reserve", "charge", "ship", *(f"each[{n}]/pack" for n in range(ROUNDS))}
    ),
)
EFFECT_COUNT = len(SHAPE.effects)


def wanted(order: int) -> Wanted:
    """What an order must come to."""
    steps = ["announce", "reserve", "charge", "ship", "each[0]/pack", "each[1]/pack"]
    return Wanted(order, {"receipts": " ".join(f"{order}-{step}" for step in steps)})


def definitions(receiver_url: str) -> str:
    """The workflow and its webhook, as a definition file."""

    def call(step: str) -> dict[str, object]:
        body = {"order": "{{order}}", "step": step}
        config = {"method": "POST", "url": f"{receiver_url}/effects", "body": body}
        return {"type": "http", "config": config}

    receipts = " ".join(
        f"{{{{{node}.data.receipt}}}}"
        for node in ("announce", "reserve", "charge", "ship", "each.results[0]", "pack")
    )
    nodes = {
        "in": {"type": "input", "config": {"inputName": "order", "inputType": "number"}},
        **{step: call(step) for step in ("announce", "reserve", "charge", "ship")},
        "each": {"type": "loop", "config": {"loopType": "count", "count": ROUNDS}},
        "nap": {
            "type": "wait",
            "config": {"durationValue": NAP_MS, "durationUnit": "ms"},
        },
        "pack": call("each[{{loop.index}}]/pack"),
        "rest": {"type": "wait", "config": {"durationValue": REST_SECONDS}},
        "out": {"type": "output", "config": {"outputName": "receipts", "value": receipts}},
    }
    edges = [
        *("in announce", "in reserve", "reserve charge", "charge each"),
        *("each nap body", "nap pack", "pack each", "each rest done"),
        *("rest ship", "ship out", "announce out"),
    ]
    workflow = {
        "service": "flowmaestro",
        "kind": "workflow",
        "name": NAME,
        "spec": {"nodes": nodes, "edges": [_edge(*edge.split()) for edge in edges]},
    }
    webhook = {
        "service": "flowmaestro",
        "kind": "webhook",
        "name": "ledger",
        "spec": {
            "url": f"{receiver_url}/webhooks",
            "events": ["execution.started", "execution.completed", "execution.failed"],
            "secret": SECRET,
        },
    }
    # JSON is YAML.
    return f"{json.dumps(workflow)}\n---\n{json.dumps(webhook)}\n"


def _edge(source: str, target: str, handle: str | None = None) -> dict[str, str]:
    edge = {"source": source, "target": target}
    return {**edge, "sourceHandle": handle} if handle else edge
