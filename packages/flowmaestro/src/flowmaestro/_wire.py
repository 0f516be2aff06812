"""The wire table: every endpoint of the service, once.

The service honours an idempotency key where a run is started: those calls are KEYED, and the
client sends one key per logical call. Other writes are sent once, unless nothing can have arrived,
or the caller gives a key of their own. Searches are POSTs that change nothing.
"""

from __future__ import annotations

from quintet.core.operation import Operation
from quintet.core.retry import RetryClass

_SAFE = RetryClass.SAFE
_KEYED = RetryClass.KEYED
_IDEMPOTENT = RetryClass.IDEMPOTENT
_NEVER = RetryClass.NEVER

LIST_WORKFLOWS = Operation("workflows.list", "GET", "/workflows", _SAFE)
GET_WORKFLOW = Operation("workflows.get", "GET", "/workflows/{workflow_id}", _SAFE)
EXECUTE_WORKFLOW = Operation(
    "workflows.execute", "POST", "/workflows/{workflow_id}/execute", _KEYED
)

LIST_EXECUTIONS = Operation("executions.list", "GET", "/executions", _SAFE)
GET_EXECUTION = Operation("executions.get", "GET", "/executions/{execution_id}", _SAFE)
CANCEL_EXECUTION = Operation(
    "executions.cancel", "POST", "/executions/{execution_id}/cancel", _NEVER
)
RESUME_EXECUTION = Operation(
    "executions.resume", "POST", "/executions/{execution_id}/resume", _NEVER
)
EXECUTION_EVENTS = Operation("executions.stream", "GET", "/executions/{execution_id}/events", _SAFE)

LIST_AGENTS = Operation("agents.list", "GET", "/agents", _SAFE)
GET_AGENT = Operation("agents.get", "GET", "/agents/{agent_id}", _SAFE)
CREATE_THREAD = Operation("agents.create_thread", "POST", "/agents/{agent_id}/threads", _NEVER)
LIST_MEMORY = Operation("agents.list_memory", "GET", "/agents/{agent_id}/memory", _SAFE)
MEMORY_STATS = Operation("agents.memory_stats", "GET", "/agents/{agent_id}/memory/stats", _SAFE)
SEARCH_MEMORY = Operation("agents.search_memory", "POST", "/agents/{agent_id}/memory/search", _SAFE)
GET_MEMORY = Operation("agents.get_memory", "GET", "/agents/{agent_id}/memory/{user_id}", _SAFE)
SET_MEMORY = Operation(
    "agents.set_memory", "PUT", "/agents/{agent_id}/memory/{user_id}", _IDEMPOTENT
)
DELETE_MEMORY = Operation(
    "agents.delete_memory", "DELETE", "/agents/{agent_id}/memory/{user_id}", _IDEMPOTENT
)

GET_THREAD = Operation("threads.get", "GET", "/threads/{thread_id}", _SAFE)
DELETE_THREAD = Operation("threads.delete", "DELETE", "/threads/{thread_id}", _IDEMPOTENT)
LIST_MESSAGES = Operation("threads.list_messages", "GET", "/threads/{thread_id}/messages", _SAFE)
SEND_MESSAGE = Operation("threads.send_message", "POST", "/threads/{thread_id}/messages", _NEVER)
SEND_MESSAGE_STREAM = Operation(
    "threads.send_message_stream", "POST", "/threads/{thread_id}/messages", _NEVER
)
THREAD_EVENTS = Operation("threads.stream", "GET", "/threads/{thread_id}/events", _SAFE)

LIST_KNOWLEDGE_BASES = Operation("knowledge_bases.list", "GET", "/knowledge-bases", _SAFE)
GET_KNOWLEDGE_BASE = Operation(
    "knowledge_bases.get", "GET", "/knowledge-bases/{knowledge_base_id}", _SAFE
)
QUERY_KNOWLEDGE_BASE = Operation(
    "knowledge_bases.query", "POST", "/knowledge-bases/{knowledge_base_id}/query", _SAFE
)

GET_TRIGGER = Operation("triggers.get", "GET", "/triggers/{trigger_id}", _SAFE)
LIST_TRIGGERS = Operation("triggers.list", "GET", "/triggers", _SAFE)
EXECUTE_TRIGGER = Operation("triggers.execute", "POST", "/triggers/{trigger_id}/execute", _KEYED)

LIST_WEBHOOKS = Operation("webhooks.list", "GET", "/webhooks", _SAFE)
GET_WEBHOOK = Operation("webhooks.get", "GET", "/webhooks/{webhook_id}", _SAFE)
CREATE_WEBHOOK = Operation("webhooks.create", "POST", "/webhooks", _NEVER)
UPDATE_WEBHOOK = Operation("webhooks.update", "PATCH", "/webhooks/{webhook_id}", _IDEMPOTENT)
DELETE_WEBHOOK = Operation("webhooks.delete", "DELETE", "/webhooks/{webhook_id}", _IDEMPOTENT)
TEST_WEBHOOK = Operation("webhooks.test", "POST", "/webhooks/{webhook_id}/test", _NEVER)
LIST_DELIVERIES = Operation(
    "webhooks.list_deliveries", "GET", "/webhooks/{webhook_id}/deliveries", _SAFE
)


def with_key(operation: Operation, key: str | None) -> Operation:
    """Return the operation as it is with a key of the caller's: repeatable, since they say so."""
    if key is None or operation.retry is not _NEVER:
        return operation
    return operation.with_retry(_KEYED)
