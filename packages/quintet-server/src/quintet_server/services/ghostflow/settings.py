"""Every number and switch of the GhostFlow service, each a variable `QUINTET_GHOSTFLOW_...`."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Rate = Annotated[Decimal, Field(ge=Decimal("1e-6"), le=1_000_000, allow_inf_nan=False)]


class GhostFlowSettings(BaseSettings):
    """Settings of the group `ghostflow`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_GHOSTFLOW_", extra="ignore", frozen=True)

    # Requests.
    requests_per_minute: int = Field(
        default=120,
        ge=0,
        description="Requests a key may send in a minute, all of them at once if it likes; a "
        "project's own `requests_per_minute` wins. 0: no limit.",
    )
    body_max_bytes: int = Field(default=1024 * 1024, ge=1024, description="Largest JSON body.")
    public_url: str | None = Field(
        default=None,
        description="Address under which browsers and networks reach this server, for the links "
        "it hands out; unset: the one the request used.",
    )

    # Clicks: whose they are and which are flagged.
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Networks (CIDR) of the proxies before this server, separated by commas: only "
        "they are believed about the client's address, country and scheme.",
    )
    country_header: str | None = Field(
        default=None,
        description="Header in which a trusted proxy names the client's country, such as "
        "CF-IPCountry.",
    )
    country_database: str | None = Field(
        default=None,
        description="A country database in the MMDB format, for clients whose country no proxy "
        "names; needs the extra `geo`.",
    )
    bot_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Networks (CIDR) whose clicks are flagged as made by robots, separated by "
        "commas.",
    )
    visitor_cookies: bool = Field(
        default=True,
        description="Recognise visitors by the first-party cookie gf_vid; off: by address and "
        "User-Agent alone.",
    )
    keep_ip_ranges: bool = Field(
        default=False,
        description="Keep the network (/24, /48) of every click's address. The address itself is "
        "never kept.",
    )

    # Links.
    single_host: bool = Field(
        default=True,
        description="Follow links under hosts that are no active domain as well; off: only under "
        "the active domains of a link's own team.",
    )
    click_wait_seconds: float = Field(
        default=5.0,
        gt=0,
        description="How long a click waits for the database before it is answered 503.",
    )
    clicks_waiting_max_count: int = Field(
        default=10_000,
        ge=1,
        description="Clicks of one process that wait to be stored at most; one more is answered "
        "503 at once.",
    )

    # Money and postbacks.
    rates: dict[Code, Rate] = Field(
        default={},
        description="What one unit of each currency is worth in `rates_currency`, as JSON: "
        '{"EUR": "1.08", "GBP": "1.27"}. Conversions in a currency without a rate are kept, '
        "without a revenue.",
    )
    rates_currency: Code = Field(default="USD", description="The currency that `rates` are in.")
    postbacks_per_minute: int = Field(
        default=6_000,
        ge=0,
        description="Postbacks a network may send to its key in a minute, all of them at once if "
        "it likes. 0: no limit.",
    )
    postback_wait_seconds: float = Field(
        default=600.0,
        ge=0,
        description="How long a postback of an unknown click is kept and tried again: it may have "
        "overtaken the click.",
    )
    postbacks_kept_days: int = Field(
        default=90, ge=1, description="How long a row of the log of postbacks is kept."
    )
    postbacks_out_concurrency_count: int = Field(
        default=20,
        ge=1,
        description="Postbacks to sources under way at once in one process; at most eight of them "
        "to one host.",
    )

    @field_validator("trusted_proxies", "bot_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        parts = value.split(",") if isinstance(value, str) else value
        texts = [text for part in parts if (text := str(part).strip())]
        for text in texts:
            ip_network(text)  # its ValueError says what is wrong
        return tuple(texts)

    # Accounts.
    login_lifetime_seconds: int = Field(
        default=3600, ge=1, description="How long the token of a login holds."
    )
    login_failures_max_count: int = Field(
        default=10,
        ge=1,
        description="Wrong passwords for one e-mail address within the window below, in one "
        "process; then logins with that address have to wait.",
    )
    login_failures_window_seconds: float = Field(default=900.0, gt=0, description="That window.")
    auth_failures_per_minute: int = Field(
        default=30,
        ge=0,
        description="Calls with a wrong key, token or password that one address may send in a "
        "minute before they are answered 429. A right key or token is let through all the same; a "
        "password has to wait, so behind a proxy say which it is (trusted_proxies). 0: no limit.",
    )
    audit_kept_days: int = Field(
        default=90, ge=1, description="How long a row of a key's audit log is kept."
    )

    # Reports.
    roll_period_seconds: float = Field(
        default=2.0,
        gt=0,
        description="How often what was counted is folded into the rollups. Reports are exact all "
        "the same; the longer, the more they have to add up.",
    )
    reports_concurrency_count: int = Field(
        default=4, ge=1, description="Reports computed at once in one process; others wait."
    )
    report_timeout_seconds: float = Field(
        default=30.0, gt=0, description="Longest that one statement of a report may take."
    )

    # Webhooks.
    webhooks_max_count: int = Field(default=100, ge=1, description="Most webhooks of a team.")
    webhook_retry_delays_seconds: tuple[float, ...] = Field(
        default=(10.0, 60.0, 600.0, 3_600.0),
        description="Waits before the second and each further attempt, each up to a fifth longer "
        "or shorter; their number bounds them.",
    )
    webhook_disable_after_count: int = Field(
        default=20,
        ge=1,
        description="A webhook is switched off after so many deliveries in a row were given up.",
    )
    webhook_rotation_hours: float = Field(
        default=24.0, ge=0, description="How long an old secret signs beside a new one."
    )
