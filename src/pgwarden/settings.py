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
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from pgwarden.domain.errors import SettingsError
from pgwarden.domain.result import ReadLimits

PREFIX = "PGWARDEN_"
PASSWORD_PREFIX = "PGWARDEN_PASSWORD_"  # noqa: S105 - the name of a variable, not its value
"""Variables that hold passwords of targets (``password_env``) may start like this; they are no settings."""

NOT_FROM_ENVIRONMENT = frozenset({"databases"})
NOT_FROM_FILE = frozenset({"config"})
FOR_THE_TESTS = frozenset({"PGWARDEN_REQUIRE_ALL"})
"""Variables of the test run that share the prefix."""


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number is expected, not true or false")
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    if value.get_secret_value().partition("://")[0] not in ("redis", "rediss", "unix"):
        raise ValueError("a URL that starts with redis://, rediss:// or unix:// is expected")
    return value


def absolute_path(path: Path) -> Path:
    """The path with ``~`` resolved. Refuses a relative one: it would mean another place in every directory."""
    expanded = _expanded(path)
    if not expanded.is_absolute():
        raise ValueError("an absolute path is expected (~ is understood)")
    return expanded


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


Count = Annotated[int, BeforeValidator(_no_boolean)]
Seconds = Annotated[float, BeforeValidator(_no_boolean), Field(allow_inf_nan=False)]
AbsolutePath = Annotated[Path, AfterValidator(absolute_path)]
PostgresUrl = Annotated[SecretStr, AfterValidator(postgres_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
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
    home: AbsolutePath = Field(
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

    @property
    def targets(self) -> Mapping[str, DatabaseSettings]:
        """Every target that the settings name, ``database_url`` included as ``default``."""
        if self.database_url is None:
            return self.databases
        return {"default": DatabaseSettings(url=self.database_url), **self.databases}

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
