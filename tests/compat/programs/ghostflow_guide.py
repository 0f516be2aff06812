"""Runs in the venv of the published packages: the guide's client on requests.

Typed after the vendor's guide, defects included; not a line of the client knows of us. It goes
through the guide's usage as it stands there, with the base URL from the environment, and prints
what the guide prints; then, as one line of JSON, what else its client and plain requests saw.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import Any

import requests


@dataclass
class RateLimitInfo:
    limit: int
    remaining: int
    reset: int


class GhostFlowError(Exception):
    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class GhostFlowClient:
    def __init__(
        self,
        api_key: str | None = None,
        base_url: str = os.environ["GF_BASE_URL"],
        max_retries: int = 2,
        timeout: float = 30.0,
    ) -> None:
        self.api_key = api_key or os.environ["GF_API_KEY"]
        self.base_url = base_url.rstrip("/")
        self.max_retries = max_retries
        self.timeout = timeout
        self._session = requests.Session()
        self._session.headers.update(
            {
                "Authorization": f"Bearer {self.api_key}",
                "Content-Type": "application/json",
            }
        )

    def request(
        self,
        method: str,
        path: str,
        **kwargs: Any,
    ) -> tuple[Any, RateLimitInfo]:
        last_error: GhostFlowError | None = None
        for attempt in range(self.max_retries + 1):
            resp = self._session.request(
                method,
                f"{self.base_url}{path}",
                timeout=self.timeout,
                **kwargs,
            )
            rate_limit = RateLimitInfo(
                limit=int(resp.headers.get("x-ratelimit-limit", 0)),
                remaining=int(resp.headers.get("x-ratelimit-remaining", 0)),
                reset=int(resp.headers.get("x-ratelimit-reset", 0)),
            )
            if resp.ok:
                return resp.json(), rate_limit
            is_json = resp.headers.get("content-type", "").startswith("application/json")
            body = resp.json() if is_json else {}
            last_error = GhostFlowError(
                code=body.get("code", "UNKNOWN"),
                message=body.get("message", resp.reason or ""),
                status=resp.status_code,
            )
            if resp.status_code in (429, 500, 502, 503) and attempt < self.max_retries:
                retry_after = float(resp.headers.get("retry-after", 1))
                time.sleep(retry_after)
                continue
            break
        raise last_error  # type: ignore[misc]

    def get(self, path: str, **params: Any) -> tuple[Any, RateLimitInfo]:
        return self.request("GET", path, params=params)

    def post(self, path: str, json: Any = None) -> tuple[Any, RateLimitInfo]:
        return self.request("POST", path, json=json)

    def put(self, path: str, json: Any = None) -> tuple[Any, RateLimitInfo]:
        return self.request("PUT", path, json=json)

    def delete(self, path: str) -> tuple[Any, RateLimitInfo]:
        return self.request("DELETE", path)


gf = GhostFlowClient()

campaigns, rl = gf.get("/campaigns")
print(f"Found {len(campaigns)} campaigns, {rl.remaining} requests left")

campaign, _ = gf.post(
    "/campaigns",
    json={
        "name": "Summer Promo",
        "url": "https://example.com/promo",
    },
)
print(f"Created campaign {campaign['id']}")

stats, _ = gf.get("/reports/dashboard", **{"from": "2025-01-01", "to": "2025-01-31"})

try:
    gf.get("/campaigns/non-existent-id")
except GhostFlowError as e:
    if e.code == "NOT_FOUND":
        print("Campaign does not exist")
    elif e.code == "AUTH_INVALID_API_KEY":
        print("Check your API key")
    elif e.code == "RATE_LIMITED":
        print("Slow down — retry after backoff")
    else:
        print(f"API error {e.status}: {e}")


# What the guide's usage does not show.
def refusal(client: GhostFlowClient, method: str, path: str, **sent: Any) -> list[Any]:
    """Status and code by the guide's own client."""
    try:
        client.request(method, path, **sent)
    except GhostFlowError as error:
        return [error.status, error.code, bool(str(error))]
    return ["no error"]


def answer(method: str, path: str, key: str = gf.api_key, **sent: Any) -> dict[str, Any]:
    """What arrives on the wire, by plain requests."""
    headers = {"Authorization": f"Bearer {key}", **sent.pop("headers", {})}
    url = f"{gf.base_url}{path}"
    found = requests.request(
        method, url, headers=headers, timeout=30, allow_redirects=False, **sent
    )
    return {
        "status": found.status_code,
        "headers": {name.lower(): value for name, value in found.headers.items()},
        "body": json.loads(found.text),
    }


path = f"/campaigns/{campaign['id']}"
put, _ = gf.put(path, json={"name": "Winter Promo"})
revoked = gf.post("/auth/api-keys", json={"name": "CI", "permissions": ["read"]})[0]
revoked, _ = gf.put(f"/auth/api-keys/{revoked['id']}/revoke")
deleted, after = gf.delete(path)

strict = GhostFlowClient(os.environ["GF_STRICT_KEY"], max_retries=0)
left = [strict.get("/campaigns")[1].remaining for _ in range(2)]
plain = {"Content-Type": "text/plain"}
JSON = {"Content-Type": "application/json"}

seen = {
    "put": put,
    "revoked": revoked,
    "deleted": deleted,
    "limits": [rl.limit, rl.reset, after.limit],
    "left": left,
    "refusals": {
        "deleted": refusal(gf, "GET", path),
        "unknown key": refusal(GhostFlowClient("gf_" + "0" * 43), "GET", "/campaigns"),
        "no permission": refusal(
            GhostFlowClient(os.environ["GF_NARROW_KEY"]), "POST", "/campaigns", json={}
        ),
        "too fast": refusal(strict, "GET", "/campaigns"),
        "fields": refusal(gf, "POST", "/campaigns", json={"name": "x", "colour": "red"}),
    },
    "answers": {
        "401 none": answer("GET", "/campaigns", headers={"Authorization": ""}),
        "401 wrong": answer("GET", "/campaigns", key="gf_" + "0" * 43),
        "400 json": answer("POST", "/campaigns", data=b"{", headers=JSON),
        "400 array": answer("POST", "/campaigns", json=[]),
        "404 route": answer("GET", "/nothing/here"),
        "404 slash": answer("GET", "/campaigns/"),
        "404 root": answer("GET", "/"),
        "404 id": answer("GET", "/campaigns/non-existent-id"),
        "405 method": answer("DELETE", "/campaigns"),
        "413 size": answer("POST", "/campaigns", json={"name": "x" * 1_100_000}),
        "415 type": answer("POST", "/campaigns", data=b"name=x", headers=plain),
        "429 limit": answer("GET", "/campaigns", key=strict.api_key),
        "200 list": answer("GET", "/campaigns"),
    },
}
print(json.dumps(seen))
