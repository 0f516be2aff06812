"""A receiver in Flask.

Run it by ``WEBHOOK_SECRET=whsec_... flask --app examples.ghostflow.flask_receiver run``.
"""

from __future__ import annotations

from flask import Flask, Response, jsonify, request

from examples.ghostflow.deliveries import accept
from ghostflow import WebhookVerificationError

app = Flask(__name__)


@app.post("/hooks/ghostflow")
def hook() -> tuple[Response, int]:
    # The raw body: what was signed is bytes, and JSON that was parsed and written is others.
    try:
        new = accept(request.get_data(), request.headers)
    except WebhookVerificationError:
        return jsonify({"error": "invalid_signature"}), 401
    return jsonify({"received": True, "new": new}), 202
