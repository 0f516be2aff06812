# Generated from ghostflow/_async/client.py by tools/async_to_sync; edit the source and run scripts/fix.
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
from quintet.clock import Clock, SystemClock
from quintet.core.request import NO_BODY
from quintet.errors import QuintetError
from quintet.first_use import resource
from quintet.one_process import OneProcess

if TYPE_CHECKING:
    from typing_extensions import Self

    from ghostflow._sync.account import Account
    from ghostflow._sync.api_keys import ApiKeys
    from ghostflow._sync.campaigns import Campaigns
    from ghostflow._sync.clicks import Clicks
    from ghostflow._sync.conversions import Conversions
    from ghostflow._sync.domains import Domains
    from ghostflow._sync.networks import Networks
    from ghostflow._sync.offers import Offers
    from ghostflow._sync.postbacks import Postbacks
    from ghostflow._sync.raw import RawResources
    from ghostflow._sync.reports import Reports
    from ghostflow._sync.sources import Sources
    from ghostflow._sync.teams import Billing, Teams
    from ghostflow._sync.webhooks import Webhooks
    from ghostflow.responses import RateLimitInfo
    from ghostflow.types import Login, Me
    from quintet.hooks import Hook
    from quintet.transport.choosing import EngineName
    from quintet.transport.interface import Transport

__all__ = ["GhostFlowClient"]


class GhostFlowClient(OneProcess):
    """A client of the GhostFlow API. Opening it costs nothing; it is safe to share.

    Example::

        with GhostFlowClient() as gf:
            campaigns, rl = gf.get("/campaigns")
            print(f"Found {len(campaigns)} campaigns, {rl.remaining} requests left")
            campaign = gf.campaigns.create("Summer", "https://example.com/promo")
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
        http_client: An httpx-shaped client to send with. It stays yours: :meth:`close` leaves
            it open, and its own base URL is not used.
        transport: The engine to send with, ``"native"`` or ``"httpx"``; ``QUINTET_TRANSPORT``
            without it, else the native one. Or a transport, such as
            ``quintet.NativeTransport`` with a certificate authority of your own, or the
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
        transport: Transport | EngineName | None = None,
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
        transport: Transport | EngineName | None,
        clock: Clock | None,
        **options: Any,
    ) -> None:
        # See quintet.lazy_resources for what is imported where.
        from ghostflow._sync.calls import Calls
        from quintet._sync.client import ApiClient

        settings = make_settings(**options)
        clock = SystemClock() if clock is None else clock
        service = make_service(clock, settings.options.base_url)
        try:
            api = ApiClient(
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
        self._calls = Calls(api, service, clock, settings, find_team(team_id))

    @resource
    def _account(self) -> Account:
        from ghostflow._sync.account import Account

        return Account(self._calls)

    @resource
    def campaigns(self) -> Campaigns:
        """Links that record clicks and lead to offers."""
        from ghostflow._sync.campaigns import Campaigns

        return Campaigns(self._calls)

    @resource
    def offers(self) -> Offers:
        """Where they lead, and what a conversion is worth."""
        from ghostflow._sync.offers import Offers

        return Offers(self._calls)

    @resource
    def sources(self) -> Sources:
        """Where clicks come from."""
        from ghostflow._sync.sources import Sources

        return Sources(self._calls)

    @resource
    def networks(self) -> Networks:
        """Who reports conversions by postback."""
        from ghostflow._sync.networks import Networks

        return Networks(self._calls)

    @resource
    def domains(self) -> Domains:
        """Names under which links are published."""
        from ghostflow._sync.domains import Domains

        return Domains(self._calls)

    @resource
    def clicks(self) -> Clicks:
        """What was recorded."""
        from ghostflow._sync.clicks import Clicks

        return Clicks(self._calls)

    @resource
    def conversions(self) -> Conversions:
        """What came of it."""
        from ghostflow._sync.conversions import Conversions

        return Conversions(self._calls)

    @resource
    def postbacks(self) -> Postbacks:
        """The log of what networks reported and sources were told."""
        from ghostflow._sync.postbacks import Postbacks

        return Postbacks(self._calls)

    @resource
    def reports(self) -> Reports:
        """All of it put together."""
        from ghostflow._sync.reports import Reports

        return Reports(self._calls)

    @resource
    def api_keys(self) -> ApiKeys:
        """Keys, and what they were used for."""
        from ghostflow._sync.api_keys import ApiKeys

        return ApiKeys(self._calls)

    @resource
    def teams(self) -> Teams:
        """Whose objects these are."""
        from ghostflow._sync.teams import Teams

        return Teams(self._calls)

    @resource
    def billing(self) -> Billing:
        """The plan."""
        from ghostflow._sync.teams import Billing

        return Billing(self._calls)

    @resource
    def webhooks(self) -> Webhooks:
        """Deliveries of events to a URL."""
        from ghostflow._sync.webhooks import Webhooks

        return Webhooks(self._calls)

    @classmethod
    def log_in(
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
        transport: Transport | EngineName | None = None,
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
            found = client._account.login(email, password)
            client._credentials.secret = make_secret(found.get("accessToken") or "")
        except BaseException:
            # Nobody else has it to close it.
            client.close()
            raise
        return client

    def request(
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
        return self._calls.raw(
            for_path(method.upper(), sent),
            query=query,
            json=NO_BODY if json is None else sendable(json),
            headers=headers,
            idempotency_key=idempotency_key,
            request_id=request_id,
            timeout=timeout,
        )

    def get(self, path: str, **params: Any) -> tuple[Any, RateLimitInfo]:
        """GET a path; keywords are the query.

        What cannot be a keyword goes as ``**{"from": …}``, or in a mapping: ``params={"path": …}``.
        """
        return self.request("GET", path, params=query_of(params))

    def post(self, path: str, json: Any = None) -> tuple[Any, RateLimitInfo]:
        """POST a body to a path; :meth:`request` takes a query and headers as well."""
        return self.request("POST", path, json=json)

    def put(self, path: str, json: Any = None) -> tuple[Any, RateLimitInfo]:
        """PUT a body to a path."""
        return self.request("PUT", path, json=json)

    def patch(self, path: str, json: Any = None) -> tuple[Any, RateLimitInfo]:
        """PATCH a path: what the body does not name stays, ``null`` clears."""
        return self.request("PATCH", path, json=json)

    def delete(self, path: str) -> tuple[Any, RateLimitInfo]:
        """DELETE a path; a repeat that finds nothing left is a success."""
        return self.request("DELETE", path)

    def me(self) -> Me:
        """Return the person, the teams and the scopes behind the key or the token.

        Known only of the self-hosted server.
        """
        return self._account.me()

    def login(self, email: str, password: str) -> Login:
        """Return a token in exchange for a password; this client goes on with its own key.

        Known only of the self-hosted server. :meth:`log_in` makes a client that uses the token.
        """
        return self._account.login(email, password)

    @property
    def with_raw_response(self) -> RawResources:
        """The resources once more: each method returns model, headers, rate limit and attempts."""
        from ghostflow._sync.raw import RawResources

        return RawResources(self._calls)

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

    def close(self) -> None:
        """Close the connections. Calls under way and later ones raise ``ClientClosedError``.

        Of a view (see :meth:`with_options`) nothing is closed: the connections are its client's.
        """
        if not self._is_view:
            self._calls.api.close()

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
        hint = self._credentials.hint()
        return f"{type(self).__name__}(base_url={self.base_url!r}, api_key={hint!r})"
