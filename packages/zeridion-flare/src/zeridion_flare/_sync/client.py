# Generated from zeridion_flare/_async/client.py by tools/async_to_sync; edit the source and run scripts/fix.
"""The client: flat methods, one per endpoint, plain dictionaries back."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from quintet.clock import Clock, SystemClock
from quintet.errors import QuintetError
from quintet.one_process import OneProcess
from zeridion_flare._service import MIB, SERVICE, find_credentials, make_options
from zeridion_flare._sync.insight import InsightCalls
from zeridion_flare._sync.jobs import JobCalls
from zeridion_flare._sync.recurring import RecurringCalls
from zeridion_flare._sync.watching import WatchCalls
from zeridion_flare._sync.webhooks import WebhookCalls
from zeridion_flare._sync.worker_calls import WorkerCalls
from zeridion_flare.errors import adopt

if TYPE_CHECKING:
    from typing_extensions import Self

    from quintet.hooks import Hook
    from quintet.transport.choosing import EngineName
    from quintet.transport.interface import Transport

__all__ = ["FlareClient"]


class FlareClient(
    JobCalls,
    WatchCalls,
    RecurringCalls,
    WebhookCalls,
    InsightCalls,
    WorkerCalls,
    OneProcess,
):
    """A client of the Flare API. Opening it costs nothing; it is safe to share.

    Example::

        with FlareClient(api_key="zf_live_sk_...") as flare:
            job = flare.create_job(job_type="SendWelcomeEmail", payload={"to": "a@b.c"})
            print(job["id"], job["state"])

    Failed calls are repeated when that is safe: on 429 (unless the quota is used up), 408, 425,
    every 5xx, a conflict that only says "in progress", and on every failure of the connection.
    Writes carry an idempotency key for that purpose.

    Args:
        api_key: The key; the environment variable ``FLARE_API_KEY`` without it.
        base_url: The service; ``FLARE_BASE_URL`` without it, else ``https://api.zeridion.com``.
            ``/flare/v1`` is added unless it is there.
        max_retries: Attempts beyond the first; 0 for none.
        retry_base_delay_ms: Bound of the first wait in milliseconds; later ones double it. The
            actual wait is random below the bound, so that clients do not come back together.
        retry_max_delay_ms: Cap of one wait in milliseconds, a wait asked for by the service
            (``Retry-After``) included.
        max_response_bytes: Bound of an answer after decompression, enforced while it is read;
            0 for no bound. Streams and exports are not bounded by it.
        timeout: Seconds for one attempt, from connecting to the last byte; ``None`` for no limit.
        deadline: Seconds for a whole call, attempts and waits included; no limit by default.
        http_client: An httpx-shaped client to send with. It stays yours: :meth:`close` leaves
            it open, and its own base URL is not used.
        transport: The engine to send with, ``"native"`` or ``"httpx"``; ``QUINTET_TRANSPORT``
            without it, else the native one. Or a transport, such as
            ``quintet.NativeTransport`` with a certificate authority of your own, or the
            scripted one of ``quintet.testing``.
        hooks: Called with one record per attempt; see ``quintet.hooks``.
        clock: Time and chance, for tests.

    Raises:
        FlareConfigurationError: There is no key, or an option is out of its range.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        max_retries: int = 3,
        retry_base_delay_ms: float = 500,
        retry_max_delay_ms: float = 30_000,
        max_response_bytes: int = 10 * MIB,
        timeout: float | None = 30.0,
        deadline: float | None = None,
        http_client: Any = None,
        transport: Transport | EngineName | None = None,
        hooks: Iterable[Hook] = (),
        clock: Clock | None = None,
    ) -> None:
        # See quintet.lazy_resources for what is imported where.
        from quintet._sync.client import ApiClient

        options = make_options(
            base_url=base_url,
            max_retries=max_retries,
            retry_base_delay_ms=retry_base_delay_ms,
            retry_max_delay_ms=retry_max_delay_ms,
            max_response_bytes=max_response_bytes,
            timeout=timeout,
            deadline=deadline,
            hooks=hooks,
        )
        self._clock = SystemClock() if clock is None else clock
        self._credentials = find_credentials(api_key)
        self._engine: EngineName | None = transport if isinstance(transport, str) else None
        self._has_own_engine = http_client is None and self._engine is transport
        try:
            self._api = ApiClient(
                SERVICE,
                options,
                self._credentials,
                http_client=http_client,
                transport=transport,
                clock=self._clock,
            )
        except QuintetError as error:
            raise adopt(error) from error.__cause__

    @property
    def base_url(self) -> str:
        """The URL under which the endpoints are."""
        return self._api.options.base_url

    def with_own_connections(self) -> Self | None:
        """Return a client like this one that is closed on its own; ``None`` with a foreign engine.

        A worker polls with one, so that it can break off a poll without touching other calls.
        """
        if not self._has_own_engine:
            return None
        import copy

        from quintet._sync.client import ApiClient

        twin = copy.copy(self)
        api = ApiClient(
            SERVICE,
            self._api.options,
            self._credentials,
            transport=self._engine,
            clock=self._clock,
        )
        vars(twin).update(_last=None, _is_view=False, _api=api)
        return twin

    def close(self) -> None:
        """Close the connections. Calls under way and later ones raise ``FlareClosedError``.

        Of a view (see :meth:`with_options`) nothing is closed: the connections are its client's.
        """
        if not self._is_view:
            self._api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"
