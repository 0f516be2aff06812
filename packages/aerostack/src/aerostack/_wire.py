"""Every operation: its name in the API document, where it is, what it takes and gives.

The class of repeats says what is sent again when the outcome of an attempt is unknown. Reads are
harmless; setting and deleting twice is once; everything else that writes carries an idempotency
key, one per call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from quintet.core.operation import Operation
from quintet.core.record import Record
from quintet.core.retry import RetryClass

if TYPE_CHECKING:
    from aerostack import models

__all__ = ["Endpoint"]

T = TypeVar("T")

SAFE, IDEMPOTENT, KEYED = RetryClass.SAFE, RetryClass.IDEMPOTENT, RetryClass.KEYED


class Endpoint(Record, Generic[T]):
    """One operation.

    Attributes:
        operation: What the runtime needs to know of it.
        answer: Name of the model of its answer.
        request: Name of the model of its request; ``""`` if it takes none.
        auth: Whether it takes the API key, or a bearer token.
    """

    __slots__ = _fields = ("operation", "answer", "request", "auth")
    operation: Operation
    answer: str
    request: str
    auth: Literal["key", "bearer"]

    def __init__(
        self,
        operation: Operation,
        answer: str,
        request: str = "",
        auth: Literal["key", "bearer"] = "key",
    ) -> None:
        self._fill(operation, answer, request, auth)


def _post(name: str, path: str, retry: RetryClass, request: str, answer: str = "") -> Endpoint[Any]:
    operation = Operation(name, "POST", path, retry)
    found = answer or request.replace("RequestBody", "ResponseBody")
    return Endpoint(operation, found, request)


AI_CHAT: Endpoint[models.AiChatResponseBody] = _post(
    "aiChat", "/ai/chat", KEYED, "AiChatRequestBody"
)
AI_EMBED: Endpoint[models.AiEmbedResponseBody] = _post(
    "aiEmbed", "/ai/embed", SAFE, "AiEmbedRequestBody"
)
SEARCH_INGEST: Endpoint[models.SearchIngestResponseBody] = _post(
    "aiSearchIngest", "/ai/search/ingest", KEYED, "SearchIngestRequestBody"
)
SEARCH_QUERY: Endpoint[models.SearchQueryResponseBody] = _post(
    "aiSearchQuery", "/ai/search/query", SAFE, "SearchQueryRequestBody"
)
SEARCH_GET: Endpoint[models.SearchGetResponseBody] = _post(
    "aiSearchGet", "/ai/search/get", SAFE, "SearchGetRequestBody"
)
SEARCH_UPDATE: Endpoint[models.SearchUpdateResponseBody] = _post(
    "aiSearchUpdate", "/ai/search/update", IDEMPOTENT, "SearchUpdateRequestBody"
)
SEARCH_DELETE: Endpoint[models.SearchDeleteResponseBody] = _post(
    "aiSearchDelete", "/ai/search/delete", IDEMPOTENT, "SearchDeleteRequestBody"
)
SEARCH_DELETE_BY_TYPE: Endpoint[models.SearchDeleteByTypeResponseBody] = _post(
    "aiSearchDeleteByType",
    "/ai/search/deleteByType",
    IDEMPOTENT,
    "SearchDeleteByTypeRequestBody",
)
SEARCH_COUNT: Endpoint[models.SearchCountResponseBody] = _post(
    "aiSearchCount", "/ai/search/count", SAFE, "SearchCountRequestBody"
)
SEARCH_LIST_TYPES: Endpoint[models.SearchListTypesResponseBody] = Endpoint(
    Operation("aiSearchListTypes", "GET", "/ai/search/listTypes", SAFE),
    "SearchListTypesResponseBody",
)
SEARCH_CONFIGURE: Endpoint[models.SearchConfigureResponseBody] = _post(
    "aiSearchConfigure", "/ai/search/configure", IDEMPOTENT, "SearchConfigureRequestBody"
)

AUTH_SIGNUP: Endpoint[models.AuthResponse] = _post(
    "authSignup", "/auth/signup", KEYED, "AuthSignupRequestBody", "AuthResponse"
)
AUTH_SIGNIN: Endpoint[models.AuthResponse] = _post(
    "authSignin", "/auth/signin", SAFE, "AuthSigninRequestBody", "AuthResponse"
)

CACHE_GET: Endpoint[models.CacheGetResponseBody] = _post(
    "cacheGet", "/cache/get", SAFE, "CacheGetRequestBody"
)
CACHE_SET: Endpoint[models.CacheSetResponseBody] = _post(
    "cacheSet", "/cache/set", IDEMPOTENT, "CacheSetRequestBody"
)
CACHE_DELETE: Endpoint[models.CacheDeleteResponseBody] = _post(
    "cacheDelete", "/cache/delete", IDEMPOTENT, "CacheDeleteRequestBody"
)
CACHE_LIST: Endpoint[models.CacheListResponseBody] = _post(
    "cacheList", "/cache/list", SAFE, "CacheListRequestBody"
)
CACHE_KEYS: Endpoint[models.CacheKeysResponseBody] = _post(
    "cacheKeys", "/cache/keys", SAFE, "CacheKeysRequestBody"
)
CACHE_GET_MANY: Endpoint[models.CacheGetManyResponseBody] = _post(
    "cacheGetMany", "/cache/getMany", SAFE, "CacheGetManyRequestBody"
)
CACHE_SET_MANY: Endpoint[models.CacheSetManyResponseBody] = _post(
    "cacheSetMany", "/cache/setMany", IDEMPOTENT, "CacheSetManyRequestBody"
)
CACHE_DELETE_MANY: Endpoint[models.CacheDeleteManyResponseBody] = _post(
    "cacheDeleteMany", "/cache/deleteMany", IDEMPOTENT, "CacheDeleteManyRequestBody"
)
CACHE_FLUSH: Endpoint[models.CacheFlushResponseBody] = _post(
    "cacheFlush", "/cache/flush", IDEMPOTENT, "CacheFlushRequestBody"
)
CACHE_EXPIRE: Endpoint[models.CacheExpireResponseBody] = _post(
    "cacheExpire", "/cache/expire", IDEMPOTENT, "CacheExpireRequestBody"
)
CACHE_INCREMENT: Endpoint[models.CacheIncrementResponseBody] = _post(
    "cacheIncrement", "/cache/increment", KEYED, "CacheIncrementRequestBody"
)

DB_QUERY: Endpoint[models.DbQueryResult] = _post(
    "dbQuery", "/db/query", KEYED, "DbQueryRequestBody", "DbQueryResult"
)
DB_BATCH: Endpoint[models.DbBatchResponseBody] = _post(
    "dbBatch", "/db/batch", KEYED, "DbBatchRequestBody"
)

QUEUE_ENQUEUE: Endpoint[models.QueueEnqueueResponseBody] = _post(
    "queueEnqueue", "/queue/enqueue", KEYED, "QueueEnqueueRequestBody"
)
QUEUE_GET_JOB: Endpoint[models.QueueGetJobResponseBody] = _post(
    "queueGetJob", "/queue/job", SAFE, "QueueGetJobRequestBody"
)
QUEUE_LIST_JOBS: Endpoint[models.QueueListJobsResponseBody] = _post(
    "queueListJobs", "/queue/jobs", SAFE, "QueueListJobsRequestBody"
)
QUEUE_CANCEL_JOB: Endpoint[models.QueueCancelJobResponseBody] = _post(
    "queueCancelJob", "/queue/cancel", IDEMPOTENT, "QueueCancelJobRequestBody"
)

SERVICES_INVOKE: Endpoint[models.ServicesInvokeResponseBody] = _post(
    "servicesInvoke", "/services/invoke", KEYED, "ServicesInvokeRequestBody"
)

STORAGE_UPLOAD: Endpoint[models.StorageUploadResponseBody] = _post(
    "storageUpload", "/storage/upload", IDEMPOTENT, "StorageUploadRequestBody"
)
STORAGE_GET: Endpoint[bytes] = _post("storageGet", "/storage/get", SAFE, "StorageGetRequestBody")
STORAGE_GET_URL: Endpoint[models.StorageGetUrlResponseBody] = _post(
    "storageGetUrl", "/storage/getUrl", SAFE, "StorageGetUrlRequestBody"
)
STORAGE_LIST: Endpoint[models.StorageListResponseBody] = _post(
    "storageList", "/storage/list", SAFE, "StorageListRequestBody"
)
STORAGE_DELETE: Endpoint[models.StorageDeleteResponseBody] = _post(
    "storageDelete", "/storage/delete", IDEMPOTENT, "StorageDeleteRequestBody"
)
STORAGE_EXISTS: Endpoint[models.StorageExistsResponseBody] = _post(
    "storageExists", "/storage/exists", SAFE, "StorageExistsRequestBody"
)
STORAGE_GET_METADATA: Endpoint[models.StorageGetMetadataResponseBody] = _post(
    "storageGetMetadata", "/storage/getMetadata", SAFE, "StorageGetMetadataRequestBody"
)
STORAGE_COPY: Endpoint[models.StorageCopyResponseBody] = _post(
    "storageCopy", "/storage/copy", IDEMPOTENT, "StorageCopyRequestBody"
)
STORAGE_MOVE: Endpoint[models.StorageMoveResponseBody] = _post(
    "storageMove", "/storage/move", KEYED, "StorageMoveRequestBody"
)

GATEWAY_CHAT_COMPLETIONS: Endpoint[models.AiChatResponseBody] = Endpoint(
    Operation("gatewayChatCompletions", "POST", "/ai/gateway/{api_slug}/chat/completions", KEYED),
    "AiChatResponseBody",
    "AiChatRequestBody",
    "bearer",
)
GATEWAY_GET_WALLET: Endpoint[models.GatewayWalletResponseBody] = Endpoint(
    Operation("gatewayGetWallet", "GET", "/ai/gateway/me/wallet", SAFE),
    "GatewayWalletResponseBody",
    "",
    "bearer",
)
GATEWAY_BILLING_LOG: Endpoint[models.GatewayBillingLogResponseBody] = _post(
    "gatewayBillingLog", "/gateway/billing/log", KEYED, "GatewayBillingLogRequestBody"
)

_CUSTOM = {"GET": SAFE, "HEAD": SAFE, "PUT": IDEMPOTENT, "DELETE": IDEMPOTENT}


def custom_endpoint(method: str) -> Endpoint[object]:
    """Return the operation for a function of the project's own.

    Raises:
        RequestValidationError: It is no HTTP method.
    """
    known = method.upper() if isinstance(method, str) else ""
    if known not in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        from aerostack.errors import RequestValidationError

        raise RequestValidationError(f"method must be an HTTP method, not {method!r}")
    operation = Operation("custom", known, "/custom/{slug}", _CUSTOM.get(known, KEYED))
    return Endpoint(operation, "")
