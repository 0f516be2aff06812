"""The client and the functions for asyncio: ``from amdahl.aio import AsyncAmdahlClient``."""

from __future__ import annotations

from amdahl._async.client import AsyncAmdahlClient
from amdahl._async.functions import (
    archive_page,
    create_page,
    delete_webhook,
    get_agent_status,
    get_page,
    iter_pages,
    list_pages,
    list_webhooks,
    query_data,
    register_webhook,
    resume_agent,
    start_agent,
    stream_agent,
    update_page,
    update_webhook,
    wait_for_agent,
    with_retry,
)

__all__ = [
    "AsyncAmdahlClient",
    "archive_page",
    "create_page",
    "delete_webhook",
    "get_agent_status",
    "get_page",
    "iter_pages",
    "list_pages",
    "list_webhooks",
    "query_data",
    "register_webhook",
    "resume_agent",
    "start_agent",
    "stream_agent",
    "update_page",
    "update_webhook",
    "wait_for_agent",
    "with_retry",
]
