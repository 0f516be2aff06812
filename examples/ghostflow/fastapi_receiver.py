"""A receiver in FastAPI.

Run it by ``WEBHOOK_SECRET=whsec_... uvicorn examples.ghostflow.fastapi_receiver:app``.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from examples.ghostflow.deliveries import accept
from ghostflow import WebhookVerificationError

app = FastAPI()


@app.post("/hooks/ghostflow")
async def hook(request: Request) -> JSONResponse:
    # The raw body, not a model: what was signed is bytes.
    raw = await request.body()
    try:
        new = accept(raw, request.headers)
    except WebhookVerificationError:
        return JSONResponse({"error": "invalid_signature"}, 401)
    return JSONResponse({"received": True, "new": new}, 202)
