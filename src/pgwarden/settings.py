"""Everything that can be set, in one frozen object: argument > environment > file > the safest default.

``load()`` is the way in. It refuses what it does not know instead of guessing: an unknown key in the file, an
unknown ``PGWARDEN_*`` variable, a malformed value, a file that others can read although it holds a secret. Each is
a ``SettingsError`` that names the place. docs/settings.md is written for readers; a test keeps it complete.
"""

from __future__ import annotations

import os
import pwd
import stat
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from pgwarden.domain.access_token import AccessRules
from pgwarden.domain.allowance import Allowance
from pgwarden.domain.anomaly import AlertRules, Measure
from pgwarden.domain.errors import SettingsError
from pgwarden.domain.model_call import Prices
from pgwarden.domain.model_spec import ModelSpec
from pgwarden.domain.provider import ProviderRules
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.read_threshold import ReadThreshold
from pgwarden.domain.result import ReadLimits

PREFIX = "PGWARDEN_"
PASSWORD_PREFIX = "PGWARDEN_PASSWORD_"  # noqa: S105 - the name of a variable, not its value
"""Variables that hold passwords of targets (``password_env``) may start like this; they are no settings."""

NOT_FROM_ENVIRONMENT = frozenset({"databases"})
CHANNEL_SECRETS = (
    "smtp_password",
    "slack_token",
    "slack_signing_secret",
    "twilio_token",
    "webhook_url",
    "webhook_secret",
    "apprise_urls",
)
"""Settings that let whoever reads them speak in pgwarden's name."""
NOT_FROM_FILE = frozenset({"config"})
FOR_THE_TESTS = frozenset({"PGWARDEN_REQUIRE_ALL"})
"""Variables of the test run that share the prefix."""


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number is expected, not true or false")
    return value


def _words(value: object) -> object:
    """A list, or a text of words with blanks between them, as a variable of the environment holds it."""
    return tuple(value.split()) if isinstance(value, str) else value


def _redis_url(value: SecretStr) -> SecretStr:
    if value.get_secret_value().partition("://")[0] not in ("redis", "rediss", "unix"):
        raise ValueError("a URL that starts with redis://, rediss:// or unix:// is expected")
    return value


def _model(value: str) -> str:
    ModelSpec.parse(value)
    return value


def _prices(written: tuple[str, ...]) -> tuple[str, ...]:
    for each in written:
        Prices.parse(each)
    return written


def absolute_path(path: Path) -> Path:
    """The path with ``~`` resolved. Refuses a relative one: it would mean another place in every directory."""
    expanded = _expanded(path)
    if not expanded.is_absolute():
        raise ValueError("an absolute path is expected (~ is understood)")
    return expanded


def directory_path(path: Path) -> Path:
    """An absolute path of a directory that is there or can be made: nothing on the way to it may be a file."""
    directory = absolute_path(path)
    for step in (directory, *directory.parents):
        try:
            mode = step.stat().st_mode
        except PermissionError:  # whoever opens it will tell
            break
        except (FileNotFoundError, NotADirectoryError):
            continue
        if not stat.S_ISDIR(mode):
            raise ValueError(f"a directory is expected, and {step} is none")
        break
    return directory


