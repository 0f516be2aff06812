"""Runs in the venv of the published packages: the guide's client, with requests and sseclient.

Typed after the vendor's guide, defects included; not a line of it knows of us. It plays the guide
through once, answers as JSON, and reads the secret and deliveries of a webhook from standard input.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import requests
from sseclient import SSEClient

BASE = f"{os.environ['AMDAHL_URL']}/api/platform/v1"
API_KEY = os.environ["API_KEY"]
TERMINAL = {"complete", "failed", "canceled"}


class AmdahlError(Exception):
    def __init__(self, status: int, code: str, message: str, body: Any = None) -> None:
        super().__init__(f"[{status} {code}] {message}")
        self.status, self.code, self.body = status, code, body


class AmdahlClient:
    def __init__(self, base_url: str = BASE, api_key: str = API_KEY, timeout: float = 30.0) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self.session = requests.Session()
        self.session.headers.update(
            {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        )

    def request(self, method: str, path: str, *, json_body: Any = None, params: Any = None) -> Any:
        url = f"{self.base_url}{path}"
        resp = self.session.request(
            method, url, json=json_body, params=params, timeout=self.timeout
        )
        payload = json.loads(resp.text) if resp.text else None
        if not resp.ok:
            err = (payload or {}).get("error", {}) if isinstance(payload, dict) else {}
            message = err.get("message", f"HTTP {resp.status_code}")
            raise AmdahlError(resp.status_code, err.get("code", "unknown"), message, payload)
        return payload

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, json_body: Any = None) -> Any:
        return self.request("POST", path, json_body=json_body)

    def patch(self, path: str, json_body: Any = None) -> Any:
        return self.request("PATCH", path, json_body=json_body)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)


def start_agent(client: AmdahlClient, profile_id: str, task: str) -> Any:
    body = {"profile_id": profile_id, "task": task, "input_params": {}, "async": True}
    return client.post("/agents/run", json_body=body)


def wait_for_agent(client: AmdahlClient, session_id: str) -> Any:
    deadline = time.monotonic() + 30
    while True:
        status = client.get(f"/agents/{session_id}/status")
        if status["status"] in TERMINAL or status["status"] == "awaiting_input":
            return status
        if time.monotonic() > deadline:
            raise TimeoutError(session_id)
        time.sleep(0.05)


def stream_agent(client: AmdahlClient, session_id: str) -> Iterator[Any]:
    url = f"{client.base_url}/agents/{session_id}/stream"
    response = client.session.get(url, stream=True, timeout=None)
    response.raise_for_status()
    for msg in SSEClient(response).events():
        if msg.data:
            yield json.loads(msg.data)


def stream_agent_httpx(session_id: str) -> Iterator[Any]:
    headers = {"Authorization": f"Bearer {API_KEY}"}
    url = f"{BASE}/agents/{session_id}/stream"
    with httpx.stream("GET", url, headers=headers, timeout=None) as r:
        buffer = ""
        for chunk in r.iter_text():
            buffer += chunk
            while "\n\n" in buffer:
                frame, buffer = buffer.split("\n\n", 1)
                for line in frame.splitlines():
                    if line.startswith("data: "):
                        yield json.loads(line[6:])


def verify_webhook_signature(raw_body: bytes, signature_header: str | None, secret: str) -> bool:
    if not signature_header:
        return False
    expected = hmac.new(secret.encode(), raw_body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature_header)


def iter_pages(client: AmdahlClient, limit: int, items_key: str = "items") -> Iterator[Any]:
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"limit": limit}
        if cursor:
            params["cursor"] = cursor
        page = client.get("/pages", params=params)
        yield from page.get(items_key, [])
        cursor = page.get("next_cursor")
        if not cursor:
            return


def play(client: AmdahlClient, hook_url: str, page: Any) -> dict[str, Any]:
    """Call everything that the guide calls; return what a test looks at."""
    seen: dict[str, Any] = {}
    sql = (
        "SELECT channel, COUNT(*) AS events FROM interactions "
        "GROUP BY channel ORDER BY events DESC LIMIT 5"
    )
    rows = client.post("/data/query", json_body={"sql": sql})["rows"]
    seen["rows"] = [[row["channel"], row["events"]] for row in rows]

    hook = client.post("/webhooks", json_body={"url": hook_url, "events": ["page.created"]})
    seen["secret"] = hook["secret"]
    made = [client.post("/pages", json_body=page)["id"] for _ in range(3)]
    seen["all_pages"] = sorted(row["id"] for row in iter_pages(client, 2)) == sorted(made)
    seen["renamed"] = client.patch(f"/pages/{made[0]}", json_body={"name": "Other"})["name"]
    seen["archived"] = client.delete(f"/pages/{made[0]}")
    seen["left"] = len(client.get("/pages")["items"])

    session_id = start_agent(client, "content_writer", "Write a blog post on pricing")["session_id"]
    seen["asks"] = wait_for_agent(client, session_id)["pending_input"]["type"]
    answer = {"input": {"approved": True}}
    seen["resumed"] = client.post(f"/agents/{session_id}/resume", json_body=answer)["status"]
    seen["events"] = [event["type"] for event in stream_agent(client, session_id)]
    seen["by_httpx"] = [event["type"] for event in stream_agent_httpx(session_id)]
    seen["ended"] = wait_for_agent(client, session_id)["status"]

    try:
        start_agent(client, "content_writer", "")
    except AmdahlError as err:
        seen["refused"] = [err.status, err.code]
    path = f"/webhooks/{hook['id']}"
    seen["hooks"] = len(client.get("/webhooks")["items"])
    seen["inactive"] = client.patch(path, json_body={"active": False})["active"]
    seen["deleted"] = client.delete(path)
    return seen


order = json.loads(sys.stdin.readline())
print(json.dumps(play(AmdahlClient(), order["hook_url"], order["page"])), flush=True)
for text in sys.stdin:
    sent = json.loads(text)
    good = verify_webhook_signature(sent["body"].encode(), sent["signature"], sent["secret"])
    print(json.dumps(good), flush=True)
