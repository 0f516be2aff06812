"""Every number and switch of the FlowMaestro service, each a variable `QUINTET_FLOWMAESTRO_...`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FlowMaestroSettings(BaseSettings):
    """Settings of the group `flowmaestro`."""

    model_config = SettingsConfigDict(
        env_prefix="QUINTET_FLOWMAESTRO_", extra="ignore", frozen=True
    )

    # Requests.
    requests_per_minute: int = Field(
        default=60, ge=1, description="Requests one key may send in each minute."
    )
    requests_per_day: int = Field(
        default=10_000, ge=1, description="Requests one key may send in each UTC day."
    )
    body_max_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="Largest request body."
    )

    # Executions.
    execution_concurrency_count: int = Field(
        default=50, ge=1, description="Executions one process works on at a time."
    )
    node_output_max_bytes: int = Field(
        default=1024 * 1024, ge=1024, description="Largest output of one node, as JSON."
    )
    outputs_max_bytes: int = Field(
        default=50 * 1024 * 1024, ge=1024, description="Largest sum of a run's node outputs."
    )
    node_timeout_seconds: float = Field(
        default=600.0, gt=0, description="Longest attempt of one node."
    )
    code_enabled: bool = Field(
        default=False,
        description="Let `code` nodes run Python, in a process of their own with limits.",
    )
    code_network_allowed: bool = Field(
        default=False,
        description="Let `code` nodes that ask for it open connections, also to private addresses.",
    )
    code_weak_isolation_allowed: bool = Field(
        default=False,
        description="Run `code` nodes also where the kernel cannot confine them (no Landlock, no "
        "seccomp): they can then read what this server can read.",
    )

    # Triggers.
    trigger_body_max_bytes: int = Field(
        default=1024 * 1024,
        ge=1024,
        description="Largest body a webhook trigger takes, before it is known by whom.",
    )
    trigger_concurrency_count: int = Field(
        default=20, ge=1, description="Firings of schedules and events one process works on."
    )
    trigger_history_seconds: float = Field(
        default=30 * 86_400.0, gt=0, description="How long it is kept what a firing came to."
    )

    # Threads.
    message_wait_max_ms: int = Field(
        default=120_000, ge=1, description="Longest wait of a send for the answer to be complete."
    )
    turn_concurrency_count: int = Field(
        default=20, ge=1, description="Answers one process works on at a time."
    )

    turn_timeout_seconds: float = Field(
        default=600.0, gt=0, description="Longest time from the start of an answer to its end."
    )
    message_max_chars: int = Field(default=100_000, ge=1, description="Longest message of a user.")
    history_messages_max_count: int = Field(
        default=100, ge=1, description="Newest messages of a thread that a model may be shown."
    )
    context_tokens: int = Field(
        default=8_192,
        ge=256,
        description="Longest conversation with its answer, for models that do not tell theirs.",
    )
    tool_rounds_max_count: int = Field(
        default=5, ge=0, description="How often an agent may use tools before it has to answer."
    )
    tool_result_max_chars: int = Field(
        default=8_000, ge=100, description="Longest result of a tool that a model is shown."
    )
    recall_messages_max_count: int = Field(
        default=500, ge=1, description="Newest messages of an agent that a memory search looks at."
    )

    # Webhooks.
    webhook_retry_delays_seconds: tuple[float, ...] = Field(
        default=(120.0, 240.0, 480.0, 960.0),
        description="Waits before the second and each further attempt; their number bounds them.",
    )
    webhook_https_required: bool = Field(
        default=False, description="Refuse webhooks whose URL does not begin with https."
    )