def _expanded(path: Path | str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises where nobody has that name


def postgres_url(url: SecretStr) -> SecretStr:
    """A ``postgresql://`` URL or libpq's ``key=value`` form, checked only for its outer shape."""
    text = url.get_secret_value()
    scheme, separator, _ = text.partition("://")
    if separator and "=" not in scheme:
        if scheme not in ("postgresql", "postgres"):
            raise ValueError("a URL that starts with postgresql:// is expected")
    elif "=" not in text:
        raise ValueError("a postgresql:// URL or key=value pairs are expected")
    return url


def _oidc_roles(written: tuple[str, ...]) -> tuple[str, ...]:
    ProviderRules.of(written, create_accounts=False)
    return written


def _oauth_scopes(written: tuple[str, ...]) -> tuple[str, ...]:
    AccessRules.of("", written, (), "")
    return written


def _oidc_issuer(value: str) -> str:
    """The provider's address; without TLS only on this machine, since whoever sits between could be anyone."""
    parts = urlsplit(value)
    on_loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if value and ((parts.scheme != "https" and not on_loopback) or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("an address that starts with https:// is expected, without ? and #")
    return value


Count = Annotated[int, BeforeValidator(_no_boolean)]
OidcRoles = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_oidc_roles)]
OauthScopes = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_oauth_scopes)]
OidcIssuer = Annotated[str, AfterValidator(_oidc_issuer)]
Seconds = Annotated[float, BeforeValidator(_no_boolean), Field(allow_inf_nan=False)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
AbsolutePath = Annotated[Path, AfterValidator(absolute_path)]
DirectoryPath = Annotated[Path, AfterValidator(directory_path)]
PostgresUrl = Annotated[SecretStr, AfterValidator(postgres_url)]
ModelText = Annotated[str, AfterValidator(_model)]
ModelPrices = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_prices)]
Dollars = Annotated[float, BeforeValidator(_no_boolean), Field(ge=0, allow_inf_nan=False)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")]
DatabaseName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


def default_config() -> Path:
    """Where the settings file is looked for when nothing says otherwise."""
    return Path(platformdirs.user_config_dir("pgwarden", appauthor=False)) / "config.toml"


def default_home() -> Path:
    """Where pgwarden keeps its things when nothing says otherwise."""
    return Path(platformdirs.user_data_dir("pgwarden", appauthor=False))


def operating_system_user() -> str:
    """The name behind this process's uid; never taken from variables such as USER, which anyone can set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # containers often run under a uid without an entry
        return f"uid-{os.getuid()}"


class DatabaseSettings(BaseModel):
    """One target in the settings file: ``[databases.NAME]``."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: PostgresUrl = Field(
        description="Where the database is: postgresql://user@host:port/dbname, or key=value pairs."
    )
    allow_writes: bool = Field(default=False, strict=True, description="Whether approved changes may run here at all.")
    password_env: str = Field(
        default="",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="The environment variable that holds the password.",
    )
    passfile: AbsolutePath | None = Field(default=None, description="A pgpass file that holds the password.")
    password_command: tuple[str, ...] = Field(
        default=(),
        description="A command, as a list of words, whose first line of output is the password; no shell runs it.",
    )
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None = Field(
        default=None, description="TLS mode as libpq names it; wins over the one in the URL."
    )
    sslrootcert: AbsolutePath | None = Field(
        default=None, description="Certificates of the authorities that are trusted to vouch for the server."
    )
    sslcert: AbsolutePath | None = Field(
        default=None, description="The client certificate, where the server asks for one."
    )
    sslkey: AbsolutePath | None = Field(default=None, description="The private key of the client certificate.")
    owner: str = Field(default="", max_length=200, description="Who answers for this database; shown, not interpreted.")
    notes: str = Field(
        default="", max_length=4000, description="What people should know about it; shown, not interpreted."
    )

    @field_validator("password_env")
    @classmethod
    def _no_setting(cls, name: str) -> str:
        if name.startswith(PREFIX) and not name.startswith(PASSWORD_PREFIX):
            raise ValueError(
                f"variables that start with {PREFIX} are settings; name it {PASSWORD_PREFIX}… or otherwise"
            )
        return name

    @model_validator(mode="after")
    def _one_password_source(self) -> DatabaseSettings:
        sources = [bool(self.password_env), self.passfile is not None, bool(self.password_command)]
        if sum(sources) > 1:
            raise ValueError("give one of password_env, passfile and password_command, not several")
        if sum(sources) and holds_password(self.url.get_secret_value()):
            raise ValueError("the url holds a password and another source is named; keep one of them")
        return self


