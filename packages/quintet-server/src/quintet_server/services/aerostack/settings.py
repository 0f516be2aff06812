"""Every number and switch of the Aerostack service, each a variable `QUINTET_AEROSTACK_...`."""

from __future__ import annotations

import sys
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AerostackSettings(BaseSettings):
    """Settings of the group `aerostack`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_AEROSTACK_", extra="ignore", frozen=True)

    # Requests.
    requests_per_minute: int | None = Field(
        default=None,
        ge=1,
        description="Requests one project may send in any minute; unset: no limit.",
    )
    body_max_bytes: int = Field(default=4 * 1024 * 1024, ge=1024, description="Largest JSON body.")
    public_url: str | None = Field(
        default=None,
        description="Address under which clients reach this server, for the URLs of objects; "
        "unset: the one they used.",
    )

    # Database.
    strict_sql: bool = Field(
        default=False,
        description="Refuse queries that change the schema or read sqlite_master, as the hosted "
        "platform does.",
    )

    # Cache.
    cache_value_max_bytes: int = Field(
        default=25 * 1024 * 1024, ge=1, description="Largest value of the cache, as JSON."
    )
    cache_answer_max_bytes: int = Field(
        default=100 * 1024 * 1024,
        ge=1,
        description="Most bytes of values in one answer of the cache.",
    )

    # Storage.
    upload_max_bytes: int = Field(
        default=100 * 1024 * 1024, ge=1, description="Largest object that can be uploaded."
    )
    object_urls: Literal["public", "signed"] = Field(
        default="public",
        description="Whether the URL of an object works for ever and for everybody who has it, or "
        "only with a signature that expires.",
    )
    object_url_seconds: int = Field(
        default=3600,
        ge=1,
        le=7 * 86_400,
        description="How long a signed URL works when the request does not say.",
    )

    # Users.
    password_min_chars: int = Field(
        default=8, ge=1, le=1024, description="Fewest characters of a new user's password."
    )
    password_strict: bool = Field(
        default=False,
        description="Ask for an upper-case letter, a lower-case one and a digit in it as well.",
    )
    user_metadata_max_bytes: int = Field(
        default=16 * 1024, ge=2, description="Largest metadata of a user, as JSON."
    )
    signin_failures_max_count: int = Field(
        default=10,
        ge=1,
        description="Wrong passwords for one e-mail address of a project before its sign-ins have "
        "to wait.",
    )
    signin_failures_window_seconds: float = Field(
        default=900.0, gt=0, description="Time in which so many failures are forgotten again."
    )
    public_auth: bool = Field(
        default=True,
        description="Serve /api/v1/public/projects/<project>/auth: users sign up and in without an "
        "API key.",
    )
    public_auth_per_minute: int = Field(
        default=60,
        ge=1,
        description="Requests there from one address to one project in any minute, by each server "
        "process.",
    )
    refresh_lifetime_seconds: int = Field(
        default=30 * 86_400,
        ge=1,
        description="How long a sign-in there can be continued without a refresh.",
    )
    refresh_grace_seconds: float = Field(
        default=30.0,
        ge=0,
        description="How long a used refresh token may come again, for a client that lost the "
        "answer.",
    )

    # Gateway.
    gateway_hold_tokens: int = Field(
        default=1024,
        ge=1,
        description="Tokens of an answer for which units are set aside when its request names no "
        "limit.",
    )
    gateway_hold_seconds: float = Field(
        default=900.0,
        gt=0,
        description="After so long units set aside are free again, though their answer is not "
        "done: for those of a server that died.",
    )

    # Queue.
    queue_data_max_bytes: int = Field(
        default=128 * 1024, ge=2, description="Largest data of a job, as JSON."
    )
    queue_delay_max_seconds: int = Field(
        default=30 * 86_400, ge=1, description="Longest delay of a job."
    )
    queue_retention_seconds: float = Field(
        default=7 * 86_400.0,
        gt=0,
        description="How long jobs can be read after their end; waiting ones are kept.",
    )
    queue_page_max_bytes: int = Field(
        default=8 * 1024 * 1024,
        ge=1,
        description="A page of jobs ends early when their data and results reach this.",
    )
    queue_retry_max_seconds: float = Field(
        default=3600.0,
        ge=0,
        description="Longest wait before a job is tried again, doubled or asked for by its target; "
        "a longer retryDelay of its consumer counts.",
    )
    queue_look_seconds: float = Field(
        default=5.0,
        gt=0,
        description="How often consumers and job types are looked for, should a wake-up get lost.",
    )
    queue_tidy_period_seconds: float = Field(
        default=600.0, gt=0, description="How often ended jobs past their time are deleted."
    )

    # Services.
    target_answer_max_bytes: int = Field(
        default=4 * 1024 * 1024,
        ge=1024,
        description="Largest answer of a service or a consumer that is called over HTTP.",
    )

    # Search.
    search_content_max_chars: int = Field(
        default=32_000, ge=1, description="Longest content of an item that can be searched."
    )
    search_metadata_max_bytes: int = Field(
        default=16 * 1024, ge=2, description="Largest metadata of such an item, as JSON."
    )
    search_multilingual_model: str = Field(
        default="bge-m3",
        min_length=1,
        max_length=200,
        description="Embedding model that `multilingual` stands for, asked for at AI_BASE_URL; "
        "`english` is QUINTET_EMBED_MODEL.",
    )
    search_reembed_max_count: int = Field(
        default=10_000, ge=0, description="Most items that are embedded again for another model."
    )

    def body_limit(self, path: str) -> int:
        """The largest body of a request, in bytes; `path` is below the mount."""
        if path == "/storage/upload":
            # Counted by the handler: it knows what is the file and what the frames around it, and
            # its refusal has a reason of its own.
            return sys.maxsize
        if path in ("/cache/set", "/cache/setMany"):
            return self.cache_value_max_bytes + 64 * 1024
        return self.body_max_bytes
