"""The wire table: every endpoint of the service, once.

Writes are KEYED: one idempotency key per logical call, sent with each attempt, so a repeat replays
the first outcome. Cancelling twice is cancelling once, and searches are POSTs that change nothing.
"""

from __future__ import annotations

from quintet.core.operation import Operation
from quintet.core.retry import RetryClass

_SAFE = RetryClass.SAFE
_KEYED = RetryClass.KEYED
_IDEMPOTENT = RetryClass.IDEMPOTENT
_NEVER = RetryClass.NEVER

ME = Operation("account.me", "GET", "/me", _SAFE)
CONTEXT = Operation("account.context", "GET", "/me/context", _SAFE)
CREATE_API_KEY = Operation("account.create_api_key", "POST", "/api_keys", _KEYED)
LIST_API_KEYS = Operation("account.list_api_keys", "GET", "/api_keys", _SAFE)
REVOKE_API_KEY = Operation("account.revoke_api_key", "DELETE", "/api_keys/{key_id}", _KEYED)
LIST_AUDIT_LOG = Operation("account.list_audit_log", "GET", "/audit_log", _SAFE)

QUERY = Operation("data.query", "POST", "/data/query", _SAFE)
EXPLORE = Operation("data.explore", "POST", "/data/explore", _SAFE)
SEARCH = Operation("data.search", "POST", "/data/search", _SAFE)
INGEST = Operation("data.ingest", "POST", "/data/ingest", _KEYED)
LIST_DOCUMENTS = Operation("data.documents", "GET", "/data/documents", _SAFE)
DELETE_DOCUMENT = Operation(
    "data.delete_document", "DELETE", "/data/documents/{document_id}", _KEYED
)
SEARCH_QUERY = Operation("search.query", "POST", "/search/query", _SAFE)
SEARCH_FIELDS = Operation("search.fields", "GET", "/search/fields", _SAFE)

LIST_PAGES = Operation("pages.list", "GET", "/pages", _SAFE)
CREATE_PAGE = Operation("pages.create", "POST", "/pages", _KEYED)
VALIDATE_PAGE = Operation("pages.validate", "POST", "/pages/validate", _SAFE)
LIST_TEMPLATES = Operation("pages.templates", "GET", "/pages/templates", _SAFE)
GET_TEMPLATE = Operation("pages.template", "GET", "/pages/templates/{slug}", _SAFE)
GET_PAGE = Operation("pages.get", "GET", "/pages/{page_id}", _SAFE)
UPDATE_PAGE = Operation("pages.update", "PATCH", "/pages/{page_id}", _KEYED)
ARCHIVE_PAGE = Operation("pages.archive", "DELETE", "/pages/{page_id}", _KEYED)
RENDER_PAGE = Operation("pages.render", "POST", "/pages/{page_id}/render", _SAFE)
HARD_DELETE_PAGE = Operation("pages.hard_delete", "POST", "/pages/{page_id}/hard-delete", _KEYED)
LIST_PAGE_VERSIONS = Operation("pages.versions", "GET", "/pages/{page_id}/versions", _SAFE)
GET_PAGE_VERSION = Operation("pages.version", "GET", "/pages/{page_id}/versions/{version}", _SAFE)
ROTATE_EMBED_SECRET = Operation(
    "pages.rotate_embed_secret", "POST", "/pages/embed-secret/rotate", _KEYED
)
RESTORE_PAGE = Operation("pages.restore", "POST", "/pages/{page_id}/restore", _KEYED)
EMBED_TOKEN = Operation("pages.embed_token", "POST", "/pages/{page_id}/embed-token", _KEYED)

START_AGENT = Operation("agents.start", "POST", "/agents/run", _KEYED)
AGENT_STATUS = Operation("agents.status", "GET", "/agents/{session_id}/status", _SAFE)
AGENT_EVENTS = Operation("agents.stream", "GET", "/agents/{session_id}/stream", _SAFE)
RESUME_AGENT = Operation("agents.resume", "POST", "/agents/{session_id}/resume", _KEYED)
CANCEL_AGENT = Operation("agents.cancel", "POST", "/agents/{session_id}/cancel", _IDEMPOTENT)
LIST_RUNS = Operation("agents.list_runs", "GET", "/agent-runs", _SAFE)
GET_RUN = Operation("agents.get_run", "GET", "/agent-runs/{run_id}", _SAFE)
LIST_PROFILES = Operation("agents.profiles", "GET", "/agent-profiles", _SAFE)
GET_PROFILE = Operation("agents.profile", "GET", "/agent-profiles/{profile_id}", _SAFE)

START_CHAT = Operation("chat.start", "POST", "/chat", _KEYED)
LIST_CHATS = Operation("chat.list", "GET", "/chats", _SAFE)
GET_CHAT = Operation("chat.get", "GET", "/chats/{chat_id}", _SAFE)
UPDATE_CHAT = Operation("chat.update", "PATCH", "/chats/{chat_id}", _KEYED)
CHAT_RUN = Operation("chat.run", "GET", "/chats/{chat_id}/runs/{run_id}", _SAFE)
CHAT_EVENTS = Operation("chat.stream", "GET", "/chats/{chat_id}/runs/{run_id}/stream", _SAFE)
RESUME_CHAT = Operation("chat.resume", "POST", "/chats/{chat_id}/runs/{run_id}/resume", _KEYED)
CANCEL_CHAT = Operation("chat.cancel", "POST", "/chats/{chat_id}/runs/{run_id}/cancel", _IDEMPOTENT)