class Settings(BaseSettings):
    """All settings of one process. Secrets show as ``**********`` in every repr and dump."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    config: AbsolutePath = Field(
        default_factory=default_config,
        description="The settings file (TOML). Without the setting, a file at the default place is read if it exists.",
    )
    home: DirectoryPath = Field(
        default_factory=default_home,
        description="The directory for everything that pgwarden keeps, the embedded PostgreSQL included.",
    )
    user: str = Field(
        default_factory=operating_system_user,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The name under which the command line asks, decides and is audited; by default the user of the operating system.",  # noqa: E501 - one sentence, shown as it stands in the docs
    )
    token: SecretStr | None = Field(
        default=None, description="An API token that proves who asks; without it a login (pgwarden login) does, if any."
    )
    login_hours: Seconds = Field(
        default=12.0, gt=0, le=720, description="How long a login lasts, in hours; a shorter one is safer."
    )
    oidc_issuer: OidcIssuer = Field(
        default="", description="The OpenID Connect provider that people may log in with; unset means none."
    )
    oidc_client_id: str = Field(default="", max_length=500, description="pgwarden's client id at the provider.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="The client secret, where the provider gave one; PKCE is used in any case."
    )
    oidc_groups_claim: str = Field(
        default="groups", min_length=1, max_length=200, description="The claim that lists somebody's groups."
    )
    oidc_roles: OidcRoles = Field(
        default=(),
        description="Which groups of the provider give which role: GROUP=requester, approver:1 to approver:3, auditor or admin.",  # noqa: E501 - one sentence, shown as it stands in the docs
    )
    oidc_create_accounts: bool = Field(
        default=False, description="Whether somebody the provider knows and pgwarden does not gets an account."
    )
    oauth_issuer: OidcIssuer = Field(
        default="", description="The authorization server whose access tokens the MCP servers take; unset means none."
    )
    oauth_scopes: OauthScopes = Field(
        default=("pgwarden:ask=ask", "pgwarden:request=request", "pgwarden:execute=execute"),
        description="Which scopes of the authorization server let do what: SCOPE=ask, request, execute or audit.",
    )
    oauth_databases: Words = Field(
        default=("*",), description="The databases that such tokens may use at most; * means every one."
    )
    oauth_databases_claim: str = Field(
        default="pgwarden_databases",
        min_length=1,
        max_length=200,
        description="The claim that lists the databases of one token; without the claim it may use all of them.",
    )
    control_url: PostgresUrl | None = Field(
        default=None,
        description="The control database (sessions, feedback, glossary, schema history); unset means the embedded PostgreSQL.",  # noqa: E501
    )
    database_url: PostgresUrl | None = Field(
        default=None, description='A target database, registered read-only under the name "default".'
    )
    databases: dict[DatabaseName, DatabaseSettings] = Field(
        default_factory=dict, description="Target databases by name, one table each; only in the file."
    )
    redis_url: RedisUrl | None = Field(
        default=None,
        description="A Redis-compatible cache to share between processes; unset means each process has its own.",
    )
    policy_file: AbsolutePath | None = Field(
        default=None,
        description="The policy (TOML): risk weights, protected tables, sensitive columns, allowed hours, approvals; unset means the built-in one.",  # noqa: E501
    )
    image_directory: DirectoryPath | None = Field(
        default=None,
        description="Where before-images go from databases that cannot hold them themselves; unset means such databases are not changed.",  # noqa: E501 - one sentence, shown as it stands in the docs
    )
    undo_days: Seconds = Field(
        default=30.0, ge=1, le=3650, description="How many days before-images and copies of tables are kept."
    )
    audit_key_file: AbsolutePath | None = Field(
        default=None,
        description="The private key that signs the audit's checkpoints; unset means keys/audit.key under `home`.",
    )
    secret_key_file: AbsolutePath | None = Field(
        default=None,
        description="The key that seals second factors; unset means keys/secrets.key under `home` while the control database is the embedded one, else none.",  # noqa: E501 - one sentence, shown as it stands in the docs
    )
    audit_anchors: Words = Field(
        default=(),
        description="Places outside the database that keep the audit's checkpoints: file:, git: or s3: URLs.",
    )
    audit_anchor_entries: Count = Field(
        default=1000, ge=1, le=10**9, description="A worker makes a checkpoint after so many new entries of the audit."
    )
    audit_anchor_minutes: Seconds = Field(
        default=60.0,
        gt=0,
        le=7 * 24 * 60,
        description="A worker makes a checkpoint after so many minutes, if anything was written since.",
    )
    audit_s3_key_id: str = Field(default="", max_length=200, description="The access key id for s3: anchors.")
    audit_s3_secret: SecretStr | None = Field(default=None, description="The secret access key for s3: anchors.")
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/]+(/[^\s?#]*)?)?$",
        description="The address under which people reach pgwarden's pages, for links in messages; unset means none.",
    )
    smtp_host: str = Field(default="", max_length=253, description="The mail server; unset means no mail is sent.")
    smtp_port: Count = Field(default=587, ge=1, le=65535, description="The mail server's port.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the way to the mail server is encrypted."
    )
    smtp_ca_file: AbsolutePath | None = Field(
        default=None, description="Certificates of the authorities that are trusted to vouch for the mail server."
    )
    smtp_user: str = Field(default="", max_length=320, description="The login at the mail server, if it wants one.")
    smtp_password: SecretStr | None = Field(default=None, description="The password of that login.")
    smtp_from: str = Field(
        default="", max_length=320, pattern=r"^[^\r\n]*$", description="The sender's address of pgwarden's mail."
    )
    slack_token: SecretStr | None = Field(
        default=None, description="The bot token (xoxb-…) of the Slack app; unset means nothing is sent to Slack."
    )
    slack_signing_secret: SecretStr | None = Field(
        default=None, description="The Slack app's signing secret: without it nobody can decide from Slack."
    )
    slack_approve_up_to: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"] = Field(
        default="MEDIUM", description="The highest risk that may be approved in Slack, where no password is asked for."
    )
    slack_url: HttpUrl = Field(default="https://slack.com/api/", description="Where Slack's API is.")
    twilio_account: str = Field(
        default="", pattern=r"^[A-Za-z0-9]*$", description="The Twilio account SID; unset means no text messages."
    )
    twilio_token: SecretStr | None = Field(default=None, description="The Twilio account's token.")
    twilio_from: str = Field(default="", max_length=40, description="The number that text messages come from.")
    twilio_url: HttpUrl = Field(default="https://api.twilio.com", description="Where Twilio's API is.")
    webhook_url: SecretStr | None = Field(
        default=None, description="Where every notification is posted as signed JSON; unset means nowhere."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="The secret that signs what is posted there; at least 16 characters."
    )
    apprise_urls: SecretStr | None = Field(
        default=None, description="Addresses for apprise (Teams, Discord, PagerDuty …), with blanks between them."
    )
    escalate_to: Words = Field(
        default=(),
        description="Accounts that are told at once when an execution fails critically, work is given up or the audit "
        "is found broken; unset means none.",
    )
    notify_person_hourly: Count = Field(
        default=30, ge=1, le=10_000, description="Messages to one person in an hour before the rest comes together."
    )
    notify_requester_hourly: Count = Field(
        default=6, ge=1, le=10_000, description="The same for messages that one requester's tickets cause."
    )
    notify_agent_hourly: Count = Field(
        default=3, ge=1, le=10_000, description="The same where the requester is an agent or a service."
    )
    web_address_per_minute: Count = Field(
        default=3000, ge=0, description="Requests that one address may make of the page and its API; 0: any number."
    )
    web_account_per_minute: Count = Field(
        default=1200, ge=0, description="Requests that one person's logins, or one token, may make; 0: any number."
    )
    web_questions_per_minute: Count = Field(
        default=60, ge=0, description="Questions and reads among these that may be asked; 0: any number."
    )
    mcp_calls_per_hour: Count = Field(
        default=0, ge=0, description="Calls that one caller of the MCP servers may make in an hour; 0: any number."
    )
    mcp_rows_per_hour: Count = Field(
        default=1_000_000, ge=0, description="Rows that one MCP caller may read in an hour; 0: any number."
    )
    mcp_bytes_per_hour: Count = Field(
        default=1_000_000_000, ge=0, description="Bytes of rows for one caller of the MCP servers in an hour; 0: any."
    )
    mcp_seconds_per_hour: Seconds = Field(
        default=1200.0, ge=0, description="Seconds that calls of one MCP caller may take in an hour; 0: any number."
    )
    rehearsal_rows: Count = Field(
        default=10_000, ge=0, le=1_000_000, description="The most rows that a rehearsed change may touch; 0: none."
    )
    rehearsals_per_hour: Count = Field(
        default=10, ge=0, le=10_000, description="Rehearsals that one identity may make in an hour."
    )
    rehearsal_by_agents: bool = Field(
        default=False, description="Whether agents and service accounts may rehearse changes."
    )
    slow_seconds: Seconds = Field(
        default=1.0, gt=0, le=3600, description="From how many seconds on a read is remembered as slow."
    )
    system_memory_days: Seconds = Field(
        default=90.0, ge=1, le=3650, description="How many days slow and failed statements are remembered."
    )
    read_rows: Count = Field(default=1000, ge=1, le=1_000_000, description="The most rows that one read returns.")
    read_seconds: Seconds = Field(
        default=30.0, gt=0, le=3600, description="How long one read may run, in seconds; the server cancels it then."
    )
    read_bytes: Count = Field(
        default=16 * 1024 * 1024, ge=1024, le=1024**3, description="The most bytes of rows that one read keeps."
    )
    read_cell_bytes: Count = Field(
        default=64 * 1024, ge=16, le=64 * 1024**2, description="Longer values are cut on the server, in bytes."
    )
    read_lock_seconds: Seconds = Field(
        default=2.0, gt=0, le=300, description="How long one read may wait for a lock, in seconds."
    )
    read_work_mem_kb: Count = Field(
        default=65536,
        ge=64,
        le=2 * 1024**2,
        description="Memory that one sort or hash of a read may use, in kB (work_mem).",
    )
    read_confirm_cost: Seconds = Field(
        default=0.0,
        ge=0,
        description="A read with at least this estimated cost is asked about before it runs; 0: none is.",
    )
    read_confirm_rows: Count = Field(
        default=0,
        ge=0,
        description="A read of at least so many expected rows is asked about before it runs; 0: none is.",
    )
    read_confirm_seconds: Seconds = Field(
        default=0.0, ge=0, description="A read that may take so many seconds is asked about before it runs; 0: none is."
    )
    metrics_access: Literal["off", "loopback", "token"] = Field(
        default="token",
        description="Who may read /metrics of pgwarden serve: nobody, this machine, or a token with the scope metrics.",
    )
    alert_people: Words = Field(
        default=(), description="Accounts that are told when something is out of the ordinary, and when it has ended."
    )
    alert_minutes: Seconds = Field(
        default=15.0, ge=1, le=24 * 60, description="How long a window is whose numbers are judged, in minutes."
    )
    alert_days: Count = Field(
        default=14, ge=1, le=365, description="How many days of history the numbers of a window are compared with."
    )
    alert_sensitivity: Seconds = Field(
        default=6.0, ge=1, le=1000, description="How many deviations above the usual are out of the ordinary."
    )
    alert_rows_written: Count = Field(
        default=1000, ge=0, description="Fewer rows written to a database in a window never alarm; 0: not watched."
    )
    alert_refusals: Count = Field(
        default=20, ge=0, description="Fewer refusals on a database in a window never alarm; 0: not watched."
    )
    alert_lock_seconds: Seconds = Field(
        default=30.0, ge=0, description="Shorter waits for a lock never alarm, in seconds; 0: not watched."
    )
    traces_url: Annotated[str, Field(pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$")] = Field(
        default="", description="The OpenTelemetry collector that traces are sent to over HTTP; unset means none."
    )
    traces_headers: SecretStr | None = Field(
        default=None, description="Headers that the collector wants, such as a token: name=value, with commas between."
    )
    traces_share: Seconds = Field(
        default=1.0, ge=0, le=1, description="The share of traces that is kept, where the caller has not decided it."
    )
    pool_size: Count = Field(
        default=10,
        ge=2,
        le=200,
        description="The most connections of one process to one target; one of them is kept for monitoring and cancel.",
    )
    cache_schema_seconds: Seconds = Field(
        default=3600.0,
        ge=0,
        le=86400,
        description="How long a read schema is trusted without looking again, in seconds.",
    )
    cache_samples_seconds: Seconds = Field(
        default=1800.0, ge=0, le=86400, description="How long sampled rows and values are kept, in seconds."
    )
    cache_statistics_seconds: Seconds = Field(
        default=86400.0, ge=0, le=7 * 86400, description="How long table statistics and profiles are kept, in seconds."
    )
    cache_results_seconds: Seconds = Field(
        default=300.0,
        ge=0,
        le=86400,
        description="How long the rows of a repeatable read are kept, in seconds; 0 keeps none.",
    )
    llm_primary: ModelText | None = Field(
        default=None, description="The language model that is asked first: provider:model, or provider:model@URL."
    )
    llm_backup: ModelText | None = Field(default=None, description="The model that is asked when the first fails.")
    llm_validator: ModelText | None = Field(
        default=None, description="The model that gives a second opinion; the built-in engine without one."
    )
    llm_discloses: Literal["schema", "masked", "samples"] = Field(
        default="schema", description="What of a database models are told: its schema, the shape of values, or values."
    )
    llm_personal: bool = Field(
        default=False, description="Whether personal and secret values may be among those that models are told."
    )
    llm_context_tokens: int = Field(
        default=8000, ge=1000, le=200_000, description="The most tokens of context in one prompt, carefully counted."
    )
    llm_seconds: Seconds = Field(
        default=30.0, gt=0, le=600, description="How long one call to a model may take, in seconds."
    )
    llm_retries: int = Field(default=2, ge=0, le=10, description="How often a failed call is repeated.")
    llm_person_tokens: int = Field(
        default=200_000, ge=0, description="The most tokens that models may take for one person a day (UTC)."
    )
    llm_daily_tokens: int = Field(
        default=1_000_000, ge=0, description="The most tokens that models may take for everyone a day (UTC)."
    )
    llm_person_dollars: Dollars | None = Field(
        default=None, description="The most US dollars that models may take for one person a day (UTC)."
    )
    llm_daily_dollars: Dollars | None = Field(
        default=None, description="The most US dollars that models may take for everyone a day (UTC)."
    )
    llm_record: AbsolutePath | None = Field(
        default=None, description="A file that every call of a model is appended to, to be played back."
    )
    llm_prices: ModelPrices = Field(
        default=(),
        description="What models cost: provider:model=INPUT/OUTPUT, US dollars for a million tokens in and out.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="The least severity that is logged, to standard error."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto", description="How log lines look; auto means console on a terminal and json elsewhere."
    )

    @model_validator(mode="after")
    def _one_default(self) -> Settings:
        if self.database_url is not None and "default" in self.databases:
            raise ValueError('database_url and databases.default both name the target "default"; keep one of them')
        return self

    @model_validator(mode="after")
    def _whole_channels(self) -> Settings:
        """A channel that is half set up would leave people untold."""
        if self.smtp_host and not self.smtp_from:
            raise ValueError("smtp_host is set and smtp_from is not")
        if self.smtp_user and self.smtp_tls == "none" and self.smtp_host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("smtp_tls is none: the mail password would cross the network readable for everyone")
        if self.twilio_account and not (self.twilio_token and self.twilio_from):
            raise ValueError("twilio_account is set and twilio_token or twilio_from is not")
        if self.webhook_url and len((self.webhook_secret or SecretStr("")).get_secret_value()) < 16:
            raise ValueError("webhook_url is set and webhook_secret is not, or has less than 16 characters")
        return self

    @property
    def targets(self) -> Mapping[str, DatabaseSettings]:
        """Every target that the settings name, ``database_url`` included as ``default``."""
        if self.database_url is None:
            return self.databases
        return {"default": DatabaseSettings(url=self.database_url), **self.databases}

    @property
    def audit_key(self) -> Path:
        """Where the key that signs the audit's checkpoints lies."""
        return self.audit_key_file or self.home / "keys" / "audit.key"

    @property
    def alert_rules(self) -> AlertRules:
        """When something is out of the ordinary."""
        floors = {
            Measure.ROWS_WRITTEN: float(self.alert_rows_written),
            Measure.REFUSALS: float(self.alert_refusals),
            Measure.LOCK_WAIT: self.alert_lock_seconds,
        }
        return AlertRules(
            timedelta(minutes=self.alert_minutes),
            self.alert_days,
            self.alert_sensitivity,
            {measure: floor for measure, floor in floors.items() if floor},
        )

    @property
    def secret_key(self) -> Path | None:
        """Where the key that seals second factors lies; None: they are kept readable.

        By default only where one home has the control database to itself: others could not read what it sealed.
        """
        own = None if self.control_url else self.home / "keys" / "secrets.key"
        return self.secret_key_file or own

    @property
    def slack_approves(self) -> tuple[RiskLevel, ...]:
        """The risks that may be approved in Slack."""
        levels = tuple(RiskLevel)
        return levels[: levels.index(RiskLevel(self.slack_approve_up_to)) + 1]

    @property
    def read_limits(self) -> ReadLimits:
        """The bounds on every read, as the runner takes them."""
        return ReadLimits(
            rows=self.read_rows,
            seconds=self.read_seconds,
            total_bytes=self.read_bytes,
            cell_bytes=self.read_cell_bytes,
            lock_seconds=self.read_lock_seconds,
            work_mem_kb=self.read_work_mem_kb,
        )

    @property
    def mcp_allowance(self) -> Allowance:
        """What one caller of the MCP servers may use in an hour."""
        return Allowance(
            self.mcp_calls_per_hour, self.mcp_rows_per_hour, self.mcp_bytes_per_hour, self.mcp_seconds_per_hour
        )

    @property
    def read_threshold(self) -> ReadThreshold:
        """From which estimate on a read is asked about."""
        return ReadThreshold(self.read_confirm_cost, float(self.read_confirm_rows), self.read_confirm_seconds)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature; .env files are not read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _ConfigFile(settings_cls)


