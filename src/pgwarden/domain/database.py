"""A registered target database, where its password comes from, and what a check found about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from pgwarden.domain.errors import InputInvalid

OLDEST_VERSION = 140000
"""``server_version_num`` of the oldest server that pgwarden works with: PostgreSQL 14."""
NEWEST_VERSION = 189999
"""The newest one that it knows; beyond, what is not yet known is refused."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class PasswordSource:
    """Where a password comes from when a connection is opened. At most one part is set; none leaves it to libpq.

    ``command`` is run without a shell; its first line of output is the password.
    """

    variable: str = ""
    passfile: str = ""
    command: tuple[str, ...] = ()
    literal: str = field(default="", repr=False)
    """A password that stood in the environment or in a protected file. It lives in memory only and is never stored."""


@dataclass(frozen=True, slots=True)
class Database:
    """A target that people ask questions of. Read-only until ``allow_writes``."""

    name: str
    """Lower-case letters, digits, ``_`` and ``-``, starting with a letter, at most 63."""
    conninfo: str
    """libpq's ``key=value`` form, TLS included; it never holds a password."""
    password: PasswordSource = PasswordSource()
    allow_writes: bool = False
    owner: str = ""
    """Who answers for it; shown, not interpreted."""
    notes: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputInvalid(
                "That is no name for a database.",
                why="A name has lower-case letters, digits, _ and -, starts with a letter and is at most 63 long.",
                not_done="Nothing was registered.",
                next_step="Choose another name, for example shop or shop-test.",
            )


class Grade(StrEnum):
    """How a finding of a check is meant."""

    GOOD = "good"
    NOTE = "note"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One thing that was looked at. ``code`` is stable, e.g. ``role-is-superuser``."""

    code: str
    grade: Grade
    what: str
    why: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class RoleAdvice:
    """The SQL that makes a least-privilege role, for a person to read and to run; pgwarden never runs it."""

    role: str
    purpose: str
    sql: str


@dataclass(frozen=True, slots=True)
class DatabaseCheck:
    """What was found about a target: version, rights of its role, what is safe and what is not."""

    database: str
    server_version: int
    """``server_version_num``, e.g. 180004."""
    role: str
    tls: bool
    pooled: bool
    """Whether a transaction-pooling proxy such as PgBouncer stands in front."""
    findings: tuple[CheckFinding, ...]
    advice: tuple[RoleAdvice, ...] = ()
    """Roles that would be better to connect as: one that reads, one that writes too."""

    @property
    def safe(self) -> bool:
        """Whether reads are safe to offer: nothing found is a danger."""
        return all(finding.grade is not Grade.DANGER for finding in self.findings)