LIST_WEBHOOKS = Operation("webhooks.list", "GET", "/webhooks", _SAFE)
CREATE_WEBHOOK = Operation("webhooks.create", "POST", "/webhooks", _KEYED)
GET_WEBHOOK = Operation("webhooks.get", "GET", "/webhooks/{webhook_id}", _SAFE)
UPDATE_WEBHOOK = Operation("webhooks.update", "PATCH", "/webhooks/{webhook_id}", _KEYED)
DELETE_WEBHOOK = Operation("webhooks.delete", "DELETE", "/webhooks/{webhook_id}", _KEYED)
TEST_WEBHOOK = Operation("webhooks.test", "POST", "/webhooks/{webhook_id}/test", _KEYED)
LIST_DELIVERIES = Operation(
    "webhooks.list_deliveries", "GET", "/webhooks/{webhook_id}/deliveries", _SAFE
)
REDELIVER = Operation(
    "webhooks.redeliver",
    "POST",
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    _KEYED,
)

LIST_SESSIONS = Operation("sessions.list", "GET", "/sessions", _SAFE)
CREATE_SESSION = Operation("sessions.create", "POST", "/sessions", _KEYED)
GET_SESSION = Operation("sessions.get", "GET", "/sessions/{session_id}", _SAFE)
DELETE_SESSION = Operation("sessions.delete", "DELETE", "/sessions/{session_id}", _KEYED)

LIST_ARTIFACTS = Operation("artifacts.list", "GET", "/artifacts", _SAFE)
CREATE_ARTIFACT = Operation("artifacts.create", "POST", "/artifacts", _KEYED)
GET_ARTIFACT = Operation("artifacts.get", "GET", "/artifacts/{artifact_id}", _SAFE)
UPDATE_ARTIFACT = Operation("artifacts.update", "PATCH", "/artifacts/{artifact_id}", _KEYED)
DELETE_ARTIFACT = Operation("artifacts.delete", "DELETE", "/artifacts/{artifact_id}", _KEYED)
LIST_ARTIFACT_VERSIONS = Operation(
    "artifacts.versions", "GET", "/artifacts/{artifact_id}/versions", _SAFE
)
GET_ARTIFACT_VERSION = Operation(
    "artifacts.version", "GET", "/artifacts/{artifact_id}/versions/{version}", _SAFE
)

LIST_ROUTINES = Operation("routines.list", "GET", "/routines", _SAFE)
CREATE_ROUTINE = Operation("routines.create", "POST", "/routines", _KEYED)
GET_ROUTINE = Operation("routines.get", "GET", "/routines/{routine_id}", _SAFE)
UPDATE_ROUTINE = Operation("routines.update", "PATCH", "/routines/{routine_id}", _KEYED)
DELETE_ROUTINE = Operation("routines.delete", "DELETE", "/routines/{routine_id}", _KEYED)
RUN_ROUTINE = Operation("routines.run_now", "POST", "/routines/{routine_id}/run-now", _KEYED)

_KNOWN: dict[tuple[str, int], list[tuple[list[str], Operation]]] = {}
"""The segments and the operations of each method and number of segments."""
_WITHOUT_IDS: dict[tuple[str, str], Operation] = {}
"""The operations whose paths are the same in every call."""
for _each in [value for value in vars().values() if isinstance(value, Operation)]:
    _segments = _each.path.strip("/").split("/")
    _KNOWN.setdefault((_each.method, len(_segments)), []).append((_segments, _each))
    if "{" not in _each.path:
        _WITHOUT_IDS.setdefault((_each.method, _each.path), _each)
_BY_METHOD = {
    "GET": _SAFE,
    "HEAD": _SAFE,
    "PUT": _IDEMPOTENT,
    "DELETE": _IDEMPOTENT,
}


def for_path(method: str, path: str) -> Operation:
    """Return the operation of a request that a caller wrote out as method and path.

    One of the table keeps its retry class. A POST or PATCH that is not in it is sent once, since
    nothing says that a repeat is harmless.
    """
    known = _WITHOUT_IDS.get((method, path))
    if known is not None:
        return known
    segments = path.strip("/").split("/")
    for template, known in _KNOWN.get((method, len(segments)), ()):
        if _fits(template, segments):
            return Operation(known.name, method, path, known.retry, known.success)
    return Operation(f"{method} {path}", method, path, _BY_METHOD.get(method, _NEVER))


def _fits(template: list[str], segments: list[str]) -> bool:
    for wanted, segment in zip(template, segments, strict=True):
        if wanted != segment and wanted[0] != "{":
            return False
    return True


def with_key(operation: Operation, key: str | None) -> Operation:
    """Return the operation as it is with a key of the caller's: repeatable, since they say so."""
    if key is None or operation.retry is not _NEVER:
        return operation
    return operation.with_retry(_KEYED)