class _ConfigFile(PydanticBaseSettingsSource):
    """The TOML file as a source. Its place is itself a setting: argument > environment > default."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return None, field_name, False  # abstract in the library; a source that overrides __call__ never asks it

    def __call__(self) -> dict[str, Any]:
        chosen = self.current_state.get("config")
        path = _expanded(chosen) if chosen else default_config()
        values = _read_toml(path, must_exist=chosen is not None)
        unknown = [key for key in values if key not in Settings.model_fields or key in NOT_FROM_FILE]
        if unknown:
            raise _unknown("setting", unknown[0], f"in {path}", Settings.model_fields.keys() - NOT_FROM_FILE)
        return values


def load(**arguments: Any) -> Settings:
    """The settings of this process.

    ``arguments`` are field values that win over everything; None means "not given". Raises ``SettingsError``.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    for name in given:
        if name not in Settings.model_fields:
            raise _unknown("setting", name, "given as an argument", Settings.model_fields)
    _check_environment()
    try:
        return Settings(**given)
    except ValidationError as error:
        raise _malformed(error, given) from None  # the cause would print the values, secrets among them


def environment_variable(field: str) -> str | None:
    """The variable that sets a field, or None where only the file can."""
    return None if field in NOT_FROM_ENVIRONMENT else PREFIX + field.upper()


