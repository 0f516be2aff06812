"""A receiver in Flask.

Run it by ``WEBHOOK_SECRET=whsec_... flask --app examples.amdahl.flask_receiver run``.
"""

from __future__ import annotations

from flask import Flask, Response, jsonify, request

from amdahl import SignatureError
from examples.amdahl.deliveries import accept

app = Flask(__name__)


@app.post("/hooks/amdahl")
def hook() -> tuple[Response, int]:
    # The raw body: what was signed is bytes, and JSON that was parsed and written is others.
    try:
        new = accept(request.get_data(), request.headers)
    except SignatureError:
        return jsonify({"error": "invalid_signature"}), 401
    return jsonify({"received": True, "new": new}), 202
