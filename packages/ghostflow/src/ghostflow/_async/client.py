"""The client: calls by path as in the service's guide, and resources with types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ghostflow._arguments import query_of
from ghostflow._error_map import adopt
from ghostflow._money import sendable
from ghostflow._paths import split_path
from ghostflow._service import (
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
    MIB,
    Credentials,
    check_team,
    find_team,
    make_secret,
    make_service,
    make_settings,
    seconds,
)
from ghostflow._wire import for_path
from ghostflow.errors import ConfigurationError, MisuseError
from quintet._acompat import ASYNC
from quintet.clock import Clock, SystemClock
from quintet.core.request import NO_BODY
from quintet.errors import QuintetError
from quintet.first_use import resource
from quintet.one_process import OneProcess

if TYPE_CHECKING:
    from typing_extensions import Self

    from ghostflow._async.account import AsyncAccount
    from ghostflow._async.api_keys import AsyncApiKeys
    from ghostflow._async.campaigns import AsyncCampaigns
    from ghostflow._async.clicks import AsyncClicks
    from ghostflow._async.conversions import AsyncConversions
    from ghostflow._async.domains import AsyncDomains
    from ghostflow._async.networks import AsyncNetworks
    from ghostflow._async.offers import AsyncOffers
    from ghostflow._async.postbacks import AsyncPostbacks
    from ghostflow._async.raw import AsyncRawResources
    from ghostflow._async.reports import AsyncReports
    from ghostflow._async.sources import AsyncSources
    from ghostflow._async.teams import AsyncBilling, AsyncTeams
    from ghostflow._async.webhooks import AsyncWebhooks
    from ghostflow.responses import RateLimitInfo
    from ghostflow.types import Login, Me
    from quintet.hooks import Hook
    from quintet.transport.choosing import EngineName
    from quintet.transport.interface import AsyncTransport

__all__ = ["AsyncGhostFlowClient"]


class AsyncGhostFlowClient(OneProcess):
    """A client of the GhostFlow API. Opening it costs nothing; it is safe to share.

    Example::

        async with AsyncGhostFlowClient() as gf:
            campaigns, rl = await gf.get("/campaigns")
            print(f"Found {len(campaigns)} campaigns, {rl.remaining} requests left")
            campaign = await gf.campaigns.create("Summer", "https://example.com/promo")
            print(campaign["trackingUrl"])

    There are two ways to call. By path, :meth:`get`, :meth:`post`, :meth:`put`, :meth:`patch` and
    :meth:`delete` return the body as plain JSON and the rate limit. The resources return the model
    alone, typed, with amounts of money as ``Decimal``.

    Failed calls are repeated when that is safe: on 408, 429, 500, 502, 503, 504 and 520 to 524, and
    on failures of the connection. A POST carries an idempotency key, the same for all attempts; see
    ``idempotent_posts`` for when it is repeated. Waits are random, growing to 8 seconds; a wait
    asked for by the service is kept up to 60 seconds, and a longer one is raised at once.

    Args:
        api_key: An API key (``gf_…``) or a login token; the environment variable ``GF_API_KEY``
            without it.
        base_url: The service; ``GF_BASE_URL`` without it, else
            ``https://devcore.getghostflow.io/api/v1``.
        max_retries: Attempts beyond the first; 0 for none.
        timeout: Seconds for one attempt, from connecting to the last byte; ``None`` for no limit.
        team_id: The team that is meant, ``GF_TEAM_ID`` without it. A key has one team and needs
            none; a login token of several teams does.
        deadline: Seconds for a whole call, attempts and waits included; no limit by default.
        idempotent_posts: Whether the service knows idempotency keys. If not, a POST is sent again
            only where nothing can have happened: no connection was made, or the answer was 429.
            False by default towards the hosted service, of which it is not known, and true towards
            every other base URL.
        pacing: Hold requests back while the last answer said that the rate limit is used up.
        headers: Sent with every request. They cannot replace the client's own.
        max_response_bytes: Bound of an answer after decompression, enforced while it is read; 0
            for no bound.
        http_client: An httpx-shaped client to send with. It stays yours: :meth:`aclose` leaves
            it open, and its own base URL is not used.
        transport: The engine to send with, ``"native"`` or ``"httpx"``; ``QUINTET_TRANSPORT``
            without it, else the native one. Or a transport, such as
            ``quintet.AsyncNativeTransport`` with a certificate authority of your own, or the
            scripted one of ``quintet.testing``.
        hooks: Called with one record per attempt; see ``quintet.hooks``.
        clock: Time and chance, for tests.

    Raises:
        ConfigurationError: There is no key, or an option is out of its range.
    """

    _is_view = False
    _adopt = staticmethod(adopt)

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        max_retries: int = DEFAULT_RETRIES,
        timeout: float | None = DEFAULT_TIMEOUT,
        *,
        team_id: str | None = None,
        deadline: float | None = None,
        idempotent_posts: bool | None = None,
        pacing: bool = False,
        headers: Mapping[str, str] | None = None,
        max_response_bytes: int = 10 * MIB,
        http_client: Any = None,
        transport: AsyncTransport | EngineName | None = None,
        hooks: Iterable[Hook] = (),
        clock: Clock | None = None,
    ) -> None:
        self._open(
            Credentials(make_secret(api_key)),
            team_id,
            http_client,
            transport,
            clock,
            base_url=base_url,
            max_retries=max_retries,
            timeout=timeout,
            deadline=deadline,
            idempotent_posts=idempotent_posts,
            pacing=pacing,
            headers=headers,
            max_response_bytes=max_response_bytes,
            hooks=hooks,
        )

    def _open(
        self,
        credentials: Credentials,
        team_id: str | None,
        http_client: Any,
        transport: AsyncTransport | EngineName | None,
        clock: Clock | None,
        **options: Any,
    ) -> None:
        # See quintet.lazy_resources for what is imported where.
        from ghostflow._async.calls import AsyncCalls
        from quintet._async.client import AsyncApiClient

        settings = make_settings(**options)
        clock = SystemClock() if clock is None else clock
        service = make_service(clock, settings.options.base_url)
        try:
            api = AsyncApiClient(
                service,
                settings.options,
                credentials,
                http_client=http_client,
                transport=transport,
                clock=clock,
            )
        except QuintetError as error:
            raise adopt(error) from error.__cause__
        self._credentials = credentials
        self._calls = AsyncCalls(api, service, clock, settings, find_team(team_id))

    @resource
    def _account(self) -> AsyncAccount:
        from ghostflow._async.account import AsyncAccount

        return AsyncAccount(self._calls)

    @resource
    def campaigns(self) -> AsyncCampaigns:
        """Links that record clicks and lead to offers."""
        from ghostflow._async.campaigns import AsyncCampaigns

        return AsyncCampaigns(self._calls)

    @resource
    def offers(self) -> AsyncOffers:
        """Where they lead, and what a conversion is worth."""
        from ghostflow._async.offers import AsyncOffers

        return AsyncOffers(self._calls)

    @resource
    def sources(self) -> AsyncSources:
        """Where clicks come from."""
        from ghostflow._async.sources import AsyncSources

        return AsyncSources(self._calls)

    @resource
    def networks(self) -> AsyncNetworks:
        """Who reports conversions by postback."""
        from ghostflow._async.networks import AsyncNetworks

        return AsyncNetworks(self._calls)

    @resource
    def domains(self) -> AsyncDomains:
        """Names under which links are published."""
        from ghostflow._async.domains import AsyncDomains

        return AsyncDomains(self._calls)

    @resource
    def clicks(self) -> AsyncClicks:
        """What was recorded."""
        from ghostflow._async.clicks import AsyncClicks

        return AsyncClicks(self._calls)

    @resource
    def conversions(self) -> AsyncConversions:
        """What came of it."""
        from ghostflow._async.conversions import AsyncConversions

        return AsyncConversions(self._calls)

    @resource
    def postbacks(self) -> AsyncPostbacks:
        """The log of what networks reported and sources were told."""
        from ghostflow._async.postbacks import AsyncPostbacks

        return AsyncPostbacks(self._calls)

    @resource
    def reports(self) -> AsyncReports:
        """All of it put together."""
        from ghostflow._async.reports import AsyncReports

        return AsyncReports(self._calls)

    @resource
    def api_keys(self) -> AsyncApiKeys:
        """Keys, and what they were used for."""
        from ghostflow._async.api_keys import AsyncApiKeys

        return AsyncApiKeys(self._calls)

    @resource
    def teams(self) -> AsyncTeams:
        """Whose objects these are."""
        from ghostflow._async.teams import AsyncTeams

        return AsyncTeams(self._calls)

    @resource
    def billing(self) -> AsyncBilling:
        """The plan."""
        from ghostflow._async.teams import AsyncBilling

        return AsyncBilling(self._calls)

    @resource
    def webhooks(self) -> AsyncWebhooks:
        """Deliveries of events to a URL."""
        from ghostflow._async.webhooks import AsyncWebhooks

        return AsyncWebhooks(self._calls)

    @classmethod
    async def log_in(
        cls,
        email: str,
        password: str,
        base_url: str | None = None,
        max_retries: int = DEFAULT_RETRIES,
        timeout: float | None = DEFAULT_TIMEOUT,
        *,
        team_id: str | None = None,
        deadline: float | None = None,
        idempotent_posts: bool | None = None,
        pacing: bool = False,
        headers: Mapping[str, str] | None = None,
        max_response_bytes: int = 10 * MIB,
        http_client: Any = None,
        transport: AsyncTransport | EngineName | None = None,
        hooks: Iterable[Hook] = (),
        clock: Clock | None = None,
    ) -> Self:
        """Return a client that acts for a person. Known only of the self-hosted server.

        Its token is ``client.api_key``. It is good for an hour; then calls raise
        :class:`AuthenticationError` with the code ``AUTH_TOKEN_EXPIRED``.

        Args:
            email: The person's.
            password: The person's. It is sent once and not kept.
            base_url: As for the client, like all that is not named here.

        Raises:
            AuthenticationError: One of the two is wrong.
        """
        client = cls.__new__(cls)
        client._open(
            Credentials(None),
            team_id,
            http_client,
            transport,
            clock,
            base_url=base_url,
            max_retries=max_retries,
            timeout=timeout,
            deadline=deadline,
            idempotent_posts=idempotent_posts,
            pacing=pacing,
            headers=headers,
            max_response_bytes=max_response_bytes,
            hooks=hooks,
        )
        try:
            found = await client._account.login(email, password)
            client._credentials.secret = make_secret(found.get("accessToken") or "")
        except BaseException:
            # Nobody else has it to close it.
            await client.aclose()
            raise
        return client

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> tuple[Any, RateLimitInfo]:
        """Call any endpoint; return its body as plain JSON, and the rate limit.

        Fractions are floats, as in the service's guide; the resources give amounts as ``Decimal``.

        Args:
            method: In any case.
            path: Below the base URL, with a slash in front or not. The service's documents print
                ``/api/v1/…``: that is understood, too. It travels as it is, so encode what you put
                into it, or use the resources, which do so: a path that steps aside by ``..`` is
                refused.
            params: The query: ``None`` is dropped, lists repeat the name, booleans are ``true`` and
                ``false``, dates and aware datetimes ISO 8601.
            json: The body; ``None`` for none.
            headers: For this request, over the client's own.
            idempotency_key: A key of your own for a POST; one is made otherwise.
            request_id: An id of your own, sent as ``X-Request-Id`` and echoed by the server.
            timeout: Seconds for one attempt of this call.

        Returns:
            The body (``None`` if it is empty) and what the answer says of the rate limit. A DELETE
            whose repeat found nothing left gives ``{"deleted": True, "already_deleted": True}``.

        Raises:
            MisuseError: The path cannot be sent.
            GhostFlowError: The service answered with an error, or not at all.
        """
        if not isinstance(method, str) or not method.isascii() or not method.isalpha():
            raise MisuseError(message="method must be a word such as GET")
        sent, query = split_path(path, params, self.base_url)
        return await self._calls.raw(
            for_path(method.upper(), sent),
            query=query,
            json=NO_BODY if json is None else sendable(json),
            headers=headers,
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )

    async def get(self, path: str, **params: Any) -> tuple[Any, RateLimitInfo]:
        """GET a path; keywords are the query.

        What cannot be a keyword goes as ``**{"from": …}``, or in a mapping: ``params={"path": …}``.
        """
        return await self.request("GET", path, params=query_of(params))

    async def post(self, path: str, json: Any = None) -> tuple[Any, RateLimitInfo]:
        """POST a body to a path; :meth:`request` takes a query and headers as well."""
        return await self.request("POST", path, json=json)

    async def put(self, path: str, json: Any = None) -> tuple[Any, RateLimitInfo]:
        """PUT a body to a path."""
        return await self.request("PUT", path, json=json)

    async def patch(self, path: str, json: Any = None) -> tuple[Any, RateLimitInfo]:
        """PATCH a path: what the body does not name stays, ``null`` clears."""
        return await self.request("PATCH", path, json=json)

    async def delete(self, path: str) -> tuple[Any, RateLimitInfo]:
        """DELETE a path; a repeat that finds nothing left is a success."""
        return await self.request("DELETE", path)

    async def me(self) -> Me:
        """Return the person, the teams and the scopes behind the key or the token.

        Known only of the self-hosted server.
        """
        return await self._account.me()

    async def login(self, email: str, password: str) -> Login:
        """Return a token in exchange for a password; this client goes on with its own key.

        Known only of the self-hosted server. :meth:`log_in` makes a client that uses the token.
        """
        return await self._account.login(email, password)

    @property
    def with_raw_response(self) -> AsyncRawResources:
        """The resources once more: each method returns model, headers, rate limit and attempts."""
        from ghostflow._async.raw import AsyncRawResources

        return AsyncRawResources(self._calls)

    def with_options(
        self,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        max_retries: int | None = None,
        team_id: str | None = None,
    ) -> Self:
        """Return a view of this client with other limits, or for another team.

        It shares the connections, so it costs nothing and need not be closed.
        Closing it closes nothing.

        Args:
            timeout: Seconds for one attempt; ``float("inf")`` for no limit.
            deadline: Seconds for a whole call, its retries and waits included.
            max_retries: Attempts beyond the first.
            team_id: The team that is meant.

        Raises:
            ConfigurationError: A limit is out of its range.
        """
        from quintet.options import check_retries

        seconds("timeout", timeout)
        seconds("deadline", deadline)
        try:
            check_retries(0 if max_retries is None else max_retries)
        except QuintetError as error:
            raise ConfigurationError(message=error.message) from None
        changed = {
            "timeout": timeout,
            "deadline": deadline,
            "max_retries": max_retries,
            "team_id": None if team_id is None else check_team(team_id),
        }
        from quintet.lazy_resources import view_of

        return view_of(self, {name: each for name, each in changed.items() if each is not None})

    @property
    def api_key(self) -> str:
        """The key or token that is sent. Nothing prints it: ``repr`` shows its beginning only."""
        secret = self._credentials.secret
        return "" if secret is None else secret.reveal()

    @property
    def base_url(self) -> str:
        """The URL under which the endpoints are, without a slash at its end."""
        return self._calls.settings.options.base_url

    @property
    def max_retries(self) -> int:
        """Attempts beyond the first."""
        view = self._calls.max_retries
        return self._calls.settings.options.retry.max_retries if view is None else view

    @property
    def timeout(self) -> float | None:
        """Seconds for one attempt, ``None`` for no limit."""
        return self._calls.attempt_seconds()

    @property
    def team_id(self) -> str | None:
        """The team that is named in every call; ``None`` for the key's own."""
        return self._calls.team_id

    async def aclose(self) -> None:
        """Close the connections. Calls under way and later ones raise ``ClientClosedError``.

        Of a view (see :meth:`with_options`) nothing is closed: the connections are its client's.
        """
        if not self._is_view:
            await self._calls.api.aclose()

    if ASYNC:
        # The name that the blocking client has.
        close = aclose

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        hint = self._credentials.hint()
        return f"{type(self).__name__}(base_url={self.base_url!r}, api_key={hint!r})"