def _check_environment() -> None:
    known = {variable for field in Settings.model_fields if (variable := environment_variable(field))}
    for name in sorted(os.environ):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(PASSWORD_PREFIX) or upper in FOR_THE_TESTS:
            continue
        if upper not in known:
            raise _unknown("environment variable", name, "set", known)


def _unknown(kind: str, name: str, where: str, known: Any) -> SettingsError:
    close = get_close_matches(name, sorted(known), n=1)
    return SettingsError(
        f"The {kind} {name} is unknown.",
        why=f"It is {where}, but pgwarden has no such {kind}; a misspelt limit would silently not apply.",
        not_done="Nothing was started.",
        next_step=(f"Did you mean {close[0]}? " if close else "") + "docs/settings.md lists them all.",
    )


def _malformed(error: ValidationError, given: Mapping[str, object]) -> SettingsError:
    complaints = list(_complaints(error, given))
    return SettingsError(
        "A setting is malformed." if len(complaints) == 1 else f"{len(complaints)} settings are malformed.",
        why=" ".join(complaints),
        not_done="Nothing was started.",
        next_step="Correct it where it is named; docs/settings.md says what each setting takes.",
    )


def _complaints(error: ValidationError, given: Mapping[str, object]) -> Iterator[str]:
    """One sentence per fault: where it was set and what is expected there; never the value, which may be secret."""
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        path = ".".join(str(part) for part in fault["loc"] if part != "[key]")
        message = fault["msg"].removeprefix("Value error, ")
        if not path:
            yield f"{message}."
            continue
        field = str(fault["loc"][0])
        variable = environment_variable(field)
        if field in given:
            where = "given as an argument"
        elif variable and any(name.upper() == variable for name in os.environ):
            where = f"from the environment variable {variable}"
        else:
            where = "from the settings file"
        yield f"{path} ({where}): {message}."


def _read_toml(path: Path, *, must_exist: bool) -> dict[str, Any]:
    """The file's values; ``{}`` when it does not exist and nobody asked for it. Raises ``SettingsError``."""
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
            _check_openness(path, os.fstat(file.fileno()), values)
            return values
    except (FileNotFoundError, NotADirectoryError):
        if not must_exist:
            return {}
        why, next_step = "It does not exist.", "Create it, or correct PGWARDEN_CONFIG."
    except OSError as error:
        why, next_step = f"{error.strerror}.", "Make it readable for you, or name another in PGWARDEN_CONFIG."
    except UnicodeDecodeError:
        why, next_step = "It is not UTF-8 text.", "Save it as UTF-8."
    except tomllib.TOMLDecodeError as error:
        # The parser's message holds at most single characters of the text, and the position.
        why, next_step = f"It is not valid TOML: {error}.", "Correct that line."
    raise SettingsError(
        f"The settings file {path} cannot be read.", why=why, not_done="Nothing was started.", next_step=next_step
    )


def _check_openness(path: Path, status: os.stat_result, values: Mapping[str, Any]) -> None:
    """Refuse a file that others can write, or that holds a secret and that others can read."""
    if status.st_uid not in (0, os.getuid()):
        raise _too_open(
            path, "It belongs to another user, who could change what pgwarden does.", "chown it to yourself"
        )
    if status.st_mode & stat.S_IWOTH:
        raise _too_open(path, "Everyone can write it.", f"chmod o-w {path}")
    secret = next(_secrets(values), None)
    if secret and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise _too_open(path, f"It holds a secret ({secret}) and other users can open it.", f"chmod 600 {path}")
    if status.st_mode & stat.S_IWGRP and any(_commands(values)):
        raise _too_open(path, "It names a command to run and its group can write it.", f"chmod g-w {path}")


def _too_open(path: Path, why: str, remedy: str) -> SettingsError:
    return SettingsError(
        f"The settings file {path} is not protected.",
        why=why,
        not_done="Nothing was started, and nothing in the file was used.",
        next_step=f"{remedy}; better still, keep passwords out of it (password_env, passfile, password_command).",
    )


def _secrets(values: Mapping[str, Any]) -> Iterator[str]:
    """The names of the settings in the file that carry a password."""
    for key in ("control_url", "database_url", "redis_url"):
        if isinstance(url := values.get(key), str) and holds_password(url):
            yield key
    yield from (key for key in ("token", "oidc_client_secret", "audit_s3_secret", "traces_headers") if values.get(key))
    yield from (key for key in CHANNEL_SECRETS if values.get(key))
    for name, target in _targets(values):
        if isinstance(url := target.get("url"), str) and holds_password(url):
            yield f"databases.{name}.url"


def _commands(values: Mapping[str, Any]) -> Iterator[str]:
    return (name for name, target in _targets(values) if target.get("password_command"))


def _targets(values: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    databases = values.get("databases")
    if isinstance(databases, Mapping):
        yield from ((name, target) for name, target in databases.items() if isinstance(target, Mapping))


def holds_password(url: str) -> bool:
    """Whether a URL or libpq ``key=value`` string carries a password."""
    scheme, separator, _ = url.partition("://")
    if not separator or "=" in scheme:
        return "password" in url.lower()
    try:
        parts = urlsplit(url)
    except ValueError:  # a malformed address: nobody can say what is inside, so it counts as secret
        return True
    return bool(parts.password) or "password" in parse_qs(parts.query) or "sslpassword" in parse_qs(parts.query)
